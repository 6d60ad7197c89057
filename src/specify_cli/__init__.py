"""Drive AI coding agents through spec-driven missions in a git repository."""
