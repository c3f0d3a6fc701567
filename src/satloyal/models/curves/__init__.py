"""Response curves: how an outcome answers to satisfaction, and whether the answer is a straight line."""

from __future__ import annotations

from satloyal.models.curves.bootstrap import CurveBootstrap
from satloyal.models.curves.fit import fit_curve
from satloyal.models.curves.result import CurveFit
from satloyal.models.curves.returns import Returns

__all__ = ["CurveBootstrap", "CurveFit", "Returns", "fit_curve"]
