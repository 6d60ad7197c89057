"""Git as this project uses it: plumbing calls, commits that touch nothing else, worktrees, merges."""
