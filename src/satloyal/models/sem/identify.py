"""Identification: whether the moments can tell the parameters apart, and if not, which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.core.memo import remembered
from satloyal.core.moments import GroupMoments, Moments
from satloyal.errors import FitError
from satloyal.models.sem.implied import model_matrices

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.restrictions import Restrictions
    from satloyal.spec.table import Parameter, ParameterTable

__all__ = ["check_identified", "count_moments", "row_name"]

Array = NDArray[Any]
Jacobian = Callable[[Array], Array]

_RANK = 1e-8  # singular value, relative to the largest after scaling, that counts as none
_CLEAR = 1e-9  # squared singular value of scaled columns beyond which rank is beyond doubt
_ENOUGH = 40  # parameters from which squares of derivatives are summed without forming them
_LARGE = 0.1  # entry of a null direction that names a parameter
_SHOWN = 6
_VALUES = {"=~": 1.0, "~": 0.3, "<~": 0.3, "~~": 1.0, "~1": 0.0}  # of a point that any model can be at


def row_name(row: Parameter) -> str:
    """Return how a row is written in model text, without modifiers."""
    text = f"{row.lhs} ~ 1" if row.op == "~1" else f"{row.lhs} {row.op} {row.rhs}"
    return text if row.group <= 1 else f"{text} (group {row.group})"


def count_moments(table: ParameterTable) -> int:
    """How many sample moments a model must reproduce, those of fixed covariates left out.

    With ordinal items: thresholds, correlations, means and variances of continuous variables, and slopes on
    covariates that are taken as given.
    """
    if table.ordered:
        cuts, given = sum(r.op == "|" for r in table.rows), len(table.exogenous)
        size = len(table.observed) - given
        slopes = size * given
        return cuts + table.groups * (size * (size - 1) // 2 + 2 * (size - len(table.ordered)) + slopes)
    p, x = len(table.observed), len(table.exogenous)
    moments = p * (p + 1) // 2 - x * (x + 1) // 2
    if table.meanstructure:
        moments += p - x
    return moments * table.groups


def check_identified(
    table: ParameterTable,
    rams: Sequence[Ram],
    sample: Moments,
    start: Array,
    restrictions: Restrictions | None = None,
    jacobian: Jacobian | None = None,
) -> None:
    """Refuse a model whose parameters the moments cannot tell apart anywhere.

    The rank of ∂σ/∂θ at generic points decides (Bekker, Merckens & Wansbeek 1994, *Identification,
    Equivalent Models and Computer Algebra*, ch. 2): the starting point moved at random, twice. With equality
    constraints it is the rank along them, at points that meet them. ``jacobian`` is ∂σ/∂θ where what the
    data tell is not means and covariances.

    Raises
    ------
    FitError
        Names the parameters that cannot be told apart and how many are too many.
    """
    moments = count_moments(table)
    width = table.q if restrictions is None else restrictions.along(restrictions.onto(start)).shape[1]
    short = width - moments
    gram = None
    if short <= 0 and jacobian is None and restrictions is None and _identified(table):
        return
    if jacobian is None:
        jacobian = partial(_moment_jacobian, rams, sample)
        gram = partial(_moment_gram, rams, sample) if table.q >= _ENOUGH else None
    deficit, involved = _deficit(table, jacobian, start, restrictions, gram)
    if short <= 0 and not deficit:
        return
    too_many = max(short, deficit)
    names = ", ".join(involved[:_SHOWN]) + (", …" if len(involved) > _SHOWN else "")
    counts = f"{width} free parameters for {moments} moments"
    raise FitError(
        f"the model is not identified: {too_many} "
        f"{'parameter' if too_many == 1 else 'parameters'} too many ({counts}). "
        f"These cannot be told apart: {names}",
        fix=_what_helps(table, involved),
    )


def _what_helps(table: ParameterTable, involved: Sequence[str]) -> str:
    """Say what would identify the model.

    A composite has no unit but what one fixed weight gives it, and what it forms only its outcomes can tell;
    a residual of its own needs two outcomes whose residuals do not covary (Bollen & Davis 2009, *Structural
    Equation Modeling* 16:498-522).
    """
    formed = [c for c in table.composites if any(c in name.split() for name in involved)]
    if not formed:
        return "fix or equate some of them, or give the factor more items or the loop more instruments"
    first = table.indicators[formed[0]][0]
    return (
        f"fix one weight of {formed[0]}, as in {formed[0]} <~ 1*{first}, and let it explain something; a "
        "residual variance of its own needs two outcomes whose residuals do not covary"
    )


@remembered(64)
def _identified(table: ParameterTable) -> bool:
    """Whether the model is identified at a generic point, which no sample has a part in."""
    if any(row.op not in _VALUES for row in table.rows if row.free):
        return False
    p = len(table.observed)
    cov = np.full((p, p), 0.3) + 0.7 * np.eye(p)
    mean = np.zeros(p) if table.meanstructure else None
    sample = Moments(
        table.observed, tuple(GroupMoments("", 1, cov, mean) for _ in range(table.groups)), source="matrix"
    )
    point = np.zeros(table.q)
    for row in table.rows:
        if row.free:
            point[row.free - 1] = _VALUES[row.op] if row.op != "~~" or row.lhs == row.rhs else 0.1
    rams = model_matrices(table)
    gram = partial(_moment_gram, rams, sample) if table.q >= _ENOUGH else None
    return not _deficit(table, partial(_moment_jacobian, rams, sample), point, None, gram)[0]


def _deficit(
    table: ParameterTable,
    jacobian: Jacobian,
    start: Array,
    restrictions: Restrictions | None,
    gram: Jacobian | None = None,
) -> tuple[int, list[str]]:
    """Smallest rank deficit over generic points, and the rows in its null space."""
    if table.q == 0:
        return 0, []
    best: tuple[int, Array] | None = None
    for seed in (1, 2):
        noise, shift = _moves(table.q, seed)
        point = np.where(start == 0, shift, start * noise)
        basis = None
        if restrictions is not None:
            point = restrictions.onto(point)
            basis = restrictions.along(point)
        if gram is not None and _definite(gram(point), basis):
            return 0, []
        values, directions = _singular(jacobian(point), basis)
        weak = values <= _RANK * values[0] if len(values) else np.zeros(0, bool)
        missing = len(values) - int((~weak).sum())
        if best is None or missing < best[0]:
            null = directions[len(values) - int(weak.sum()) :] if missing else directions[:0]
            null = null if basis is None else null @ basis.T
            best = (missing, null)
        if missing == 0:
            return 0, []
    assert best is not None  # noqa: S101 - the loop ran
    weight = np.abs(best[1]).max(axis=0)
    rows = {row.free: row for row in reversed(table.rows) if row.free}
    names = [row_name(rows[i + 1]) for i in np.argsort(-weight, kind="stable") if weight[i] > _LARGE]
    return best[0], names


@lru_cache(maxsize=64)
def _moves(size: int, seed: int) -> tuple[Array, Array]:
    """Factors and summands that make a generic point of any point."""
    noise = np.random.default_rng(seed).uniform(0.7, 1.3, size)
    return noise, np.random.default_rng(seed + 10).uniform(0.05, 0.3, size)


def _clearly_full(jacobian: Array) -> bool:
    """Whether all singular values are so far from 0 that JᵀJ, with half the digits, shows it."""
    return _clear(jacobian.T @ jacobian)


def _clear(gram: Array) -> bool:
    """Whether JᵀJ of scaled columns has no eigenvalue near 0."""
    gram[np.diag_indices_from(gram)] -= _CLEAR
    try:
        np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return False
    return True


def _moment_jacobian(rams: Sequence[Ram], sample: Moments, point: Array) -> Array:
    """Return the derivatives of all groups' moments, scaled to correlations."""
    blocks = []
    for ram, group in zip(rams, sample.groups, strict=True):
        origin = group.mean if ram.manifest > ram.observed else None
        implied = ram.implied(point[None], group.cov, group.mean, origin)
        rows, columns = vech_indices(ram.manifest)
        sd = np.sqrt(np.abs(np.diagonal(implied.sigma[0])))
        blocks.append(implied.pairs(rows, columns)[0] / (sd[rows] * sd[columns])[:, None])
    return np.concatenate(blocks)


