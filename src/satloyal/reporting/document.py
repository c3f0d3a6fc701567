"""The report: an immutable value made from fits and a survey, rendered on its last line."""

from __future__ import annotations

import datetime as dt
import html
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from satloyal.errors import ReportError
from satloyal.models.fit import Fit, plain
from satloyal.reporting import files
from satloyal.reporting.blocks import BLOCKS, Block
from satloyal.reporting.blocks.kinds import kind_of
from satloyal.reporting.blocks.verdicts import alerts
from satloyal.reporting.inputs import Inputs, TruthKey
from satloyal.reporting.parts import Bullets, Callout, Checks, Part, Picture, Section, Verdicts
from satloyal.reporting.provenance import engine_versions, provenance
from satloyal.reporting.references import cited
from satloyal.reporting.render.html import render
from satloyal.reporting.render.markdown import markdown
from satloyal.reporting.sorting import Names, sort_results
from satloyal.reporting.summary import checks_table, verdicts_table
from satloyal.reporting.table import Table
from satloyal.reporting.verdicts import Direction, Verdict

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Report", "report"]

_SIMULATED = "These data are simulated. Nobody answered; the numbers say nothing about real customers."
Target = str | os.PathLike[str]


@dataclass(frozen=True)
class Report:
    """What may be said, section by section. Every step returns a new report; none changes this one.

    Parameters
    ----------
    title : str
        Title of the page.
    sections : tuple of Section
        In reading order.
    facts : tuple of str
        Short facts under the title.
    banner : str
        The first line of every rendering, if there is something that must come first.
    alerts : tuple of Callout
        Which fits may not be used; stands before all sections.
    date : str
        Date as printed.
    fits : tuple of (str, Fit)
        The fits, for the JSON form.
    """

    title: str
    sections: tuple[Section, ...]
    facts: tuple[str, ...] = ()
    banner: str = ""
    alerts: tuple[Callout, ...] = ()
    date: str = ""
    fits: tuple[tuple[str, Fit], ...] = field(default=(), repr=False)

    # -- steps: each returns a new report ----------------------------------------------------------------

    def with_title(self, title: str) -> Report:
        """Return the report under another title."""
        return replace(self, title=title)

    def with_section(self, section: Section, *, before: str | None = None) -> Report:
        """Return the report with one more section, or with the section of the same key replaced.

        Parameters
        ----------
        section : Section
            The section.
        before : str, optional
            Key of the section that it shall stand before; at the end if not given.
        """
        if any(s.key == section.key for s in self.sections):
            return replace(
                self, sections=tuple(section if s.key == section.key else s for s in self.sections)
            )
        at = len(self.sections) if before is None else self._place(before)
        return replace(self, sections=(*self.sections[:at], section, *self.sections[at:]))

    def without(self, *keys: str) -> Report:
        """Return the report without some sections."""
        for key in keys:
            self._place(key)
        return replace(self, sections=tuple(s for s in self.sections if s.key not in keys))

    def section(self, key: str) -> Section:
        """Return one section by its key."""
        return self.sections[self._place(key)]

    def _place(self, key: str) -> int:
        keys = [s.key for s in self.sections]
        if key not in keys:
            raise ReportError(
                f"there is no section {key!r}", where="report", fix=f"use one of: {', '.join(keys)}"
            )
        return keys.index(key)

    # -- content ----------------------------------------------------------------------------------------

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts."""
        return tuple(v for part in self._parts() if isinstance(part, Verdicts) for v in part.verdicts)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, with verdicts and checks as tables first."""
        checks = [part for part in self._parts() if isinstance(part, Checks)]
        summary = [verdicts_table(self.verdicts)] if self.verdicts else []
        summary += [checks_table(checks)] if checks else []
        return (*summary, *(part for part in self._parts() if isinstance(part, Table)))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All figures."""
        return tuple(part for part in self._parts() if isinstance(part, Picture))

    def _parts(self) -> list[Part]:
        return [part for section in self.sections for part in section.parts]

    # -- renderings -------------------------------------------------------------------------------------

    @overload
    def to_html(self, path: None = None) -> str: ...
    @overload
    def to_html(self, path: Target) -> Path: ...
    def to_html(self, path: Target | None = None) -> str | Path:
        """Return one self-contained page, or write it and return where.

        Parameters
        ----------
        path : str or path-like, optional
            File to write; written whole or not at all.

        Raises
        ------
        ReportError
            If the file cannot be written.
        """
        text = render(
            "report.html.j2",
            {
                "title": self.title,
                "banner": self.banner,
                "alerts": self.alerts,
                "facts": self.facts,
                "sections": self.sections,
                "date": self.date,
                "version": engine_versions()["satloyal"],
            },
        )
        return text if path is None else files.write_text(path, text)

    @overload
    def to_markdown(self, path: None = None) -> str: ...
    @overload
    def to_markdown(self, path: Target) -> Path: ...
    def to_markdown(self, path: Target | None = None) -> str | Path:
        """Return Markdown with the figures in words, or write it with the figures as SVG files beside it."""
        alerts = [f"{alert.title}. {alert.text}" for alert in self.alerts]
        lead = [line for line in (self.banner, " · ".join(self.facts), *alerts) if line]
        if path is None:
            return markdown(self.title, lead, self.sections)
        goal = Path(path)
        folder = f"{goal.stem}_figures"
        if self.pictures:
            made = files.make_folder(goal.parent / folder)
            for picture in self.pictures:
                files.write_text(made / f"{picture.name}.svg", picture.svg)
        return files.write_text(goal, markdown(self.title, lead, self.sections, figures=folder))

    @overload
    def to_json(self, path: None = None) -> str: ...
    @overload
    def to_json(self, path: Target) -> Path: ...
    def to_json(self, path: Target | None = None) -> str | Path:
        """Return or write all numbers at full precision; what is undefined is ``null``."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return text if path is None else files.write_text(path, text)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "title": self.title,
            "banner": self.banner,
            "alerts": [{"title": alert.title, "text": alert.text} for alert in self.alerts],
            "date": self.date,
            "facts": list(self.facts),
            "versions": engine_versions(),
            "sections": [{"key": s.key, "title": s.title} for s in self.sections],
            "tables": {
                t.name: {"caption": t.caption, "notes": list(t.notes), "rows": plain(t.records())}
                for t in self.tables
            },
            "fits": [{"name": name, **fit.to_dict()} for name, fit in self.fits],
        }

    def to_csv(self, folder: Target) -> tuple[Path, ...]:
        """Write each table as a CSV file (UTF-8 with a byte order mark, as spreadsheets want it).

        Parameters
        ----------
        folder : str or path-like
            Made if it does not exist.

        Returns
        -------
        tuple of Path
            The files.
        """
        goal = files.make_folder(folder)
        return tuple(
            files.write_text(goal / f"{table.name}.csv", table.to_csv(), encoding="utf-8-sig")
            for table in self.tables
        )

    @overload
    def to_latex(self, path: None = None) -> str: ...
    @overload
    def to_latex(self, path: Target) -> Path: ...
    def to_latex(self, path: Target | None = None) -> str | Path:
        r"""Return or write the tables for LaTeX; they need ``\usepackage{booktabs}``."""
        lead = [f"% {line}" for line in (self.title.replace("\n", " "), self.banner) if line]
        text = "\n\n".join([*lead, *(table.to_latex() for table in self.tables)]) + "\n"
        return text if path is None else files.write_text(path, text)

    def _repr_html_(self) -> str:
        page = html.escape(self.to_html(), quote=True)
        title = html.escape(self.title, quote=True)
        style = "width:100%;height:44rem;border:1px solid #ccc"
        return f'<iframe title="{title}" srcdoc="{page}" style="{style}"></iframe>'


