"""Inputs: what a report is made from, sorted and immutable. Blocks read it; none of them changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.models.curves import CurveFit
from satloyal.models.fit import Fit
from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.models.sem.fit import SemFit
from satloyal.models.sem.measurement import Measurement
from satloyal.reporting import numbers
from satloyal.reporting.terms import worded
from satloyal.reporting.verdicts import Direction

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Finding", "Inputs", "Subject", "TruthKey", "curve_name"]

TruthKey = str | tuple[str, str, str]

_HTMT_REPLICATES = 2000


@dataclass(frozen=True)
class Subject:
    """A path model and, where given, the bootstrap of it, which then gives the intervals.

    ``forbidden`` says why no claim may be made, where something beside the fit itself forbids it.
    """

    fit: SemFit
    boot: Bootstrap | None = None
    name: str = "Model"
    forbidden: str = ""

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """One row a parameter, with the better intervals."""
        return (self.boot or self.fit).tidy()

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Direct, indirect and total effects, with the better intervals."""
        return self.boot.effects() if self.boot is not None else self.fit.effects()

    @property
    def in_text(self) -> str:
        """The name inside a sentence."""
        plain = self.name.lower().startswith(("the ", "model "))
        name = self.name if plain else f"“{self.name}”"
        return name[0].lower() + name[1:] if name.startswith("The ") else name

    @property
    def at_start(self) -> str:
        """The name at the start of a sentence."""
        return self.in_text[0].upper() + self.in_text[1:]

    @property
    def level(self) -> str:
        """The level of the intervals, written."""
        return numbers.percent(0.95 if self.boot is None else self.boot.level, 0)

    @property
    def method(self) -> str:
        """How the intervals were made, for use in a sentence."""
        kind = (
            ""
            if self.boot is None
            else "BCa "
            if self.boot.kind == "nonparametric"
            else "bias-corrected parametric "
        )
        return f"{self.level} {kind}{'bootstrap ' if self.boot is not None else ''}interval"

    @cached_property
    def standardized(self) -> pd.DataFrame:
        """``lhs, op, rhs, group, ci_lower, ci_upper`` of the standardised estimates, by the same method."""
        frame = self.fit.standardized("std_all")
        if self.boot is None or not self.boot.converged:
            return frame
        standardizer, definitions = self.fit.standardizer, self.fit.definitions

        def both(theta: NDArray[Any]) -> NDArray[Any]:
            values = standardizer.values(theta, "std_all")
            return np.concatenate([values, definitions.standardized(standardizer, values)], axis=1)

        return frame.assign(**self.boot.intervals(both)[["ci_lower", "ci_upper"]])

    @cached_property
    def measurement(self) -> Measurement:
        """Reliability and validity, with bootstrap intervals where there is a bootstrap.

        HTMT follows from rows, so it has an interval only from a bootstrap of rows.
        """
        boot = self.boot
        if boot is None or not boot.converged:
            return self.fit.measurement()
        if boot.kind != "nonparametric":
            return self.fit.measurement(boot=boot)
        return self.fit.measurement(
            min(boot.requested, _HTMT_REPLICATES), boot.seed, level=boot.level, boot=boot
        )

    @property
    def fits(self) -> tuple[Fit, ...]:
        """The fit, and the bootstrap if there is one."""
        return (self.fit,) if self.boot is None else (self.fit, self.boot)

    @cached_property
    def barred(self) -> str:
        """Why no claim may be made from this model; empty if one may."""
        if self.forbidden:
            return self.forbidden
        if not self.fit.converged:
            return f"{self.at_start} did not converge."
        failed = list(dict.fromkeys(c for one in self.fits for c in one.failed_checks()))
        if not self.fit.admissible:
            why = (
                "; ".join(worded(c.message) for c in failed) or "some estimates lie outside what is possible"
            )
            return f"the solution of {self.in_text} is inadmissible ({why.rstrip('.')})."
        if failed:
            why = "; ".join(f"{c.name}: {worded(c.message).rstrip('.')}" for c in failed)
            return f"{self.at_start} failed a check that bars claims ({why})."
        return ""

    def group_label(self, group: int) -> str:
        """Label of a group number as in ``tidy()``; empty for a single group and for defined effects."""
        if self.fit.ngroups <= 1 or group < 1:
            return ""
        return str(self.fit.group_labels[group - 1])


@dataclass(frozen=True)
class Finding:
    """A result of any other type, under the name by which the report speaks of it.

    ``given`` says that the user chose the name.
    """

    name: str
    result: Any
    given: bool = False


@dataclass(frozen=True)
class Inputs:
    """Everything a block may use.

    Parameters
    ----------
    subjects : tuple of Subject
        Path models.
    curves : tuple of CurveFit
        Response curves.
    findings : tuple of Finding
        Every other result: invariance, comparisons, power … Fits of a family that no block knows get their
        estimates and checks.
    survey : Survey, optional
        The answers.
    truth : mapping
        True values of a simulation, by (lhs, op, rhs) or by the name of a defined effect.
    simulated : bool
        Whether the data are simulated.
    claims : mapping of str to direction
        What was claimed, by defined effect or ``"source -> target"``.
    items : bool
        Whether path diagrams list the items.
    seed : int, optional
        Seed of the analysis, for the provenance.
    date : str
        Date of the report as it is to be printed; satloyal never asks the clock.
    """

    subjects: tuple[Subject, ...] = ()
    curves: tuple[CurveFit, ...] = ()
    findings: tuple[Finding, ...] = ()
    survey: Survey | None = None
    truth: Mapping[TruthKey, float] = field(default_factory=dict)
    simulated: bool = False
    claims: Mapping[str, Direction] = field(default_factory=dict)
    items: bool = False
    seed: int | None = None
    date: str = ""

    @property
    def fits(self) -> tuple[tuple[str, Fit], ...]:
        """All fits with the names under which the report speaks of them."""
        named: list[tuple[str, Fit]] = []
        for subject in self.subjects:
            named.append((subject.name, subject.fit))
            if subject.boot is not None:
                named.append((f"Bootstrap of {subject.in_text}", subject.boot))
        named += [(curve_name(curve), curve) for curve in self.curves]
        named += [(one.name, one.result) for one in self.findings if isinstance(one.result, Fit)]
        return tuple(named)

    def of(self, kind: type[Any]) -> tuple[Finding, ...]:
        """Return the findings of one type."""
        return tuple(one for one in self.findings if isinstance(one.result, kind))


def curve_name(curve: CurveFit) -> str:
    """Name of a response curve in a report."""
    return f"Response of {curve.y_name} to {curve.x_name}"
