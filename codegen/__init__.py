"""Contract pipeline: vendor, patch, generate, compile the gate, check for drift (DESIGN.md 4)."""
