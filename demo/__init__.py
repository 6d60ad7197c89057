"""The demonstration that `make demo` runs: one real mission, driven by two scripted agents."""
