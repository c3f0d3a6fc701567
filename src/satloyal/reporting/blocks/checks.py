"""Checks: every judgement on every fit, with what to do and where the rule comes from."""

from __future__ import annotations

from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Checks, Section

__all__ = ["checks"]


def checks(inputs: Inputs) -> Section | None:
    """List the checks of all fits; worst first within a fit."""
    inherited = {
        check for subject in inputs.subjects for check in subject.fit.checks if subject.boot is not None
    }
    parts = []
    for name, fit in inputs.fits:
        own = tuple(c for c in fit.checks if c not in inherited) if isinstance(fit, Bootstrap) else fit.checks
        if own:
            parts.append(Checks(name, own))
    return Section("checks", "Checks", tuple(parts)) if parts else None
