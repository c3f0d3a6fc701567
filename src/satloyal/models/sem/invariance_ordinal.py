"""Steps of measurement invariance for ordinal items: thresholds first, then loadings."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satloyal.errors import FitError
from satloyal.models.sem.ordinal_table import ordinal_variables
from satloyal.spec.table import build_table
from satloyal.spec.tokens import quote

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.syntax import Model

__all__ = ["ORDINAL_STEPS", "OrdinalPlan"]

ORDINAL_STEPS: Mapping[str, tuple[str, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings", "intercepts"),
    "strict": ("thresholds", "loadings", "intercepts", "residuals"),
}
"""The steps in order, and what each holds equal across groups."""

_BEFORE_SCALAR = ("thresholds", "metric")


@dataclass(frozen=True)
class OrdinalPlan:
    """What each step says beside ``group_equal``.

    Equal thresholds give the latent responses a common scale, so that from then on their intercepts and
    residual variances are free in later groups, and latent means are not before intercepts are equal (Wu &
    Estabrook 2016, *Psychometrika* 81:1014-1045). In the theta parameterisation.

    Parameters
    ----------
    items : tuple of str
        Ordinal items.
    latent : tuple of str
    groups : int
    others : tuple of str
        Observed variables that are not ordinal.
    """

    items: tuple[str, ...]
    latent: tuple[str, ...]
    groups: int
    others: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, model: Model, ordered: bool | str | Sequence[str], groups: int, columns: Container[str] = ()
    ) -> OrdinalPlan:
        """Read which items are ordinal from the model."""
        table = build_table(model)
        items = ordinal_variables(ordered, table, columns)
        return cls(items, table.latent, groups, tuple(v for v in table.observed if v not in items))

    def exempt(self, step: str) -> tuple[str, ...]:
        """Return what a step leaves free: until scalar, every intercept."""
        names = (*self.items, *self.others) if step in _BEFORE_SCALAR else ()
        return tuple(f"{name}~1" for name in names)

    def text(self, model: Model, step: str, free: Sequence[str]) -> str:
        """Return the model text of a step, what is let free written into it."""
        return "\n".join((str(model), *self._lines(step, {name.replace(" ", "") for name in free})))

    def _lines(self, step: str, free: set[str]) -> Iterator[str]:
        if step == "configural":
            return
        zeros = f"c({', '.join('0' for _ in range(self.groups))})"
        later = ", ".join("NA" for _ in range(self.groups - 1))
        for name in self.items:
            if step in _BEFORE_SCALAR or f"{name}~1" in free:
                yield f"{quote(name)} ~ c(0, {later})*1"
            if step == "strict" and f"{name}~~{name}" in free:
                yield f"{quote(name)} ~~ c(1, {later})*{quote(name)}"
        if step in _BEFORE_SCALAR:
            yield from (f"{quote(name)} ~ {zeros}*1" for name in self.latent)

    def check(self, fit: SemFit, steps: Sequence[str]) -> None:
        """Refuse to test thresholds and loadings of two-category items apart, which no data can.

        Raises
        ------
        FitError
            Where an item has two categories and the steps take thresholds or loadings alone.
        """
        counts = {name: sum(r.op == "|" and r.lhs == name and r.group == 1 for r in fit.table.rows)
                  for name in self.items}  # fmt: skip
        binary = [name for name, count in counts.items() if count == 1]
        if binary and any(step in _BEFORE_SCALAR for step in steps):
            raise FitError(
                f"{', '.join(binary)} has two categories: its threshold and its loading cannot be tested "
                "apart", where="steps=", fix="use steps=('configural', 'scalar', 'strict')",
            )  # fmt: skip
