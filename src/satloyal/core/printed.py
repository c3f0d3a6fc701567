"""A printed matrix: what its digits leave open, and what was done to make it one that data can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.nearest import nearest_correlation
from satloyal.core.published import check_definite
from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = ["Draws", "Printed"]

Array = NDArray[Any]

_MOST_DECIMALS = 12
_SAME = 1e-9  # relative difference between a number and its rounding that binary floating point explains
_INVERTIBLE = 1e-10  # smallest eigenvalue of the correlations below which a drawn matrix is thrown away
_ATTEMPTS = 50  # drawn matrices a wanted one, after which there is no use in going on
_FEWEST, _CHUNK = 50, 2_000  # matrices drawn at once
# smallest eigenvalue of a smoothed matrix: at zero it has no inverse and no likelihood. A fifth of the
# rounding error, so that raising it costs less than printing did
_FLOOR, _FLOOR_SHARE, _LEAST_FLOOR = 1e-3, 0.2, 1e-8


@dataclass(frozen=True, eq=False)
class Draws:
    """Matrices that print as the one given.

    Parameters
    ----------
    covs : ndarray, shape (B, p, p)
        Those that are positive definite, divisor n.
    drawn : int
        How many were drawn to get them.
    rejected : int
        How many of those were not positive definite.
    """

    covs: Array
    drawn: int
    rejected: int


@dataclass(frozen=True, eq=False)
class Printed:
    """A matrix as a paper prints it.

    Parameters
    ----------
    names : tuple of str
        The p variables.
    matrix : ndarray, shape (p, p)
        As printed, before anything was done to it.
    n : int
    kind : {"cov", "cor"}
    decimals : int or None
        Decimals it is printed with; ``None`` when nobody said.
    sd : ndarray, shape (p,), optional
        Standard deviations that came with correlations; taken as exact.
    change : float
        Largest difference that smoothing made to an entry; 0 when it was left as it is.
    where : tuple of str
        The two variables of that entry.
    least : float
        Smallest eigenvalue of the printed correlations.
    """

    names: tuple[str, ...]
    matrix: Array
    n: int
    kind: str
    decimals: int | None = None
    sd: Array | None = None
    change: float = 0.0
    where: tuple[str, ...] = ()
    least: float = np.nan

    @property
    def smoothed(self) -> bool:
        """Whether the matrix in use is another one than the printed one."""
        return self.change > 0

    @property
    def half_unit(self) -> float:
        """Half a unit of the last digit: the stated one, or the last one that any entry shows."""
        shown = self.decimals if self.decimals is not None else _shown(self.matrix)
        return float(0.5 * 10.0**-shown)

    @property
    def floor(self) -> float:
        """Smallest eigenvalue of the correlations that smoothing leaves."""
        return max(min(_FLOOR, _FLOOR_SHARE * self.half_unit), _LEAST_FLOOR)

    @property
    def explained(self) -> bool:
        """Whether rounding alone can explain what smoothing changed."""
        return self.change <= self.half_unit * (1 + 1e-6)

    def select(self, at: Sequence[int]) -> Printed:
        """Return the part of some variables, by position."""
        return replace(
            self,
            names=tuple(self.names[i] for i in at),
            matrix=self.matrix[np.ix_(at, at)],
            sd=None if self.sd is None else self.sd[list(at)],
        )

    def checked(self, *, smooth: bool) -> tuple[Array, Printed, tuple[Note, ...]]:
        """Return the matrix to use, what is known of it, and notes.

        Raises
        ------
        FitError
            It shows more decimals than stated; or it is not positive definite and must not be smoothed: the
            message holds the smallest eigenvalue, the distance to the nearest correlation matrix and
            whether rounding can explain it.
        """
        notes = self._check_decimals()
        scale = np.sqrt(np.abs(np.diagonal(self.matrix)))
        if not (np.diagonal(self.matrix) > 0).all():
            check_definite(self.matrix, self.names)
        correlations = self.matrix / np.outer(scale, scale)
        least = float(np.linalg.eigvalsh(correlations)[0])
        known = replace(self, least=least)
        if least > _INVERTIBLE:
            check_definite(self.matrix, self.names)
            return self.matrix, known, notes
        near = nearest_correlation(correlations, self.floor) * np.outer(scale, scale)
        gap = np.abs(near - self.matrix)
        i, j = divmod(int(np.argmax(gap)), len(gap))
        known = replace(known, change=float(gap[i, j]), where=(self.names[i], self.names[j]))
        if not smooth:
            check_definite(self.matrix, self.names, nearest=known.verdict(), advice=known._advice())
        text = (
            "the printed matrix is not positive definite (smallest eigenvalue of its correlations "
            f"{least:.2g}); the nearest one with eigenvalues of at least {self.floor:g} (Higham 2002) is "
            f"used instead; it {known.verdict()}"
        )
        return near, known, (*notes, Note("smoothing", text, int((gap > _SAME).sum() // 2)))

    def verdict(self) -> str:
        """Say how far the nearest correlation matrix is, and whether rounding can explain that."""
        a, b = self.where
        far = f"differs by up to {self.change:.2g}, in the entry of {a} and {b}"
        unit = f"half a unit of the last digit is {self.half_unit:g}"
        if self.explained:
            return f"{far}; {unit}, so that rounding alone can explain it"
        if self._ceiling() < 0:
            return f"{far}; {unit}, and no matrix that rounds to the printed one is positive definite"
        return f"{far}; {unit}, so that rounding alone does not explain this distance"

    def _advice(self) -> str:
        if self.explained:
            return "get the matrix with more digits, or say smooth=True to use the nearest one"
        return (
            "look for a typing error, a variable that stands there twice, one that is the sum of others, or "
            "correlations over different respondents; smooth=True uses the nearest one all the same"
        )

    def _ceiling(self) -> float:
        """Largest value that rounding can give to the quadratic form of the smallest eigenvector.

        For any w, w'(S + E)w ≤ w'Sw + h Σ |w_i w_j| when no entry of E is beyond h; correlations have an
        exact diagonal. Below zero, no matrix within rounding is positive definite.
        """
        scale = np.sqrt(np.diagonal(self.matrix))
        w = np.linalg.eigh(self.matrix / np.outer(scale, scale))[1][:, 0] / scale
        room = np.abs(w).sum() ** 2 - (np.square(w).sum() if self.kind == "cor" else 0.0)
        return float(w @ self.matrix @ w + self.half_unit * room)

    def _check_decimals(self) -> tuple[Note, ...]:
        d = self.decimals
        if d is None:
            return ()
        whole = not isinstance(d, bool | np.bool_) and isinstance(d, int | np.integer)
        if not whole or not 0 <= d <= _MOST_DECIMALS or (self.kind == "cor" and d == 0):
            raise FitError(
                f"decimals is {d!r}", where="from_matrix",
                fix=f"give the digits behind the point, a whole number up to {_MOST_DECIMALS}",
            )  # fmt: skip
        gap = np.abs(np.round(self.matrix, d) - self.matrix)
        if (gap > _SAME * np.maximum(1.0, np.abs(self.matrix))).any():
            i, j = divmod(int(np.argmax(gap)), len(gap))
            raise FitError(
                f"the entry of {self.names[i]} and {self.names[j]} is {self.matrix[i, j]:.12g}, which has "
                f"more than {d} decimals",
                where="from_matrix", fix="give decimals= as many as the table prints, or leave it out",
            )  # fmt: skip
        text = f"printed with {d} decimals: fit.rounding() says what that leaves open"
        return (Note("rounding", text),)

    def draws(self, size: int, generator: np.random.Generator) -> Draws:
        """Draw matrices that round to the printed one, all equally likely.

        Parameters
        ----------
        size : int
            How many are wanted.
        generator : numpy.random.Generator

        Returns
        -------
        Draws
            Fewer than wanted when hardly any is positive definite.

        Examples
        --------
        >>> printed = Printed(("A", "B"), np.array([[1, .5], [.5, 1]]), 101, "cor", 1)
        >>> r = printed.draws(1000, np.random.default_rng(1)).covs[:, 0, 1] * 101 / 100
        >>> bool(r.min() >= .45), bool(r.max() <= .55)
        (True, True)
        """
        p = len(self.matrix)
        rows, columns = np.tril_indices(p, -1 if self.kind == "cor" else 0)
        kept: list[Array] = []
        have, drawn, rejected = 0, 0, 0
        while have < size and drawn < _ATTEMPTS * size:
            count = min(max(size - have, _FEWEST), _CHUNK)
            noise = generator.uniform(-self.half_unit, self.half_unit, (count, len(rows)))
            batch = np.repeat(self.matrix[None], count, axis=0)
            batch[:, rows, columns] += noise
            batch[:, columns, rows] = batch[:, rows, columns]
            good = _definite(batch)
            kept.append(batch[good][: size - have])
            have += len(kept[-1])
            drawn += count
            rejected += int((~good).sum())
        covs = np.concatenate(kept) if kept else np.zeros((0, p, p))
        if self.sd is not None:
            covs = covs * np.outer(self.sd, self.sd)
        return Draws(covs * (self.n - 1) / self.n, drawn, rejected)


def _definite(batch: Array) -> Array:
    diagonal = np.diagonal(batch, axis1=1, axis2=2)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    least = np.linalg.eigvalsh(batch / (scale[:, :, None] * scale[:, None, :]))[:, 0]
    good: Array = (least > _INVERTIBLE) & (diagonal > 0).all(axis=1)
    return good


def _shown(matrix: Array) -> int:
    """Fewest decimals that show every entry."""
    for d in range(_MOST_DECIMALS):
        if (np.abs(np.round(matrix, d) - matrix) <= _SAME * np.maximum(1.0, np.abs(matrix))).all():
            return d
    return _MOST_DECIMALS
