"""Governance: directives, tactics, profiles and the charter that decide how work is done (seed 002)."""
