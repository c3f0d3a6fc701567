"""The presenter: how a fit looks in a notebook, and the figures it can draw by name.

Models know this module only through the seam in :mod:`satloyal.models.presenter`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from satloyal.errors import ReportError
from satloyal.models.curves import CurveFit
from satloyal.models.fit import Fit
from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.models.sem.fit import SemFit
from satloyal.reporting.blocks.curves import curve_figure
from satloyal.reporting.blocks.kinds import kind_of
from satloyal.reporting.figures.forest import draw_forest
from satloyal.reporting.figures.from_fits import forest_rows, graph_of
from satloyal.reporting.figures.groups import draw_groups
from satloyal.reporting.figures.heatmap import draw_residuals
from satloyal.reporting.figures.paths import draw_paths
from satloyal.reporting.figures.placing import Direction
from satloyal.reporting.figures.svg import to_svg
from satloyal.reporting.group_means import group_means
from satloyal.reporting.inputs import Subject
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Checks, Paragraph
from satloyal.reporting.render.html import render
from satloyal.reporting.table import Table
from satloyal.reporting.tables import curves as curve_tables
from satloyal.reporting.tables import sem as sem_tables
from satloyal.reporting.tables.cells import frame_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from satloyal.survey.survey import Survey

__all__ = ["figure", "figures", "html"]

_BRIEF: dict[str, dict[str, Any]] = {"effects": {"most": 16}}  # a notebook cell shall stay short
Draw = Callable[..., "Figure"]


def figures(fit: Any) -> tuple[str, ...]:
    """Return the names of the figures that a result can draw by itself."""
    if (kind := kind_of(fit)) is not None:
        return kind.names(fit)
    drawable = _drawers(fit)
    if isinstance(fit, SemFit | Bootstrap):
        subject = _subject(fit)
        has_paths = bool((subject.estimates["op"] == "~").any())
        keep = {"paths"} | ({"residuals"} if fit.converged else set())
        keep |= {"effects"} if has_paths and subject.fit.converged else set()
        return tuple(name for name in drawable if name in keep)
    return tuple(drawable)


def figure(fit: Any, name: str, **options: Any) -> Figure:
    """Return one figure of a result.

    Parameters
    ----------
    fit : Fit or other result
        The result.
    name : str
        For path models and their bootstraps ``"paths"`` (options ``items``, ``direction``, ``group``),
        ``"effects"`` (``most``), ``"residuals"`` (``group``, ``limit``) and ``"groups"`` (``survey``,
        ``column``); for curves ``"curve"`` (``shape``). Other results draw what their :func:`figures` name.
    **options
        As listed.

    Raises
    ------
    ReportError
        For a name that this fit has no figure for, and where there are no numbers to draw.

    Examples
    --------
    >>> import satloyal as sl
    >>> moments = sl.Moments.from_matrix([[1, .5], [.5, 1]], 300, kind="cor", names=["Trust", "Loyalty"])
    >>> fit = sl.fit_sem("Loyalty ~ Trust", moments)
    >>> fit.figures()
    ('paths', 'effects', 'residuals')
    >>> len(figure(fit, "effects").axes)
    1
    """
    drawable = _drawers(fit)
    if name not in drawable:
        known = ", ".join(drawable) or "none"
        what = getattr(fit, "family", "") or type(fit).__name__
        raise ReportError(
            f"there is no figure {name!r} of a {what} fit"
            if isinstance(fit, Fit)
            else f"there is no figure {name!r} of a {what}",
            where="figure()",
            fix=f"use one of: {known}",
        )
    return drawable[name](fit, **options)


def html(fit: Any) -> str:
    """Return a fragment for a notebook: headline, figures, checks, estimates; styled for itself alone."""
    if (kind := kind_of(fit)) is not None:
        return _kind_html(kind, fit)
    mark = hashlib.sha256(f"{fit.family} {fit.headline()}".encode()).hexdigest()[:10]
    shown = _default_figures(fit)
    pictures = [
        to_svg(draw, name=f"sl-{mark}-{name}", title=f"{name} of this fit")
        for name, draw in ((name, figure(fit, name, **_BRIEF.get(name, {}))) for name in shown)
    ]
    return render(
        "fragment.html.j2",
        {
            "headline": fit.headline(),
            "usable": bool(fit.converged and fit.admissible and not fit.failed_checks()),
            "family": fit.family,
            "pictures": pictures,
            "body": (),
            "tables": _tables(fit),
            "checks": Checks("Checks", fit.checks),
            "notes": tuple(str(note) for note in fit.notes),
        },
    )


def _kind_html(kind: Kind, result: Any) -> str:
    """Render the parts that stand in a report too, the sentence first."""
    headline, barred = kind.headline(result), kind.barred(result)
    mark = hashlib.sha256(f"{kind.key} {headline} {type(result).__name__}".encode()).hexdigest()[:10]
    parts = kind.parts(result, f"_{mark}")
    first = isinstance(parts[0], Paragraph) and parts[0].text == headline if parts else False
    return render(
        "fragment.html.j2",
        {
            "headline": headline if not barred or barred == headline else f"NOT FOR CLAIMS: {barred}",
            "usable": not barred,
            "family": kind.key,
            "pictures": (),
            "body": tuple(parts[1:] if first and not barred else parts),
            "tables": (),
            "checks": Checks("Checks", result.checks if isinstance(result, Fit) else ()),
            "notes": tuple(str(note) for note in result.notes) if isinstance(result, Fit) else (),
        },
    )


def _subject(fit: SemFit | Bootstrap) -> Subject:
    return Subject(fit.fit, fit) if isinstance(fit, Bootstrap) else Subject(fit)


def _drawers(fit: Any) -> Mapping[str, Draw]:
    if (kind := kind_of(fit)) is not None:
        return {name: kind.figures[name] for name in kind.names(fit)}
    if isinstance(fit, SemFit | Bootstrap):
        return {"paths": _paths, "effects": _effects, "residuals": _residuals, "groups": _groups}
    if isinstance(fit, CurveFit):
        return {"curve": _curve}
    return {}


def _default_figures(fit: Fit) -> tuple[str, ...]:
    """Figures of the notebook rendering: the first of each kind that has something to show."""
    available = figures(fit)
    return tuple(name for name in available if name != "residuals" and (name != "curve" or fit.converged))


def _paths(
    fit: SemFit | Bootstrap, *, items: bool | None = None, direction: Direction = "auto", group: int = 1
) -> Figure:
    graph = graph_of(_subject(fit), group=group)
    return draw_paths(graph, items=not graph.arrows if items is None else items, direction=direction)


def _effects(fit: SemFit | Bootstrap, *, most: int = 40) -> Figure:
    subject = _subject(fit)
    _need_numbers(fit, "effects")
    rows, _ = forest_rows(subject, most=most)
    return draw_forest(rows, xlabel=f"Estimate with {subject.method}")


def _residuals(fit: SemFit | Bootstrap, *, group: int = 1, limit: float = 0.1) -> Figure:
    _need_numbers(fit, "residuals")
    return draw_residuals(_subject(fit).fit.residuals("cor", group - 1), limit=limit)


def _groups(fit: Fit, *, survey: Survey | None = None, column: str | None = None) -> Figure:
    if survey is None or not (column or survey.groups):
        raise ReportError(
            "group means need the survey, as a fit does not hold groups and scores",
            where="figure('groups')",
            fix="pass survey= with group columns in its codebook, or column=",
        )
    wanted = column or survey.groups[0]
    means = group_means(survey, wanted)
    if means is None:
        raise ReportError(
            f"column {wanted!r} does not split this survey into groups that can be drawn",
            where="figure('groups')",
            fix="use a column with 2 to 24 different values, and a codebook with constructs",
        )
    return draw_groups(means)


def _curve(fit: CurveFit, *, shape: str | None = None) -> Figure:
    if not fit.converged:
        raise ReportError("no shape of this curve can be used", where="figure('curve')", fix="see fit.checks")
    return curve_figure(fit, shape)


def _need_numbers(fit: SemFit | Bootstrap, name: str) -> None:
    if not _subject(fit).fit.converged:
        raise ReportError(
            "the fit did not converge, so there are no numbers to draw",
            where=f"figure({name!r})",
            fix="see fit.checks; the structure alone can be drawn with figure('paths')",
        )


def _tables(fit: Fit) -> tuple[Table, ...]:
    if isinstance(fit, SemFit | Bootstrap):
        subject = _subject(fit)
        makers = (sem_tables.defined_effects, sem_tables.paths, sem_tables.loadings, sem_tables.covariances)
        made = [
            sem_tables.fit_measures(subject),
            *(make(subject) for make in makers),
            sem_tables.means(subject),
        ]
        return tuple(table for table in made if table is not None)
    if isinstance(fit, CurveFit):
        return curve_tables.shapes(fit, "shapes"), curve_tables.parameters(fit, "parameters")
    return (frame_table("estimates", "Estimates", fit.tidy(), {}),)
