"""The Fit contract: what every ``fit_*`` function returns.

A fit is a frozen value. ``tidy()`` is the one truth for its numbers; everything else derives from it.
Pictures and HTML are made by the reporting layer, which registers itself here as the presenter, so that
models never import reporting.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from satloyal.models.presenter import Presented

if TYPE_CHECKING:
    from satloyal.notes import Note

__all__ = ["Check", "Fit", "Status", "plain"]

Status = Literal["pass", "warn", "fail", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement about a fit, with its rule.

    Parameters
    ----------
    name : str
        What was judged (``"convergence"``, ``"admissibility"``, ``"discriminant validity"``).
    status : {"pass", "warn", "fail", "not_applicable"}
        The judgement. ``fail`` means that the numbers must not be used for a claim.
    message : str
        What was found, as a sentence with its numbers.
    value, threshold : float, optional
        The figure that was judged and the rule's limit.
    advice : str, optional
        What the user can do about it.
    source : str, optional
        Where the rule comes from.
    """

    name: str
    status: Status
    message: str
    value: float | None = None
    threshold: float | None = None
    advice: str = ""
    source: str = ""


def plain(value: Any) -> Any:
    """Turn numpy and pandas values into JSON values; an undefined number becomes ``None``.

    Examples
    --------
    >>> plain({"a": np.float64(1.5), "b": float("nan")})
    {'a': 1.5, 'b': None}
    """
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict(orient="records")]
    if isinstance(value, pd.Series):
        return plain(value.to_dict())
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if value is None or value is pd.NA:
        return None
    return str(value)


class Fit(Presented, ABC):
    """Base of all results.

    Subclasses are frozen dataclasses that set :attr:`family` and implement :meth:`tidy`, :meth:`glance`
    and the properties below. Nothing here mutates.
    """

    family: ClassVar[str] = ""

    @property
    @abstractmethod
    def converged(self) -> bool:
        """Whether the estimates are a solution at all."""

    @property
    def admissible(self) -> bool:
        """Whether the solution lies inside the parameter space."""
        return self.converged

    @property
    @abstractmethod
    def checks(self) -> tuple[Check, ...]:
        """Judgements, worst news not hidden."""

    @property
    @abstractmethod
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data and why."""

    @abstractmethod
    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter: the one truth for numbers."""

    @abstractmethod
    def glance(self) -> pd.Series:
        """Return the model-level figures under their usual names."""

    @abstractmethod
    def headline(self) -> str:
        """Return the first line of every rendering: what this is, and whether it may be used."""

    def _terms(self) -> pd.Index:
        """Names of the rows of :meth:`tidy` for the statsmodels-like accessors."""
        terms: pd.Index = pd.Index(self.tidy()["term"], name="term")
        return terms

    def _column(self, name: str) -> pd.Series:
        return pd.Series(self.tidy()[name].to_numpy(dtype=float), index=self._terms(), name=name)

    @property
    def params(self) -> pd.Series:
        """Estimates, indexed by term."""
        return self._column("est")

    @property
    def bse(self) -> pd.Series:
        """Standard errors, indexed by term."""
        return self._column("se")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values, indexed by term."""
        return self._column("pvalue")

    def conf_int(self) -> pd.DataFrame:
        """Return the interval of each term as columns ``ci_lower`` and ``ci_upper``."""
        return pd.DataFrame({name: self._column(name) for name in ("ci_lower", "ci_upper")})

    def failed_checks(self) -> tuple[Check, ...]:
        """Return the checks with status ``fail``."""
        return tuple(c for c in self.checks if c.status == "fail")

    def summary(self) -> str:
        """Return everything as text: headline, figures, estimates, checks, notes."""
        figures = self.glance().to_string(float_format=lambda v: f"{v:.4f}")
        table = self.tidy().to_string(index=False, float_format=lambda v: f"{v:.4f}", na_rep="")
        checks = "\n".join(
            f"[{c.status}] {c.name}: {c.message}" for c in self.checks if c.status != "not_applicable"
        )
        notes = "\n".join(f"- {note}" for note in self.notes)
        parts = [self.headline(), figures, table, "Checks\n" + checks]
        if notes:
            parts.append("Notes\n" + notes)
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values; undefined numbers are ``None``."""
        return {
            "family": self.family,
            "headline": self.headline(),
            "converged": bool(self.converged),
            "admissible": bool(self.admissible),
            "glance": plain(self.glance()),
            "estimates": plain(self.tidy()),
            "checks": [
                plain({name: getattr(c, name) for name in Check.__dataclass_fields__}) for c in self.checks
            ],
            "notes": [str(n) for n in self.notes],
        }
