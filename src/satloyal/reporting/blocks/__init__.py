"""Blocks: each is one function from the report's inputs to a section, or to nothing.

To add one: write a module here with a function ``(Inputs) -> Section | None`` and put it into
:data:`BLOCKS` where it is to be read. What it did to get its numbers goes into ``Section.methods`` and
``Section.cites``; the methods section and the references follow from them.
"""

from __future__ import annotations

from collections.abc import Callable

from satloyal.reporting.blocks.checks import checks
from satloyal.reporting.blocks.curves import curves
from satloyal.reporting.blocks.data import data
from satloyal.reporting.blocks.effects import effects
from satloyal.reporting.blocks.estimates import estimates
from satloyal.reporting.blocks.groups import groups
from satloyal.reporting.blocks.measurement import measurement
from satloyal.reporting.blocks.misfit import misfit
from satloyal.reporting.blocks.model import model
from satloyal.reporting.blocks.truth import truth
from satloyal.reporting.blocks.verdicts import verdicts
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Section

__all__ = ["BLOCKS", "Block"]

Block = Callable[[Inputs], Section | None]

BLOCKS: tuple[Block, ...] = (
    verdicts,
    data,
    measurement,
    model,
    effects,
    curves,
    groups,
    misfit,
    checks,
    estimates,
    truth,
)
"""All blocks, in reading order."""
