"""Show, validate against and compare the contracts that this release was built from."""
