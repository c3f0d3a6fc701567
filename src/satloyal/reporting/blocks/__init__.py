"""Blocks: each is one function from the report's inputs to a section, or to nothing.

To add one: write a module here with a function ``(Inputs) -> Section | None`` and put it into
:data:`BLOCKS` where it is to be read. What it did to get its numbers goes into ``Section.methods`` and
``Section.cites``; the methods section and the references follow from them. Results of a type of their own
(invariance, power …) are a :class:`~satloyal.reporting.kind.Kind`: its ``section`` is the block, its parts
are the notebook's view, and it stands in :data:`satloyal.reporting.blocks.kinds.KINDS` as well.
"""

from __future__ import annotations

from collections.abc import Callable

from satloyal.reporting.blocks.checks import checks
from satloyal.reporting.blocks.comparison import comparison
from satloyal.reporting.blocks.crosscheck import CROSSCHECK
from satloyal.reporting.blocks.curves import curves
from satloyal.reporting.blocks.data import data
from satloyal.reporting.blocks.drivers import DRIVERS
from satloyal.reporting.blocks.effects import effects
from satloyal.reporting.blocks.estimates import estimates
from satloyal.reporting.blocks.group_paths import group_paths
from satloyal.reporting.blocks.groups import groups
from satloyal.reporting.blocks.influence import INFLUENCE
from satloyal.reporting.blocks.interaction import INTERACTION
from satloyal.reporting.blocks.invariance import INVARIANCE
from satloyal.reporting.blocks.measurement import measurement
from satloyal.reporting.blocks.method_variance import METHOD_VARIANCE
from satloyal.reporting.blocks.metrics import METRICS
from satloyal.reporting.blocks.misfit import misfit
from satloyal.reporting.blocks.missing import missing
from satloyal.reporting.blocks.model import model
from satloyal.reporting.blocks.necessity import NECESSITY
from satloyal.reporting.blocks.ordinal import ordinal
from satloyal.reporting.blocks.panel import panel
from satloyal.reporting.blocks.power import POWER
from satloyal.reporting.blocks.rounding import ROUNDING
from satloyal.reporting.blocks.sam import SAM
from satloyal.reporting.blocks.truth import truth
from satloyal.reporting.blocks.verdicts import verdicts
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Section

__all__ = ["BLOCKS", "Block"]

Block = Callable[[Inputs], Section | None]

BLOCKS: tuple[Block, ...] = (
    verdicts,
    comparison,
    INVARIANCE.section,
    group_paths,
    panel,
    SAM.section,
    INTERACTION.section,
    POWER.section,
    data,
    missing,
    ordinal,
    measurement,
    model,
    effects,
    curves,
    DRIVERS.section,
    NECESSITY.section,
    *(kind.section for kind in METRICS),
    groups,
    METHOD_VARIANCE.section,
    ROUNDING.section,
    misfit,
    INFLUENCE.section,
    CROSSCHECK.section,
    checks,
    estimates,
    truth,
)
"""All blocks, in reading order."""
