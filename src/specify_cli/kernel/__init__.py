"""Ids, clock, files, locks, YAML, errors and names: what every domain stands on and no domain owns."""