def report(
    *fits: Any,
    names: Names | None = None,
    survey: Survey | None = None,
    title: str | None = None,
    truth: Mapping[TruthKey, float] | None = None,
    simulated: bool | None = None,
    claims: Mapping[str, Direction] | None = None,
    items: bool = False,
    seed: int | None = None,
    date: str | dt.date | None = None,
    blocks: Iterable[Block] = BLOCKS,
) -> Report:
    """Make a report of fits and the survey they rest on.

    Parameters
    ----------
    *fits : Fit or other result
        Path models, their bootstraps (which then give the intervals) and response curves; invariance tests,
        comparisons, structural-after-measurement fits, probed interactions, tests of method variance, ranges
        of rounding, power studies, influence and checks by a second engine: each gets a section that begins
        with what may be said. Several path models stand side by side, compared where their data are the same.
    names : mapping or sequence of str, optional
        What to call the results: ``{"Full model": fit}``, or a list with one name a result in the order given
        (the bootstrap of a model that is given too needs none).
    survey : Survey, optional
        Adds data quality, group means and the provenance of the file.
    title : str, optional
        Title; made from the survey if not given.
    truth : mapping, optional
        For simulated data: true values by (lhs, op, rhs) or by the name of a defined effect; adds an appendix
        that compares them with the estimates.
    simulated : bool, optional
        Whether the data are simulated, which the first line then says. If not given: when `truth` is given,
        or when the codebook's title or the file's name says so.
    claims : mapping of str to {"positive", "negative", "any"}, optional
        Claimed direction, by the name of a defined effect, by ``"source -> target"`` or by label.
    items : bool
        Whether the path diagram lists the items.
    seed : int, optional
        Seed of the analysis, for the provenance.
    date : str or date, optional
        Date to print. The clock is never asked, so that the same inputs give the same bytes.
    blocks : iterable of callable
        Functions from :class:`~satloyal.reporting.inputs.Inputs` to a section or nothing.

    Returns
    -------
    Report

    Raises
    ------
    ReportError
        If there is nothing to report on, an argument is not a result, or a name fits none.

    Examples
    --------
    >>> import satloyal as sl
    >>> moments = sl.Moments.from_matrix([[1, .5, .4], [.5, 1, .6], [.4, .6, 1]], 300, kind="cor",
    ...                                  names=["Satisfaction", "Trust", "Loyalty"])
    >>> fit = sl.fit_sem("Trust ~ Satisfaction" + chr(10) + "Loyalty ~ Trust + Satisfaction", moments)
    >>> [v.outcome for v in report(fit).verdicts]
    ['supported', 'supported', 'supported']
    """
    subjects, curves, findings = sort_results(fits, names, _noun)
    if not fits and survey is None:
        raise ReportError(
            "there is nothing to report on", where="report()", fix="pass at least one fit or a survey"
        )
    inputs = Inputs(
        subjects=subjects,
        curves=curves,
        findings=findings,
        survey=survey,
        truth=dict(truth or {}),
        simulated=_simulated(simulated, truth, survey),
        claims=dict(claims or {}),
        items=items,
        seed=seed,
        date=date.isoformat() if isinstance(date, dt.date) else (date or ""),
    )
    sections = [section for block in blocks if (section := block(inputs)) is not None]
    sections += [_methods(sections), provenance(inputs)]
    return Report(
        title=title or _title(inputs),
        sections=tuple(s for s in sections if s.parts),
        facts=_facts(inputs),
        banner=_SIMULATED if inputs.simulated else "",
        alerts=alerts(inputs),
        date=inputs.date,
        fits=inputs.fits,
    )


