"""Tidy tables: one CSV a kind of number, with everything that ``tidy()`` and its relatives know."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pandas as pd

from satloyal.study.result import StudyResult, measured

__all__ = ["tidy_csv", "tidy_tables"]

# Operators of the model language are no formulas, and scripts look for them as they are.
_OPERATORS = frozenset({"=~", "~", "~~", "~1", "|", ":=", "==", "<", ">", "<~"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def tidy_tables(result: StudyResult) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tidy tables of a study with their file names (without ending).

    Parameters
    ----------
    result : StudyResult
        A finished study.

    Yields
    ------
    (str, DataFrame)
        ``items``; for each model its estimates, fit, effects, r2, reliability, pairs of constructs,
        bootstrap, and its invariance; the ``comparison`` of models; for each curve its estimates, comparison
        and points; ``propositions``; ``checks``.
    """
    yield "items", result.survey.describe().rename_axis("item").reset_index()
    for name, fit in result.fits.items():
        measurement = measured(result, name)
        yield f"{name}_estimates", fit.tidy()
        yield f"{name}_fit", fit.glance().rename_axis("measure").rename("value").reset_index()
        yield f"{name}_effects", fit.effects()
        yield f"{name}_r2", fit.r2()
        if not measurement.reliability.empty:
            yield f"{name}_reliability", measurement.reliability
            yield f"{name}_constructs", measurement.pairs
        if name in result.invariances:
            yield f"{name}_invariance", result.invariances[name].tidy()
            yield f"{name}_latent_means", result.invariances[name].latent_means()
            yield f"{name}_path_differences", result.invariances[name].path_differences()
        if name in result.bootstraps:
            yield f"{name}_bootstrap", result.bootstraps[name].tidy()
            yield f"{name}_bootstrap_effects", result.bootstraps[name].effects()
    if result.comparison is not None:
        yield "comparison", result.comparison.tidy()
    for curve in result.curves:
        stem = f"curve_{curve.x_name}_{curve.y_name}"
        yield f"{stem}_estimates", curve.tidy()
        yield f"{stem}_comparison", curve.comparison()
        if curve.best is not None:
            yield f"{stem}_points", curve.curve()
    if result.propositions:
        yield "propositions", pd.DataFrame([judged.to_dict() for judged in result.propositions])
    yield "checks", _checks(result)


def tidy_csv(frame: pd.DataFrame) -> str:
    """Return a table as CSV with full precision; text that a spreadsheet would run gets an apostrophe.

    Examples
    --------
    >>> print(tidy_csv(pd.DataFrame({"op": ["=~"], "label": ["=cmd()"], "est": [0.1 + 0.2]})), end="")
    op,label,est
    =~,'=cmd(),0.30000000000000004
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(str(column)) for column in frame.columns])
    for row in frame.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) and value not in _OPERATORS else value
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    return repr(float(value)) if isinstance(value, float) else value


def _checks(result: StudyResult) -> pd.DataFrame:
    names = ("name", "status", "value", "threshold", "message", "advice", "source")
    rows = [
        {"fit": fit_name, **{name: getattr(check, name) for name in names}}
        for fit_name, fit in result.named_fits.items()
        for check in fit.checks
    ]
    return pd.DataFrame(rows, columns=["fit", *names])
