"""Training: fit, judge at the gate, promote; and the search of settings."""
