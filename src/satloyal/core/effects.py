r"""Effects along the arrows of a path graph: direct, along each path, through loops, total.

With ``A[i, j]`` the arrow j → i, the total effects are :math:`(I-A)^{-1} - I`. They are the sum over all
walks; in a graph without loops these are the simple paths, so each total is the sum of its paths. With a
loop the walks that go round it come on top, and the sum exists only while the loop dies out, that is while
every eigenvalue of A has modulus below 1 (Bollen, K. A. (1989). Structural equations with latent variables.
Wiley, chapter 8; Bentler, P. M., & Freeman, E. H. (1983). Tests for stability in linear structural equation
systems. Psychometrika, 48, 143-145).

The graph is found once; the arithmetic takes leading batch dimensions and complex numbers, so that
derivatives can be had by the complex step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from satloyal.errors import FitError

__all__ = [
    "PATH_LIMIT",
    "Decomposition",
    "PathGraph",
    "decompose",
    "path_products",
    "stability_index",
    "too_many_paths",
    "total_effects",
]

Array = NDArray[Any]
"""Real or complex numbers."""
Path = tuple[int, ...]
"""Variables by position, from source to target."""

PATH_LIMIT = 10_000
"""A list of more paths than this is no longer read by anyone."""
_STEPS_PER_PATH = 200
"""Dead ends in graphs with loops cost steps without giving paths; this bounds the search as well."""


@dataclass(frozen=True)
class PathGraph:
    """Which arrows exist, whatever their size.

    Parameters
    ----------
    arrows : ndarray of bool (m, m)
        ``arrows[i, j]`` says that j → i exists.

    Examples
    --------
    >>> import numpy as np
    >>> graph = PathGraph(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=bool))
    >>> graph.paths(0, 2)
    ((0, 2), (0, 1, 2))
    >>> graph.loops
    ()
    """

    arrows: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """The number of variables, m."""
        return len(self.arrows)

    @cached_property
    def reach(self) -> NDArray[np.bool_]:
        """``reach[i, j]``: some walk of at least one arrow leads from j to i; (m, m)."""
        reached = self.arrows.copy()
        for k in range(self.size):
            reached |= np.outer(reached[:, k], reached[k])
        return reached

    @cached_property
    def loops(self) -> tuple[tuple[int, ...], ...]:
        """Sets of variables that feed back on each other (a variable on itself included)."""
        if not self.size:
            return ()
        count, label = connected_components(self.arrows, directed=True, connection="strong")
        on_loop = np.diagonal(self.reach)
        members = (np.flatnonzero((label == c) & on_loop) for c in range(count))
        return tuple(sorted(tuple(int(i) for i in group) for group in members if len(group)))

    def through_loop(self, source: int, target: int) -> bool:
        """Return whether some walk from `source` to `target` can go round a loop."""
        here = np.eye(self.size, dtype=bool)
        after, before = self.reach | here, (self.reach | here)[target]
        return any(bool(after[k, source] and before[k]) for group in self.loops for k in group)

    def paths(self, source: int, target: int, limit: int = PATH_LIMIT) -> tuple[Path, ...]:
        """Return every path that visits no variable twice, shorter ones first.

        Parameters
        ----------
        source, target : int
            Positions of two different variables.
        limit : int
            The most paths to list.

        Returns
        -------
        tuple of tuple of int
            The positions along each path, source and target included; (source, target) is the direct one.

        Raises
        ------
        FitError
            If there are more than `limit` paths, or too many dead ends to search them.
        """
        found: list[Path] = []
        for path in self._walk(source, target, limit):
            found.append(path)
            if len(found) > limit:
                raise too_many_paths(limit)
        return tuple(sorted(found, key=lambda path: (len(path), path)))

    def _walk(self, source: int, target: int, limit: int) -> Iterator[Path]:
        """Search depth first, only where the target can still be reached."""
        leads_on = self.reach[target].copy()
        leads_on[target] = True
        following = [np.flatnonzero(self.arrows[:, j] & leads_on) for j in range(self.size)]
        stack: list[Path] = [(source,)]
        steps = 0
        while stack:
            path = stack.pop()
            steps += 1
            if steps > _STEPS_PER_PATH * limit:
                raise too_many_paths(limit)
            if path[-1] == target and len(path) > 1:
                yield path
                continue
            stack.extend((*path, int(k)) for k in following[path[-1]] if k not in path)


def too_many_paths(limit: int) -> FitError:
    """Return the error for a list of paths that nobody would read."""
    return FitError(
        f"the path graph has more than {limit:,} paths to list (or too many dead ends to find them)",
        fix="ask for one source and one target, or for a model with fewer arrows; totals need no list",
    )


def stability_index(A: ArrayLike) -> NDArray[np.float64]:
    """Return the largest modulus among the eigenvalues of A: below 1, effects round a loop die out.

    Parameters
    ----------
    A : array_like (..., m, m)
        Arrows j → i in row i, column j. Exogenous variables have empty rows and change nothing. Of complex
        numbers the real part is judged.

    Returns
    -------
    ndarray (...)
        The index, 0 without a loop; NaN where A is not finite.

    References
    ----------
    Bentler and Freeman (1983).

    Examples
    --------
    >>> round(float(stability_index([[0.0, 0.5], [0.4, 0.0]])), 4)  # √(.5 × .4)
    0.4472
    """
    real = np.real(np.asarray(A)).astype(float)
    finite = np.isfinite(real).all((-2, -1))
    if real.shape[-1] == 0:
        return np.zeros(real.shape[:-2])
    values = np.linalg.eigvals(np.where(finite[..., None, None], real, 0.0))
    return np.where(finite, np.abs(values).max(-1), np.nan)


def total_effects(A: ArrayLike, graph: PathGraph | None = None) -> Array:
    r"""Return the total effects :math:`(I-A)^{-1} - I`.

    Parameters
    ----------
    A : array_like (..., m, m)
        Arrows j → i in row i, column j; real or complex.
    graph : PathGraph, optional
        The arrows that exist. Given, eigenvalues are computed for its loops only.

    Returns
    -------
    ndarray (..., m, m)
        Total effect of column on row. All NaN where the stability index is 1 or more: the effects round the
        loop then grow without end and no total exists.

    Examples
    --------
    >>> total_effects([[0.0, 0.0], [0.5, 0.0]]).tolist()
    [[0.0, 0.0], [0.5, 0.0]]
    >>> total_effects([[0.0, 1.0], [1.0, 0.0]]).tolist()
    [[nan, nan], [nan, nan]]
    """
    A = np.asarray(A)
    A = A.astype(complex if np.iscomplexobj(A) else float)
    one = np.eye(A.shape[-1])
    stable = _stable(A, graph)[..., None, None]
    total = np.linalg.inv(one - np.where(stable, A, 0.0)) - one
    undefined = complex(np.nan, np.nan) if np.iscomplexobj(A) else np.nan
    return np.where(stable, total, undefined)


def _stable(A: Array, graph: PathGraph | None) -> NDArray[np.bool_]:
    if graph is None:
        return np.asarray(stability_index(A) < 1)
    # A is block triangular over its loops, so its eigenvalues are those of the loops, and zeros.
    stable = np.asarray(np.isfinite(A).all((-2, -1)))
    for loop in graph.loops:
        rows, columns = np.ix_(loop, loop)
        stable = stable & (stability_index(A[..., rows, columns]) < 1)
    return stable


def path_products(A: ArrayLike, paths: Sequence[Path]) -> Array:
    """Return the product of the arrows along each path.

    Parameters
    ----------
    A : array_like (..., m, m)
        Arrows j → i in row i, column j; real or complex.
    paths : sequence of tuple of int
        Positions along each path, from source to target.

    Returns
    -------
    ndarray (..., P)
        One product a path.

    Examples
    --------
    >>> path_products([[0, 0, 0], [0.5, 0, 0], [0.2, 0.4, 0]], [(0, 2), (0, 1, 2)]).tolist()
    [0.2, 0.2]
    """
    A = np.asarray(A)
    A = A.astype(complex if np.iscomplexobj(A) else float)
    m = A.shape[-1]
    # Shorter paths are filled up with an arrow of size 1, which stands behind the last one of A.
    flat = np.concatenate([A.reshape(*A.shape[:-2], m * m), np.ones((*A.shape[:-2], 1))], axis=-1)
    longest = max((len(path) - 1 for path in paths), default=0)
    place = np.full((longest, len(paths)), m * m)
    for column, path in enumerate(paths):
        place[: len(path) - 1, column] = [to * m + start for start, to in pairwise(path)]
    product = np.ones((*A.shape[:-2], len(paths)), dtype=A.dtype)
    for step in place:
        product = product * flat[..., step]
    return product


@dataclass(frozen=True)
class Decomposition:
    """The effect of one variable on another, taken apart: (...) is the batch.

    Attributes
    ----------
    paths : tuple of tuple of int
        The indirect simple paths.
    specific : ndarray (..., P)
        Product along each of `paths`.
    direct : ndarray (...)
        The arrow itself, 0 if there is none.
    loops : ndarray (...)
        What goes round a loop on the way: total - direct - sum of `specific`. 0 without loops.
    total_indirect : ndarray (...)
        total - direct.
    total : ndarray (...)
        The total effect; NaN where the loop does not die out, as then are `loops` and `total_indirect`.
    """

    paths: tuple[Path, ...]
    specific: Array
    direct: Array
    loops: Array
    total_indirect: Array
    total: Array


def decompose(
    A: ArrayLike, source: int, target: int, graph: PathGraph | None = None, limit: int = PATH_LIMIT
) -> Decomposition:
    """Take the effect of `source` on `target` apart.

    Parameters
    ----------
    A : array_like (..., m, m)
        Arrows j → i in row i, column j; real or complex.
    source, target : int
        Positions of two different variables.
    graph : PathGraph, optional
        The arrows that exist; by default those that are not zero somewhere in the batch.
    limit : int
        The most paths to list.

    Returns
    -------
    Decomposition
        Its parts add up to the total.

    Raises
    ------
    FitError
        If there are more than `limit` paths.

    Examples
    --------
    >>> parts = decompose([[0, 0, 0], [0.5, 0, 0.5], [0.2, 0.4, 0]], 0, 2)
    >>> parts.paths
    ((0, 1, 2),)
    >>> [round(float(x), 3) for x in (parts.direct, parts.specific[0], parts.loops, parts.total)]
    [0.2, 0.2, 0.1, 0.5]
    """
    A = np.asarray(A)
    if graph is None:
        graph = PathGraph((A != 0).reshape(-1, *A.shape[-2:]).any(0))
    paths = tuple(path for path in graph.paths(source, target, limit) if len(path) > 2)
    specific = path_products(A, paths)
    direct, total = A[..., target, source], total_effects(A, graph)[..., target, source]
    indirect = total - direct
    # Without a loop the remainder is zero in exact arithmetic; rounding must not look like an effect.
    turns = graph.through_loop(source, target)
    loops = indirect - specific.sum(-1) if turns else np.zeros_like(indirect)
    return Decomposition(paths, specific, direct, loops, indirect, total)
