"""The result of a power study: what simulated studies found, and the sample size that they recommend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from satloyal.errors import FitError
from satloyal.models.presenter import Presented
from satloyal.models.sem.power_effects import NEGLIGIBLE, find_effect
from satloyal.models.sem.result import SemFit

__all__ = ["PowerStudy"]


@dataclass(frozen=True, eq=False)
class PowerStudy(Presented):
    """What simulated studies found.

    Parameters
    ----------
    table : DataFrame
        One row a sample size and effect: ``n, effect, population, std_all, mean, bias, relative_bias, sd,
        mean_se, se_ratio, coverage, coverage_mcse, power, power_mcse, used, failed, inadmissible``.
    truth : SemFit
        The analysis model in the population itself.
    alpha : float
    replicates : int
    seed : int or None
    notes : tuple of str
        What to know before believing it.
    """

    table: pd.DataFrame
    truth: SemFit
    alpha: float
    replicates: int
    seed: int | None
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def sample_size(self, effect: str | None = None, target: float = 0.8, level: float = 0.95) -> pd.Series:
        """Return the sample size at which the power reaches a target.

        Parameters
        ----------
        effect : str, optional
            Which; needed when the study has several.
        target : float
            Wanted power.
        level : float
            Of the interval for Monte Carlo error.

        Returns
        -------
        Series
            ``n, ci_lower, ci_upper, extrapolated``: respondents in each group, rounded up; NaN where more
            respondents do not bring more power.

        Notes
        -----
        The power of a Wald test is Φ(λ√n − z), but for its other tail: λ is fitted to the probits of the
        simulated powers, weighted by their precision. Run the study again at the size that comes out.
        """
        rows = self._of(effect)
        if not self.alpha < target < 1:
            raise FitError(
                f"target is {target!r}", where="sample_size", fix="give a power between alpha and 1"
            )
        critical = float(special.ndtri(1 - self.alpha / 2))
        share = (rows["power"] * rows["used"] + 0.5) / (rows["used"] + 1)
        # a null effect is "found" at rate alpha, and no more often in larger studies
        usable = share.notna() & (rows["used"] > 0) & (rows["population"].abs() > NEGLIGIBLE)
        names = ["n", "ci_lower", "ci_upper", "extrapolated"]
        if not usable.any():
            return pd.Series([np.nan, np.nan, np.nan, True], index=names, name=target)
        rows = rows[usable]
        p = share[usable].to_numpy(dtype=float)
        root = np.sqrt(rows["n"].to_numpy(dtype=float))
        probit = special.ndtri(p) + critical
        density = np.exp(-(special.ndtri(p) ** 2) / 2) / np.sqrt(2 * np.pi)
        weight = rows["used"].to_numpy(dtype=float) * density**2 / (p * (1 - p))
        slope = float((weight * root * probit).sum() / (weight * root**2).sum())
        error = float(1 / np.sqrt((weight * root**2).sum()))
        reach = float(special.ndtri(target)) + critical
        width = float(special.ndtri((1 + level) / 2)) * error

        def size(value: float) -> float:
            return float(np.ceil((reach / value) ** 2)) if value > 0 else np.nan

        if slope - width <= 0:
            return pd.Series([np.nan, np.nan, np.nan, True], index=names, name=target)
        n = size(slope)
        outside = not rows["n"].min() <= n <= rows["n"].max()
        return pd.Series([n, size(slope + width), size(slope - width), outside], index=names, name=target)

    def _of(self, effect: str | None) -> pd.DataFrame:
        known = list(dict.fromkeys(self.table["effect"]))
        if effect is None:
            if len(known) != 1:
                raise FitError(
                    f"the study has {len(known)} effects", where="sample_size", fix=f"name one: {known[0]!r}"
                )
            effect = known[0]
        found = find_effect(effect, known)
        return self.table[self.table["effect"] == found]

    def summary(self) -> str:
        """Return the table and its notes as text."""
        text = self.table.to_string(index=False, float_format=lambda v: f"{v:.3f}", na_rep="")
        return "\n".join((text, *(f"- {note}" for note in self.notes)))

    def __str__(self) -> str:
        return self.summary()
