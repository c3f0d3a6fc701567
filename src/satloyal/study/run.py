"""Running a plan: read, fit, resample, judge; then write everything, or nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from satloyal.errors import SatloyalError
from satloyal.models.curves import CurveFit, fit_curve
from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.models.sem.compare import Comparison, compare
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.invariance import fit_invariance
from satloyal.models.sem.invariance_result import Invariance
from satloyal.models.sem.result import SemFit
from satloyal.reporting.inputs import Subject
from satloyal.study.check import check_plan
from satloyal.study.config import BootstrapConfig, CurveConfig, ModelConfig
from satloyal.study.output import staged_folder
from satloyal.study.plan import Plan, PlannedModel, Step, make_plan
from satloyal.study.progress import Progress, Silent
from satloyal.study.propositions import Judged, judge_propositions
from satloyal.study.result import StudyResult, Timing
from satloyal.study.write import write_outputs

if TYPE_CHECKING:
    import pandas as pd

    from satloyal.survey.survey import Survey

__all__ = ["analyse", "run_study"]


def run_study(plan: Plan | str | Path, out: str | Path, *, progress: Progress | None = None) -> StudyResult:
    """Run a study and write its report, tables and results.

    Parameters
    ----------
    plan : Plan or path
        A plan, or the path of a study file.
    out : path
        Folder for the results; made if it does not exist. An interrupted run leaves it as it was.
    progress : Progress, optional
        Told about every step.

    Returns
    -------
    StudyResult
        Frozen, with the places of the files.

    Raises
    ------
    SatloyalError
        If the study, its data or its models cannot be used, or ``out`` cannot be written. Nothing is left
        behind.

    Examples
    --------
    >>> import tempfile
    >>> from satloyal.study.plan import make_plan
    >>> from satloyal.study.samples import study_template
    >>> plan = make_plan(study_template("simulated_retail"), replicates=0)
    >>> result = run_study(plan, tempfile.mkdtemp())
    >>> "report.html" in result.files
    True
    """
    if not isinstance(plan, Plan):
        plan = make_plan(plan)
    out = Path(out)
    clock = _Clock(plan, progress or Silent())
    with staged_folder(out) as stage:
        result = _analyse(plan, clock)
        with clock.step():
            files = write_outputs(result, stage, tuple(clock.timings))
            clock.outcome = f"{len(files)} files"
    return replace(result, out=out, files=files, timings=tuple(clock.timings))


def analyse(plan: Plan | str | Path, *, progress: Progress | None = None) -> StudyResult:
    """Run a study without writing anything.

    Parameters
    ----------
    plan : Plan or path
        A plan, or the path of a study file.
    progress : Progress, optional
        Told about every step.

    Returns
    -------
    StudyResult
        Frozen; ``out`` is ``None``.

    Raises
    ------
    SatloyalError
        If the study, its data or its models cannot be used.

    Examples
    --------
    >>> from satloyal.study.plan import make_plan
    >>> from satloyal.study.samples import study_template
    >>> result = analyse(make_plan(study_template("simulated_retail"), replicates=0))
    >>> result.fits["main"].converged
    True
    """
    if not isinstance(plan, Plan):
        plan = make_plan(plan)
    clock = _Clock(plan, progress or Silent())
    result = _analyse(plan, clock)
    return replace(result, timings=tuple(clock.timings))


@dataclass
class _Clock:
    """Which step a run is at, and how long each took. It lives no longer than its run."""

    plan: Plan
    progress: Progress
    timings: list[Timing] = field(default_factory=list)
    outcome: str = ""

    @contextmanager
    def step(self) -> Iterator[Step]:
        """Run the next step of the plan; set :attr:`outcome` inside."""
        number = len(self.timings)
        step = self.plan.steps[number]
        self.outcome = ""
        self.progress.begin(step, number + 1, len(self.plan.steps))
        began = time.perf_counter()
        yield step
        seconds = round(time.perf_counter() - began, 3)
        self.timings.append(Timing(step.text, seconds, self.outcome))
        self.progress.end(self.outcome)


def _analyse(plan: Plan, clock: _Clock) -> StudyResult:
    with clock.step():
        survey = _grouped(plan, check_plan(plan).survey)
        clock.outcome = f"{len(survey.frame):,} rows, {survey.frame.shape[1]} columns"
    fits: dict[str, SemFit] = {}
    boots: dict[str, Bootstrap] = {}
    tested: dict[str, Invariance] = {}
    for name, model in plan.models.items():
        with clock.step():
            fits[name] = _fit(plan, model, survey)
            clock.outcome = fits[name].headline()
        if name in plan.bootstrapped():
            with clock.step():
                clock.outcome = "left out: the model did not converge"
                if fits[name].converged:
                    boots[name] = _bootstrap(plan, fits[name], clock.progress)
                    counts = boots[name].counts
                    clock.outcome = f"{counts['used']:,} of {counts['requested']:,} replicates are used"
        if model.config.invariance is not None:
            with clock.step():
                tested[name] = _invariance(plan, model, survey)
                clock.outcome = tested[name].headline()
    comparison = None
    if plan.config.compared_models:
        with clock.step():
            comparison = _comparison(plan, fits)
            clock.outcome = f"{len(comparison.table)} models"
    curves = []
    for number, curve in enumerate(plan.config.curves):
        with clock.step():
            curves.append(_curve(plan, number, curve, survey))
            clock.outcome = curves[-1].headline()
    judged: tuple[Judged, ...] = ()
    if plan.config.propositions:
        with clock.step():
            subjects = {n: Subject(fit, boots.get(n), f"the model {n!r}") for n, fit in fits.items()}
            judged = judge_propositions(plan.config.propositions, subjects)
            clock.outcome = _tally(judged)
    return StudyResult(
        plan, survey, MappingProxyType(fits), MappingProxyType(boots), tuple(curves), judged,
        invariances=MappingProxyType(tested), comparison=comparison,
    )  # fmt: skip


def _grouped(plan: Plan, survey: Survey) -> Survey:
    """Let the study say by which columns the report compares, in place of the codebook."""
    if plan.config.groups is None:
        return survey
    return replace(survey, codebook=replace(survey.codebook, group=plan.config.groups.by, wave=None))


def _fit(plan: Plan, model: PlannedModel, survey: Survey) -> SemFit:
    config = model.config
    try:
        return fit_sem(
            model.text,
            _rows(config, survey),
            group=config.group,
            group_equal=config.group_equal,
            group_partial=config.group_partial,
            meanstructure=config.meanstructure,
            ordered=_ordered(config),
            parameterization=config.parameterization,
            **_options(config),
        )
    except SatloyalError as error:
        raise plan.at_model(model, error) from None


def _rows(config: ModelConfig, survey: Survey) -> Survey | pd.DataFrame:
    """Return the survey, whose declared weights are then used, or its bare answers."""
    return survey if config.weights is True else survey.frame


def _ordered(config: ModelConfig) -> bool | tuple[str, ...] | None:
    return config.ordered or None


def _options(config: ModelConfig) -> dict[str, Any]:
    """Options that a fit and a test of invariance share."""
    return {
        "estimator": config.estimator, "missing": config.missing, "auxiliary": config.auxiliary,
        "std_lv": config.std_lv, "orthogonal": config.orthogonal, "fixed_x": config.fixed_x,
        "cluster": config.cluster, "weights": config.weights if isinstance(config.weights, str) else None,
        "likelihood": config.likelihood, "bounds": config.bounds, "defaults": config.defaults,
    }  # fmt: skip


def _invariance(plan: Plan, model: PlannedModel, survey: Survey) -> Invariance:
    asked = model.config.invariance
    assert asked is not None  # noqa: S101 - the step exists only then
    try:
        return fit_invariance(
            model.text,
            _rows(model.config, survey),
            asked.group,
            ordered=_ordered(model.config),
            steps=asked.steps or None,
            partial=asked.partial,
            rule=asked.rule,
            **_options(model.config),
        )
    except SatloyalError as error:
        raise plan.study.error((*model.key, "invariance"), error.message, fix=error.fix) from None


def _comparison(plan: Plan, fits: Mapping[str, SemFit]) -> Comparison:
    names = plan.config.compared_models
    try:
        return compare(*(fits[n] for n in names), names=[plan.models[n].title for n in names])
    except SatloyalError as error:
        raise plan.study.error(("compare",), error.message, fix=error.fix) from None


def _bootstrap(plan: Plan, fit: SemFit, progress: Progress) -> Bootstrap:
    config = plan.config.bootstrap or BootstrapConfig()
    return fit.bootstrap(plan.replicates, config.seed, level=config.level, progress=progress.advance)


def _curve(plan: Plan, number: int, curve: CurveConfig, survey: Survey) -> CurveFit:
    try:
        return fit_curve(
            survey,
            curve.x,
            curve.y,
            shapes=curve.shapes,
            level=curve.level,
            folds=curve.folds,
            seed=curve.seed,
        )
    except SatloyalError as error:
        raise plan.study.error(("curves", number), str(error)) from None


def _tally(judged: tuple[Judged, ...]) -> str:
    counts = Counter(j.verdict.outcome for j in judged)
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
