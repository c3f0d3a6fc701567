"""Auxiliary variables: variables beside the model that tell why values are missing (saturated correlates).

Each auxiliary variable covaries with every other one, with the observed covariates, and with the residual of
every item and outcome (Graham 2003, *Struct. Equ. Modeling* 10:80-100). The model's own parameters keep their
meaning and its degrees of freedom their number; what is missing is filled in with more to go by.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.moments import GroupMoments, Moments
from satloyal.errors import FitError
from satloyal.models.sem.estimate import Problem, estimate
from satloyal.models.sem.fiml import IncompleteTerm
from satloyal.models.sem.implied import Ram
from satloyal.models.sem.start import starts
from satloyal.spec.syntax import Model, parse
from satloyal.spec.table import build_table

if TYPE_CHECKING:
    from satloyal.core.em import Saturated
    from satloyal.core.patterns import Patterns
    from satloyal.spec.table import ParameterTable

__all__ = ["saturated_correlates", "unrelated_moments"]

Array = NDArray[Any]


def saturated_correlates(
    spec: Model, table: ParameterTable, names: Sequence[str]
) -> tuple[Model, tuple[str, ...]]:
    """Write auxiliary variables into a model.

    Parameters
    ----------
    spec : Model
    table : ParameterTable
        What the model is without them, its covariates modelled.
    names : sequence of str

    Returns
    -------
    model : Model
    partial : tuple of str
        Their parameters, which no equality over groups should hold.

    Raises
    ------
    FitError
        A variable stands in the model already, or is named twice.

    Examples
    --------
    >>> spec = parse("F =~ x1 + x2 + x3")
    >>> model, _ = saturated_correlates(spec, build_table(spec), ["z"])
    >>> print(model)
    F =~ x1 + x2 + x3
    z ~~ z
    z ~~ x1 + x2 + x3
    """
    for name in names:
        if name in table.observed or name in table.latent:
            raise FitError(
                f"{name!r} stands in the model already", where="auxiliary=", fix="leave it out there"
            )
        if list(names).count(name) > 1:
            raise FitError(f"{name!r} is named twice", where="auxiliary=", fix="name it once")
    lines, partial = [], []
    for name in names:
        lines += [f"{name} ~~ {name}", f"{name} ~~ {' + '.join(table.observed)}"]
        partial += [f"{name}~1", f"{name}~~{name}", *(f"{name}~~{v}" for v in table.observed)]
    # who covaries with something is no covariate any more whose moments come unasked
    covariates = table.covariates
    lines += [f"{v} ~~ {v}" for v in covariates if not _written(table, v, v)]
    lines += [f"{v} ~~ {w}" for v, w in combinations(covariates, 2) if not _written(table, v, w)]
    for a, b in combinations(names, 2):
        lines.append(f"{a} ~~ {b}")
        partial.append(f"{a}~~{b}")
    return parse("\n".join([str(spec), *lines])), tuple(partial)


def _written(table: ParameterTable, a: str, b: str) -> bool:
    return any(r.op == "~~" and {r.lhs, r.rhs} == {a, b} and r.origin == "user" for r in table.rows)


def unrelated_moments(
    patterns: Patterns, full: Saturated, covariates: Sequence[int], auxiliary: Sequence[int]
) -> tuple[Array, Array]:
    """Return moments under which variables are related to auxiliary ones only, covariates also to each other.

    Parameters
    ----------
    patterns : Patterns
    full : Saturated
    covariates, auxiliary : sequence of int
        Positions of variables.

    Returns
    -------
    mean : ndarray, shape (p,)
    cov : ndarray, shape (p, p)
        NaN throughout when the steps find no maximum.
    """
    p = len(full.mean)
    names = [f"v{i}" for i in range(p)]
    free = {(i, i) for i in range(p)}
    free |= {(min(a, i), max(a, i)) for a in auxiliary for i in range(p)}
    free |= {(min(a, b), max(a, b)) for a, b in combinations(covariates, 2)}
    text = [f"{names[i]} ~~ {names[j]}" for i, j in sorted(free)] + [f"{name} ~ 1" for name in names]
    table = build_table(parse("\n".join(text)), defaults="none", fixed_x=False, meanstructure=True)
    order = [names.index(name) for name in table.observed]
    own, cov, mean = patterns.select(np.array(order)), full.cov[np.ix_(order, order)], full.mean[order]
    ram = Ram.of(table)
    problem = Problem((IncompleteTerm.of(ram, 1.0, own, cov, mean, full.value),), table.q)
    sample = Moments(table.observed, (GroupMoments("", round(patterns.n), cov, mean),))
    solution, _ = estimate(problem, starts(table, sample))
    back = np.argsort(order)
    if not solution.converged[0]:
        return np.full(p, np.nan), np.full((p, p), np.nan)
    moments = ram.implied(solution.theta, cov, mean, mean).sigma[0]
    gap = moments[:p, p]
    found = moments[:p, :p] - np.outer(gap, gap)
    return (mean + gap)[back], found[np.ix_(back, back)]