def _noun(result: Any) -> str | None:
    kind = kind_of(result)
    return None if kind is None else kind.noun(result)


def _simulated(said: bool | None, truth: Mapping[TruthKey, float] | None, survey: Survey | None) -> bool:
    if said is not None:
        return said
    named = "" if survey is None else f"{survey.codebook.title} {survey.source.name}"
    return bool(truth) or "simulated" in named.lower()


def _title(inputs: Inputs) -> str:
    if inputs.survey is not None:
        return inputs.survey.codebook.title or f"Report on {inputs.survey.source.name}"
    return "Satisfaction, trust and loyalty"


def _facts(inputs: Inputs) -> tuple[str, ...]:
    facts = []
    if inputs.survey is not None:
        facts += [f"{inputs.survey.n:,} respondents", inputs.survey.source.name]
    else:
        facts += [f"{subject.name}: n = {subject.fit.nobs:,}" for subject in inputs.subjects]
    return tuple(fact for fact in (*facts, inputs.date) if fact)


def _methods(sections: Iterable[Section]) -> Section:
    """Build the methods section from what the other sections say they did."""
    made = tuple(sections)
    said = tuple(dict.fromkeys(sentence for section in made for sentence in section.methods))
    sources = cited(key for section in made for key in section.cites)
    parts: list[Part] = [Bullets(said)] if said else []
    parts += [Bullets(sources, "References")] if sources else []
    return Section("methods", "Methods and references", tuple(parts))
