"""Roles of variables: who measures, who is explained, who explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Roles"]

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class Roles:
    """What each variable does in a model, read off its relations.

    Parameters
    ----------
    triples : tuple of (lhs, op, rhs)
        Relations in the order of the model text; other operators are ignored.

    Examples
    --------
    >>> roles = Roles((("F", "=~", "x1"), ("F", "=~", "x2"), ("y", "~", "F"), ("y", "~", "age")))
    >>> roles.observed, roles.latent, roles.covariates, roles.terminal
    (('x1', 'x2', 'y', 'age'), ('F',), ('age',), ('y',))
    """

    triples: tuple[Triple, ...]

    def _lhs(self, *ops: str) -> tuple[str, ...]:
        return _unique(lhs for lhs, op, _ in self.triples if op in ops)

    def _rhs(self, *ops: str) -> tuple[str, ...]:
        return _unique(rhs for _, op, rhs in self.triples if op in ops)

    @cached_property
    def latent(self) -> tuple[str, ...]:
        """Latent variables and composites in order of appearance."""
        return self._lhs("=~", "<~")

    @cached_property
    def composites(self) -> tuple[str, ...]:
        """Variables formed by others with ``<~``."""
        return self._lhs("<~")

    @cached_property
    def indicators(self) -> dict[str, tuple[str, ...]]:
        """For each latent variable what measures it, for each composite what forms it."""
        found: dict[str, list[str]] = {name: [] for name in self.latent}
        for lhs, op, rhs in self.triples:
            if op in ("=~", "<~") and rhs not in found[lhs]:
                found[lhs].append(rhs)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Everything on the right of ``=~``, observed or latent."""
        return self._rhs("=~")

    @cached_property
    def explained(self) -> tuple[str, ...]:
        """Everything on the left of ``~``, observed or latent."""
        return self._lhs("~")

    @cached_property
    def explaining(self) -> tuple[str, ...]:
        """Everything on the right of ``~`` or ``<~``, observed or latent."""
        return self._rhs("~", "<~")

    @cached_property
    def covariates(self) -> tuple[str, ...]:
        """Observed variables that explain others and are neither explained nor indicators."""
        known = {*self.latent, *self.measured, *self.explained}
        return tuple(name for name in self.explaining if name not in known)

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """Observed variables: indicators, then explained ones, then covariates, then all others."""
        others = _unique(
            name for lhs, op, rhs in self.triples for name in ((lhs, rhs) if op == "~~" else (lhs,)) if name
        )
        names = _unique((*self.measured, *self.explained, *self.covariates, *others))
        latent = set(self.latent)
        return tuple(name for name in names if name not in latent)

    @cached_property
    def latent_exogenous(self) -> tuple[str, ...]:
        """Latent variables that nothing explains and that measure no other latent variable."""
        taken = {*self.explained, *self.measured}
        return tuple(name for name in self.latent if name not in taken)

    @cached_property
    def latent_endogenous(self) -> tuple[str, ...]:
        """Latent variables that are explained or measure another latent variable."""
        exogenous = set(self.latent_exogenous)
        return tuple(name for name in self.latent if name not in exogenous)

    @cached_property
    def terminal(self) -> tuple[str, ...]:
        """Explained variables that explain nothing and are no indicators: latent ones, then observed ones."""
        taken = {*self.explaining, *self.measured}
        latent = set(self.latent)
        ends = [name for name in self.explained if name not in taken]
        ordered = [name for name in self.latent if name in ends]
        return (*ordered, *(name for name in ends if name not in latent))

    @cached_property
    def single_indicators(self) -> tuple[str, ...]:
        """Variables that alone measure one latent variable and measure no other."""
        loadings = [rhs for _, op, rhs in self.triples if op == "=~"]
        composites = set(self.composites)
        alone = (items[0] for f, items in self.indicators.items() if len(items) == 1 and f not in composites)
        return _unique(name for name in alone if loadings.count(name) == 1)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
