"""Weighting: population margins, raking to them, and what the weights cost in precision."""
