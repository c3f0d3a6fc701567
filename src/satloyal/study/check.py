"""Checking a plan against its data: every name must exist before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from satloyal.errors import SatloyalError, SpecError, StudyError
from satloyal.positions import KeyPath
from satloyal.spec.syntax import parse
from satloyal.spec.table import ParameterTable, build_table
from satloyal.study.config import ModelConfig, PropositionConfig
from satloyal.study.effects import find_effect, read_effect
from satloyal.study.file import StudyFile, suggest
from satloyal.study.plan import Plan, PlannedModel
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey
from satloyal.survey.samples import load_sample
from satloyal.survey.survey import Survey

__all__ = ["CheckedStudy", "check_plan"]


@dataclass(frozen=True)
class CheckedStudy:
    """A plan whose names all exist in its data.

    Parameters
    ----------
    plan : Plan
        The plan.
    survey : Survey
        The data, read and cleaned.
    tables : Mapping of str to ParameterTable
        The parameters of each model by its name.
    """

    plan: Plan
    survey: Survey
    tables: Mapping[str, ParameterTable]

    def to_text(self) -> str:
        """Return what was found in the data and in the models."""
        frame = self.survey.frame
        lines = [f"The data have {len(frame):,} rows and {frame.shape[1]} columns."]
        for name, table in self.tables.items():
            latent = f"{len(table.latent)} latent, " if table.latent else ""
            counted = f"{len(table.observed)} observed variables, {table.q} free parameters"
            lines.append(f"The model {name!r}: {latent}{counted}.")
        lines += [f"Note: {note}" for note in self.survey.notes]
        lines.append("Every name in the study exists. Nothing was fitted.")
        return "\n".join(lines)


def check_plan(plan: Plan) -> CheckedStudy:
    """Read the data of a plan and make sure that every name in it exists.

    Parameters
    ----------
    plan : Plan
        From :func:`~satloyal.study.plan.make_plan`.

    Returns
    -------
    CheckedStudy
        The plan with its data and parameter tables.

    Raises
    ------
    SatloyalError
        If the data cannot be read, or something that the study names is not there. All unknown names are
        listed, each with its line in the study file.

    Examples
    --------
    >>> from satloyal.study.plan import make_plan
    >>> from satloyal.study.samples import study_template
    >>> checked = check_plan(make_plan(study_template("simulated_retail")))
    >>> len(checked.survey.frame), list(checked.tables)
    (1200, ['main'])
    """
    survey = _read(plan)
    errors: list[StudyError] = []
    tables: dict[str, ParameterTable] = {}
    for model in plan.models.values():
        with _collected(errors):
            tables[model.name] = _table(plan, model, survey)
    for number, curve in enumerate(plan.config.curves):
        for axis, name in (("x", curve.x), ("y", curve.y)):
            with _collected(errors):
                _scored(plan.study, ("curves", number, axis), name, survey)
    for number, name in enumerate(plan.config.groups.by if plan.config.groups else ()):
        with _collected(errors):
            _column(plan.study, ("groups", "by", number), name, survey.frame.columns)
    for name, proposition in plan.config.propositions.items():
        with _collected(errors):
            _proposition(plan, name, proposition, tables)
    _raise(errors, plan.study)
    return CheckedStudy(plan, survey, MappingProxyType(tables))


@contextmanager
def _collected(errors: list[StudyError]) -> Iterator[None]:
    """Keep an error for later, so that one run of the check shows all of them."""
    try:
        yield
    except StudyError as error:
        errors.append(error)


def _raise(errors: list[StudyError], study: StudyFile) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        listed = "\n".join(f"  {e}" for e in errors)
        raise StudyError(f"{len(errors)} problems\n{listed}", where=str(study.path))


def _read(plan: Plan) -> Survey:
    data = plan.config.data
    if data.sample is not None:
        return _sample(plan, data.sample)
    path = plan.data_path
    if path is None or not path.exists():
        parent = plan.study.path.parent if path is None else path.parent
        beside = sorted(p.name for p in parent.iterdir() if p.is_file()) if parent.is_dir() else []
        raise plan.study.error(
            ("data", "file"),
            f"there is no file {path}",
            fix=suggest(str(path.name if path else ""), beside, what="file there", plural="files there"),
        )
    return read_survey(
        path,
        _codebook(plan),
        vendor=data.vendor,
        sheet=data.sheet,
        encoding=data.encoding,
        missing_codes=data.missing_codes,
    )


def _sample(plan: Plan, name: str) -> Survey:
    try:
        survey = load_sample(name)
    except SatloyalError as error:
        raise plan.study.error(("data", "sample"), error.message, fix=error.fix) from None
    if not isinstance(survey, Survey):
        raise plan.study.error(
            ("data", "sample"), f"{name!r} is a published matrix, not a survey", fix="use it from Python"
        )
    return survey


def _codebook(plan: Plan) -> Codebook | None:
    inline = plan.config.codebook
    if inline is not None:
        return Codebook.from_dict(
            inline, where=str(plan.study.path), positions=plan.study.positions, prefix=("codebook",)
        )
    path = plan.codebook_path
    if path is None:
        return None
    if not path.exists():
        near = suggest(
            path.name,
            (p.name for p in sorted(path.parent.glob("*.toml"))),
            what="file there",
            plural="files there",
        )
        raise plan.study.error(("data", "codebook"), f"there is no file {path}", fix=near)
    return Codebook.from_toml(path)


def _table(plan: Plan, model: PlannedModel, survey: Survey) -> ParameterTable:
    config = model.config
    groups = 1
    if config.group is not None:
        column = _column(plan.study, (*model.key, "group"), config.group, survey.frame.columns)
        groups = int(survey.frame[column].nunique())
    for key, name in _columns_of(config):
        _column(plan.study, (*model.key, *key), name, survey.frame.columns)
    try:
        table = build_table(
            parse(model.text),
            groups=groups,
            std_lv=config.std_lv,
            orthogonal=config.orthogonal,
            fixed_x=config.fixed_x,
            meanstructure=bool(config.meanstructure) or groups > 1,
            defaults=config.defaults,
            group_equal=config.group_equal,
            group_partial=[name for name in config.group_partial if not (config.ordered and "|" in name)],
        )
        table.check_names(survey.frame.columns)
    except SatloyalError as error:
        raise plan.at_model(model, error) from None
    _all_numbers(plan, model, table, survey)
    return table


def _columns_of(config: ModelConfig) -> Iterator[tuple[KeyPath, str]]:
    """Yield every column that the options of a model name, with its key."""
    if config.cluster is not None:
        yield ("cluster",), config.cluster
    if isinstance(config.weights, str):
        yield ("weights",), config.weights
    if config.invariance is not None:
        yield ("invariance", "group"), config.invariance.group
    for option in ("ordered", "auxiliary"):
        names = getattr(config, option)
        if not isinstance(names, bool):
            yield from (((option, number), name) for number, name in enumerate(names))


def _all_numbers(plan: Plan, model: PlannedModel, table: ParameterTable, survey: Survey) -> None:
    for name in table.observed:
        if not pd.api.types.is_numeric_dtype(survey.frame[name]):
            lines = model.text.split("\n")
            line = next((i for i, text in enumerate(lines, 1) if name in text), 1)
            error = SpecError(
                f"the column {name!r} holds text, and a model needs numbers",
                where=f"line {line}",
                fix="give such answers as numbers, or leave them out of the model",
            )
            raise plan.at_model(model, error)


def _column(study: StudyFile, key: KeyPath, name: str, known: Iterable[str]) -> str:
    names = [str(column) for column in known]
    if name not in names:
        raise study.error(key, f"the data have no column {name!r}", fix=suggest(name, names, what="column"))
    return name


def _scored(study: StudyFile, key: KeyPath, name: str, survey: Survey) -> None:
    numeric = [str(c) for c in survey.frame.columns if pd.api.types.is_numeric_dtype(survey.frame[c])]
    known = [*survey.construct_items, *numeric]
    if name in known:
        return
    if name in survey.frame.columns:
        raise study.error(key, f"the column {name!r} is not numeric")
    raise study.error(
        key,
        f"{name!r} is neither a construct of the codebook nor a column of the data",
        fix=suggest(name, known, what="name"),
    )


def _proposition(
    plan: Plan, name: str, proposition: PropositionConfig, tables: Mapping[str, ParameterTable]
) -> None:
    table = tables.get(proposition.model or next(iter(plan.models)))
    if table is None:  # the model itself is wrong, and has been reported
        return
    try:
        find_effect(read_effect(proposition.effect, proposition.kind), table)
    except StudyError as error:
        raise plan.study.error(("propositions", name, "effect"), error.message, fix=error.fix) from None
