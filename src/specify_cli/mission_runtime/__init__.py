"""Where an agent works and what it is told: project, context, placement and prompt (seed 002)."""
