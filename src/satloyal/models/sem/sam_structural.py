"""The second step of structural-after-measurement estimation: its estimates, and what they cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Never

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.fit import Check
from satloyal.models.sem.measures import undefined
from satloyal.models.sem.result import SemFit
from satloyal.models.sem.tidy import estimates
from satloyal.notes import Note

__all__ = ["StructuralFit"]

_OF_FIT = ("exact fit", "approximate fit", "local fit", "independence")
_STANDARDISED = ["std_lv", "std_all"]
_ENOUGH = 300
_SOURCE = "Wall & Amemiya 2000, J. Am. Stat. Assoc. 95:929-940"


@dataclass(frozen=True, eq=False)
class StructuralFit(SemFit):
    """The structural part, with standard errors that know the first step was estimated too.

    Parameters
    ----------
    products : tuple of str
        Products of constructs among its variables.
    untested : str
        Why its fit is not tested; empty where it is.
    """

    products: tuple[str, ...] = ()
    untested: str = ""

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """How the estimates came about."""
        start = f"structural part by maximum likelihood from latent moments, n = {self.nobs}; "
        if not self.untested:
            text = (
                "two-step standard errors; χ² and its indices are those of the structural part and take the "
                "factors as if they were observed, so that true models are rejected too often: judge fit by "
                "fit_sem"
            )
            return (Note("estimation", start + text),)
        how = "robust two-step standard errors (each row's influence on both steps)"
        out = [Note("estimation", f"{start}{how}; {self.untested}")]
        if self.products:
            text = (
                "moments of products are corrected for measurement error, taken as normal, up to fourth "
                "order; constructs are centred at their means, so that every other effect is that at the "
                "means; standardised values of products are undefined as such: probe_interaction has theirs"
            )
            out.append(Note("products", text, len(self.products)))
        return tuple(out)

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        table = estimates(self)
        table.loc[self._of_products(table), _STANDARDISED] = np.nan
        return table

    def _of_products(self, table: pd.DataFrame) -> pd.Series:
        return table["lhs"].isin(self.products) | table["rhs"].isin(self.products)

    @cached_property
    def _glance(self) -> pd.Series:
        return undefined(self.npar, self.nobs) if self.untested else SemFit._glance.func(self)  # type: ignore[attr-defined]

    def standardized(self, kind: Any = "std_all", level: float = 0.95) -> pd.DataFrame:
        """Return the standardised solution; NaN for products, which have none as such."""
        table = super().standardized(kind, level)
        own = self._of_products(table)
        numbers = table.select_dtypes("float").columns
        table.loc[own, numbers] = np.nan
        return table

    def effects(
        self, source: str | None = None, target: str | None = None, *, level: float = 0.95
    ) -> pd.DataFrame:
        """Take the effects apart, at the means of constructs that stand in products; see :class:`SemFit`."""
        table = super().effects(source, target, level=level)
        if self.products:
            table.loc[table["source"].isin(self.products), "std_all"] = np.nan
            said = "Effects of constructs that stand in a product are those at the means of all constructs."
            table.attrs["notes"] = (*table.attrs.get("notes", ()), said)
        return table

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Judgements about this fit; none of its fit to the moments where that is not tested."""
        found = super().checks
        if not self.untested:
            return found
        kept = tuple(c for c in found if c.name not in _OF_FIT)
        if not self.converged:
            return kept
        own = Check("exact fit", "not_applicable", self.untested)
        return (*kept, own, *((self._enough(),) if self.products else ()))

    def _enough(self) -> Check:
        """Judge whether fourth moments are known well enough for the errors of products."""
        least = min(g.n for g in self.sample.groups)
        few = least < _ENOUGH
        text = f"{least} respondents" + (" in the smallest group" if self.ngroups > 1 else "")
        if few:
            text += (
                ": intervals of effects of products are somewhat too short (in simulations those of squares "
                "covered 90 % at 150 and 93 % at 300, of 95 %)"
            )
        advice = "collect more answers, or read these intervals as too narrow" if few else ""
        return Check("products", "warn" if few else "pass", text, value=float(least), threshold=_ENOUGH,
                     advice=advice, source=_SOURCE)  # fmt: skip

    def headline(self) -> str:
        """Return the first line: whether this may be used, and how it fits."""
        if not self.untested or not self.converged:
            return super().headline()
        bad = "; ".join(c.message.rstrip(".") for c in self.checks if c.status == "fail")
        state = f"NOT TO BE USED AS IT IS: {bad}" if bad else "the solution is admissible"
        times = "iteration" if self.iterations == 1 else "iterations"
        return f"Converged after {self.iterations} {times}; {state}. Not tested: {self.untested}."

    def with_vcov(self, kind: Any) -> Never:
        """Refuse: other covariance matrices do not know the first step."""
        raise FitError(f"{kind!r} standard errors ignore the measurement step", fix="read the two-step ones")

    def bootstrap(self, *_: Any, **__: Any) -> Never:
        """Refuse: resamples of latent moments do not know the first step."""
        raise FitError("a bootstrap of the structural part ignores the measurement step",
                       fix="fit the model with fit_sem and bootstrap that")  # fmt: skip
