"""Setting up spec-kitty in a repository: configuration, ignored files, commands for agents."""