def _moment_gram(rams: Sequence[Ram], sample: Moments, point: Array) -> Array:
    """Return JᵀJ of :func:`_moment_jacobian`, covariances counted twice, without forming J.

    tr(D⁻¹ ∂Σ/∂θe D⁻¹ ∂Σ/∂θf) with D the diagonal of Σ: a contraction, O(q²) in time and memory.
    """
    total = np.zeros((len(point), len(point)))
    for ram, group in zip(rams, sample.groups, strict=True):
        origin = group.mean if ram.manifest > ram.observed else None
        implied = ram.implied(point[None], group.cov, group.mean, origin)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / np.abs(np.diagonal(implied.sigma[0]))
        total += implied.matrix(implied.product(implied.contract(np.diag(inverse)[None])))[0]
    return total


def _definite(gram: Array, basis: Array | None) -> bool:
    """Whether JᵀJ shows at once that the moments tell all parameters apart."""
    if basis is not None:
        gram = basis.T @ gram @ basis
    norms = np.sqrt(np.abs(np.diagonal(gram)))
    if not (np.isfinite(gram).all() and (norms > 0).all()):
        return False
    return _clear(gram / np.outer(norms, norms))


def _singular(jacobian: Array, basis: Array | None) -> tuple[Array, Array]:
    if basis is not None:
        jacobian = jacobian @ basis
    norms = np.linalg.norm(jacobian, axis=0)
    jacobian = jacobian / np.where(norms > 0, norms, 1.0)
    if not np.isfinite(jacobian).all():
        return np.ones(len(norms)), np.eye(len(norms))  # a loop at its pole: this point says nothing
    if _clearly_full(jacobian):
        return np.ones(len(norms)), np.eye(len(norms))
    _, values, directions = np.linalg.svd(jacobian, full_matrices=True)
    full = np.zeros(len(norms))
    full[: len(values)] = values
    return full, directions
