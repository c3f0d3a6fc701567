"""``fit_necessity``: whether a condition is necessary for an outcome, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import get_args

import pandas as pd

from satloyal.errors import FitError
from satloyal.models.necessity.ceilings import CeilingName
from satloyal.models.necessity.data import Scope, take
from satloyal.models.necessity.estimate import Ceiling, estimate, permute
from satloyal.models.necessity.result import NecessityFit
from satloyal.survey.survey import Survey

__all__ = ["fit_necessity"]


def fit_necessity(
    data: pd.DataFrame | Survey,
    x: str | Sequence[str],
    y: str,
    *,
    ceilings: Sequence[CeilingName] = ("ce_fdh", "cr_fdh"),
    corner: int | Sequence[int] = 1,
    scope: Scope | Mapping[str, Scope] | None = None,
    permutations: int = 10_000,
    seed: int = 1,
) -> NecessityFit:
    """Test whether conditions are necessary for an outcome (necessary condition analysis).

    A necessary condition leaves a corner of the scatter empty: nobody is loyal without being satisfied. The
    ceiling is the border of the empty zone C within the scope S of possible answers, and the effect size is
    d = C / S. ``ce_fdh`` steps from one bounding point to the next (free disposal hull), ``ce_vrs`` joins
    them by a concave hull (varying returns to scale), ``cr_fdh`` and ``cr_vrs`` are least-squares lines
    through those points. Points on one straight edge of the hull are taken as its two ends.

    Parameters
    ----------
    data : DataFrame or Survey
        Rows; rows without all of x and y are dropped and counted. Weights and clusters are not used.
    x : str or sequence of str
        Conditions: columns, or constructs of a survey as scores.
    y : str
        The outcome.
    ceilings : sequence of str
        Any of ``ce_fdh, cr_fdh, ce_vrs, cr_vrs``.
    corner : int or sequence of int
        The corner expected empty: 1 upper left (much y needs much x), 2 upper right (much y needs little x),
        3 lower left (little y needs much x), 4 lower right (little y needs little x); one for all or one a
        condition.
    scope : tuple or mapping, optional
        ``(x low, x high, y low, y high)`` that answers could take, for all conditions or by name; default
        what was observed.
    permutations : int
        Of the test against x and y being unrelated; 0 for none.
    seed : int
        Of the permutations.

    Returns
    -------
    NecessityFit
        ``tidy()``, ``bottleneck()``, ``outliers()``, ``bootstrap()``, ``figure("ceiling")``.

    Raises
    ------
    FitError
        Unknown or constant columns, text, fewer than 5 complete rows, unknown ceilings or corners, a scope
        that leaves out data.

    References
    ----------
    Dul, J. (2016). Necessary condition analysis (NCA). Organizational Research Methods 19, 10-52.
    Dul, J., van der Laan, E. & Kuik, R. (2020). A statistical significance test for necessary condition
    analysis. Organizational Research Methods 23, 385-395.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(3)
    >>> satisfaction = rng.integers(1, 11, 300)
    >>> loyalty = np.minimum(rng.integers(1, 11, 300), satisfaction + 2)
    >>> frame = pd.DataFrame({"SAT": satisfaction, "LOY": loyalty})
    >>> fit = fit_necessity(frame, "SAT", "LOY", permutations=999)
    >>> fit.tidy()[["ceiling", "est", "pvalue"]].round(3).values.tolist()
    [['ce_fdh', 0.346, 0.001], ['cr_fdh', 0.302, 0.001]]
    >>> fit.bottleneck("ce_fdh", levels=[10], scale="actual")["required"].tolist()
    [8.0]
    """
    names = tuple(ceilings)
    for name in names:
        if name not in get_args(CeilingName):
            near = get_close_matches(str(name), get_args(CeilingName), n=1)
            known = ", ".join(get_args(CeilingName))
            raise FitError(
                f"there is no ceiling {name!r}",
                fix=f"did you mean {near[0]!r}?" if near else f"choose among {known}",
            )
    if not names or len(set(names)) < len(names):
        raise FitError(f"ceilings are {list(names)}", fix="name at least one ceiling, and each once")
    if permutations < 0:
        raise FitError(f"permutations is {permutations}", fix="give 0 for no test, or some thousands")
    pairs, notes = take(data, x, y, corner, scope)
    found: list[Ceiling] = []
    for pair in pairs:
        mine = estimate(pair, names)
        found += permute(mine, permutations, seed) if permutations else mine
    return NecessityFit(tuple(found), permutations if permutations else 0, seed, notes)
