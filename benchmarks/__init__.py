"""Measurements: start-up, the loop, the gate and the fold, as ratios measured in one run."""
