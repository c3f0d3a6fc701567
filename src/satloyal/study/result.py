"""The result of a study: every fit, every verdict, and where they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from satloyal.models.curves import CurveFit
from satloyal.models.fit import Check, Fit
from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.models.sem.compare import Comparison
from satloyal.models.sem.invariance_result import Invariance
from satloyal.models.sem.measurement import Measurement
from satloyal.models.sem.result import SemFit
from satloyal.study.plan import Plan
from satloyal.study.propositions import Judged

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["StudyResult", "Timing", "measured"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a step took, in seconds, and what came of it."""

    step: str
    seconds: float
    outcome: str


@dataclass(frozen=True)
class StudyResult:
    """Everything that a study found.

    Parameters
    ----------
    plan : Plan
        What was to be done.
    survey : Survey
        The data as analysed.
    fits : Mapping of str to SemFit
        By model name.
    bootstraps : Mapping of str to Bootstrap
        By model name; only models that were bootstrapped.
    curves : tuple of CurveFit
        In the order of the study file.
    propositions : tuple of Judged
        In the order of the study file.
    timings : tuple of Timing
        One a step.
    invariances : Mapping of str to Invariance
        By model name; only models whose measurement was tested across groups.
    comparison : Comparison, optional
        The models side by side, where the study asks for it.
    out : Path, optional
        Where the results were written; ``None`` if they were not.
    files : tuple of str
        What was written, relative to ``out``.
    """

    plan: Plan
    survey: Survey
    fits: Mapping[str, SemFit]
    bootstraps: Mapping[str, Bootstrap]
    curves: tuple[CurveFit, ...]
    propositions: tuple[Judged, ...]
    timings: tuple[Timing, ...] = ()
    invariances: Mapping[str, Invariance] = field(default_factory=dict)
    comparison: Comparison | None = None
    out: Path | None = None
    files: tuple[str, ...] = ()

    @property
    def named_fits(self) -> dict[str, Fit]:
        """Every fit of the study by the name under which messages speak of it."""
        named: dict[str, Fit] = {}
        for name, fit in self.fits.items():
            named[f"model {name!r}"] = fit
            if name in self.bootstraps:
                named[f"bootstrap of {name!r}"] = self.bootstraps[name]
            if name in self.invariances:
                named[f"invariance of {name!r}"] = self.invariances[name]
        for curve in self.curves:
            named[f"curve {curve.x_name} → {curve.y_name}"] = curve
        return named

    def failed_checks(self) -> tuple[tuple[str, Check], ...]:
        """Return every failed check with the name of its fit."""
        return tuple((name, check) for name, fit in self.named_fits.items() for check in fit.failed_checks())

    @property
    def sound(self) -> bool:
        """Whether every fit converged and no check failed."""
        return all(fit.converged for fit in self.named_fits.values()) and not self.failed_checks()

    def to_text(self) -> str:
        """Return what came out, for a terminal: headlines, verdicts, and where the files are."""
        lines = []
        for name, fit in self.fits.items():
            lines += [f"{self.plan.models[name].title}:", f"  {fit.headline()}"]
            if name in self.invariances:
                lines.append(f"  {self.invariances[name].headline()}")
        if self.propositions:
            lines += ["", "Propositions:"]
            lines += [f"  {line}" for judged in self.propositions for line in judged.to_text().splitlines()]
        failed = self.failed_checks()
        if failed:
            lines += ["", "Failed checks:"]
            lines += [f"  {name}: {check.name}: {check.message}" for name, check in failed]
        if self.out is not None:
            lines += ["", "Written:", *(f"  {line}" for line in self._places())]
        return "\n".join(lines)

    def _places(self) -> Iterator[str]:
        folders: dict[str, int] = {}
        for name in self.files:
            parent = Path(name).parent
            if parent == Path(self.plan.config.outputs.dir or "."):
                yield str((self.out or Path()) / name)
            else:
                folders[str(parent)] = folders.get(str(parent), 0) + 1
        for folder, count in folders.items():
            yield f"{(self.out or Path()) / folder}/ ({count} files)"


def measured(result: StudyResult, name: str) -> Measurement:
    """Return the measurement of a model, with bootstrap intervals if the model was bootstrapped."""
    fit, boot = result.fits[name], result.bootstraps.get(name)
    if boot is None:
        return fit.measurement()
    usable = boot if boot.converged else None  # the delta method has intervals where refits failed
    return fit.measurement(boot.requested, boot.seed, level=boot.level, boot=usable)
