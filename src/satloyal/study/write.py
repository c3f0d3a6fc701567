"""Writing a study: report, tidy tables, results and the record of the run, all into one folder."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from satloyal.reporting.document import Report, report
from satloyal.reporting.parts import Paragraph
from satloyal.study.output import RUN, file_hash
from satloyal.study.propositions import claims_of
from satloyal.study.result import StudyResult, Timing
from satloyal.study.results_file import results_text, versions
from satloyal.study.section import study_section
from satloyal.study.tables import tidy_csv, tidy_tables
from satloyal.study.truth import read_about, read_truth

__all__ = ["study_report", "write_outputs"]


def study_report(result: StudyResult) -> Report:
    """Return the report of a study, not yet written.

    Parameters
    ----------
    result : StudyResult
        A finished study.
    """
    plan = result.plan
    truth = plan.truth_path
    document = report(
        *result.fits.values(),
        *result.bootstraps.values(),
        *result.invariances.values(),
        *([result.comparison] if result.comparison is not None else []),
        *result.curves,
        names=_names(result),
        survey=result.survey,
        title=plan.config.title,
        claims=claims_of(plan.config.propositions),
        truth=None if truth is None else read_truth(truth),
        simulated=plan.simulated,
        seed=plan.config.bootstrap.seed if plan.config.bootstrap else None,
    )
    if truth is not None and (about := read_about(truth)):
        appendix = document.section("truth")
        document = document.with_section(replace(appendix, parts=(Paragraph(about), *appendix.parts)))
    section = study_section(result)
    return document if section is None else document.with_section(section, before=document.sections[0].key)


def _names(result: StudyResult) -> dict[str, Any] | None:
    """Call several models by their titles, if each has its own."""
    titles = {name: result.plan.models[name].title for name in result.fits}
    if len(titles) < 2 or len(set(titles.values())) < len(titles):
        return None
    named: dict[str, Any] = {titles[name]: fit for name, fit in result.fits.items()}
    return named | {f"{titles[name]}: invariance": found for name, found in result.invariances.items()}


def write_outputs(result: StudyResult, folder: Path, timings: tuple[Timing, ...]) -> tuple[str, ...]:
    """Write everything that the study file asks for.

    Parameters
    ----------
    result : StudyResult
        A finished study.
    folder : Path
        An existing folder.
    timings : tuple of Timing
        For the record of the run.

    Returns
    -------
    tuple of str
        The files, relative to ``folder``.
    """
    outputs = result.plan.config.outputs
    target = folder / outputs.dir if outputs.dir else folder
    target.mkdir(parents=True, exist_ok=True)
    document = study_report(result)
    writers: dict[str, Callable[[], object]] = {
        "html": lambda: document.to_html(target / f"{outputs.name}.html"),
        "markdown": lambda: document.to_markdown(target / f"{outputs.name}.md"),
        "latex": lambda: document.to_latex(target / f"{outputs.name}.tex"),
        "csv": lambda: _write_tables(result, target / "tables"),
        "json": lambda: _write(target / "results.json", results_text(result)),
    }
    for form in dict.fromkeys(outputs.formats):
        writers[form]()
    written = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    _write(folder / RUN, _record(result, folder, written, timings))
    return (*written, RUN)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_tables(result: StudyResult, folder: Path) -> None:
    folder.mkdir()
    for name, frame in tidy_tables(result):
        _write(folder / f"{_plain_name(name)}.csv", tidy_csv(frame))


def _plain_name(name: str) -> str:
    """Return a name that every file system takes.

    Examples
    --------
    >>> _plain_name("curve_Price/value_Loyalty (1–10)")
    'curve_Price_value_Loyalty_1_10'
    """
    return re.sub(r"\W+", "_", name).strip("_")


def _record(result: StudyResult, folder: Path, written: list[str], timings: tuple[Timing, ...]) -> str:
    """Return what ``run.json`` says: when, how long, and which files, each with its hash.

    It is the only file that a clock enters; a later run reads it to know which files are its own.
    """
    record = {
        "schema": "satloyal-run/1",
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "study": {"file": str(result.plan.study.path), "sha256": result.plan.study.sha256},
        "versions": versions(),
        "steps": [{"step": t.step, "seconds": t.seconds, "outcome": t.outcome} for t in timings],
        "files": [{"path": name, "sha256": file_hash(folder / name)} for name in written],
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"
