"""Stored cases whose estimator is not built yet: fit_sem must refuse them, never answer with plain ML."""

from __future__ import annotations

WAITING = {
    "hs_cfa_ulsmv": "ordinal items",
    "hs_cfa_wlsmv": "ordinal items",
}

# not a model: thresholds and polychoric correlations, for the ordinal estimators
NOT_MODELS = {"polychoric_hs"}
