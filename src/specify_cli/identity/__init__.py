"""Who emits events: the project, the checkout (build) and the machine (node)."""
