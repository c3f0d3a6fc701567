"""Stored cases whose estimator is not built yet: fit_sem must refuse them, never answer with plain ML."""

from __future__ import annotations

WAITING: dict[str, str] = {}

# not a model: thresholds and polychoric correlations, for the ordinal estimators
NOT_MODELS = {"polychoric_hs"}
