"""All kinds of results beside path models and curves, in one tuple: who reads what."""

from __future__ import annotations

from typing import Any

from satloyal.reporting.blocks.comparison import COMPARISON
from satloyal.reporting.blocks.crosscheck import CROSSCHECK
from satloyal.reporting.blocks.drivers import DRIVERS
from satloyal.reporting.blocks.influence import INFLUENCE
from satloyal.reporting.blocks.interaction import INTERACTION
from satloyal.reporting.blocks.invariance import INVARIANCE
from satloyal.reporting.blocks.method_variance import METHOD_VARIANCE
from satloyal.reporting.blocks.metrics import METRICS
from satloyal.reporting.blocks.necessity import NECESSITY
from satloyal.reporting.blocks.power import POWER
from satloyal.reporting.blocks.rounding import ROUNDING
from satloyal.reporting.blocks.sam import SAM
from satloyal.reporting.kind import Kind

__all__ = ["KINDS", "kind_of"]

KINDS: tuple[Kind, ...] = (
    INVARIANCE, COMPARISON, SAM, INTERACTION, METHOD_VARIANCE, ROUNDING, POWER, INFLUENCE, CROSSCHECK,
    NECESSITY, DRIVERS,
    *METRICS,
)  # fmt: skip
"""Kinds of results that have a section of their own."""


def kind_of(result: Any) -> Kind | None:
    """Return the kind of a result; nothing for path models, curves and fits of other families."""
    return next((kind for kind in KINDS if isinstance(result, kind.type)), None)
