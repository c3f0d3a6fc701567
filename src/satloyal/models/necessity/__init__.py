"""Necessary conditions: what an outcome cannot do without, however much else is there."""

from __future__ import annotations

from satloyal.models.necessity.fit import fit_necessity
from satloyal.models.necessity.result import NecessityFit

__all__ = ["NecessityFit", "fit_necessity"]
