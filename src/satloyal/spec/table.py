"""The parameter table: every parameter of a model, written or implied, fixed or free, in every group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from satloyal.errors import SpecError
from satloyal.notes import Note
from satloyal.spec.defaults import complete
from satloyal.spec.drafts import draft_relations
from satloyal.spec.effect_coding import effect_coded, with_free_means
from satloyal.spec.expand import expand
from satloyal.spec.formulas import formula_rows, in_order
from satloyal.spec.options import Defaults, EffectCoding, resolve
from satloyal.spec.parameter import Parameter
from satloyal.spec.remarks import remarks
from satloyal.spec.roles import Roles
from satloyal.spec.source import nearest
from satloyal.spec.syntax import Model, parse
from satloyal.spec.text import table_text

__all__ = ["Parameter", "ParameterTable", "build_table"]

_COLUMNS = ("lhs", "op", "rhs", "group", "free", "value", "start", "label", "origin", "fixed_x")


@dataclass(frozen=True)
class ParameterTable:
    """Every parameter of a model.

    Parameters
    ----------
    rows : tuple of Parameter
        Group by group: what the user wrote, then what the defaults add; then definitions and constraints.
    observed : tuple of str
        Observed variables: indicators, explained ones, covariates, others.
    latent : tuple of str
        Latent variables and composites, in order of appearance.
    exogenous : tuple of str
        Observed covariates whose moments are fixed to the sample; empty with ``fixed_x=False``.
    groups : int
        Number of groups.
    meanstructure : bool
        Whether the table has intercepts.
    ordered : tuple of str
        Variables that were declared ordinal.
    notes : tuple of Note
        What the user should know about how the text was understood.
    model : Model or None
        What the table was built from.

    Examples
    --------
    >>> table = build_table("F =~ x1 + x2 + x3")
    >>> table.q, table.observed, table.latent
    (6, ('x1', 'x2', 'x3'), ('F',))
    >>> [r.name for r in table.rows if r.free == 0]
    ['F=~x1']
    """

    rows: tuple[Parameter, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    exogenous: tuple[str, ...]
    groups: int
    meanstructure: bool
    ordered: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    model: Model | None = field(default=None, compare=False, repr=False)

    @cached_property
    def q(self) -> int:
        """Number of free parameters, rows held equal by a label counted once."""
        return max((r.free for r in self.rows), default=0)

    @cached_property
    def definitions(self) -> tuple[Parameter, ...]:
        """Rows with ``:=``, in an order in which each needs only earlier ones."""
        return in_order(self.rows)

    @cached_property
    def constraints(self) -> tuple[Parameter, ...]:
        """Rows with ``==``, ``<`` or ``>``."""
        return tuple(r for r in self.rows if r.op in ("==", "<", ">"))

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Rows that are parameters, free or fixed: all but definitions and constraints."""
        return tuple(r for r in self.rows if r.group > 0)

    @cached_property
    def reported(self) -> tuple[Parameter, ...]:
        """Rows that have an estimate, in the order of `rows`: all but constraints."""
        return tuple(r for r in self.rows if r.op not in ("==", "<", ">"))

    @cached_property
    def roles(self) -> Roles:
        """Roles of the variables."""
        return Roles(tuple((r.lhs, r.op, r.rhs) for r in self.rows if r.group == 1))

    @property
    def composites(self) -> tuple[str, ...]:
        """Variables formed with ``<~``; a part of `latent`."""
        return self.roles.composites

    @property
    def latent_exogenous(self) -> tuple[str, ...]:
        """Latent variables that nothing explains."""
        return self.roles.latent_exogenous

    @property
    def latent_endogenous(self) -> tuple[str, ...]:
        """Latent variables that are explained, or measure a latent variable of higher order."""
        return self.roles.latent_endogenous

    @property
    def covariates(self) -> tuple[str, ...]:
        """Observed variables that explain others and are not explained, fixed or not."""
        return self.roles.covariates

    @property
    def terminal(self) -> tuple[str, ...]:
        """Explained variables that explain nothing and are no indicators."""
        return self.roles.terminal

    @property
    def indicators(self) -> Mapping[str, tuple[str, ...]]:
        """For each latent variable its indicators."""
        return self.roles.indicators

    @cached_property
    def regressions(self) -> Mapping[str, tuple[str, ...]]:
        """For each explained variable what explains it."""
        found: dict[str, list[str]] = {}
        for r in self.rows:
            if r.op == "~" and r.group == 1:
                found.setdefault(r.lhs, []).append(r.rhs)
        return {lhs: tuple(rhs) for lhs, rhs in found.items()}

    def label_values(self, theta: ArrayLike) -> dict[str, NDArray[Any]]:
        """Value of every label and every definition.

        Parameters
        ----------
        theta : array_like, shape (..., q)
            Free parameters in the order of `free`, real or complex; leading dimensions are batches.

        Returns
        -------
        dict of str to ndarray, shape (...)
            Labels of fixed rows have their fixed value; definitions are evaluated in turn.

        Examples
        --------
        >>> table = build_table("m ~ a*x; y ~ b*m; ab := a*b")
        >>> float(table.label_values([0.5, 0.4, 1.0, 1.0])["ab"])
        0.2
        """
        theta = np.asarray(theta)
        shape = theta.shape[:-1]
        env: dict[str, NDArray[Any]] = {}
        for r in self.parameters:
            if r.label:
                env[r.label] = theta[..., r.free - 1] if r.free else np.full(shape, r.value, dtype=float)
        for r in self.definitions:
            if r.expression is not None:
                env[r.lhs] = np.broadcast_to(r.expression.evaluate(env), shape)
        return env

    def check_names(self, columns: Iterable[str]) -> None:
        """Check that every observed variable is a column.

        Parameters
        ----------
        columns : iterable of str
            Columns of the data.

        Raises
        ------
        SpecError
            The message marks the first missing name in the model text and suggests the nearest column.
        """
        known = [str(c) for c in columns]
        missing = [name for name in self.observed if name not in set(known)]
        if not missing:
            return
        name = missing[0]
        message = f"'{name}' is neither a column of the data nor a latent variable"
        if len(missing) > 1:
            message += f" (nor are {', '.join(missing[1:6])}{' …' if len(missing) > 6 else ''})"
        near = nearest(name, (*known, *self.latent))
        fix = f"did you mean '{near}'?" if near else "check the spelling against the columns of the data"
        if ":" in name:
            message = f"the product '{name}' is no column of the data"
            fix = "fit_sam takes products of constructs; for fit_sem compute a column, or use sl.products"
        span = None if self.model is None else self.model.place(name)
        if self.model is None or span is None:
            raise SpecError(message, fix=fix)
        raise self.model.source.error(message, span, fix)

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a data frame, one row a parameter.

        Returns
        -------
        DataFrame
            Columns lhs, op, rhs, group, free, value, start, label, origin, fixed_x.
        """
        frame = pd.DataFrame([[getattr(r, c) for c in _COLUMNS] for r in self.rows], columns=list(_COLUMNS))
        return frame.astype({"value": float, "start": float})

    def to_text(self) -> str:
        """Model text that builds this table again with ``defaults="none"``.

        Pass the same `groups`, `fixed_x` and `meanstructure`. Rows that stand for sample moments are not
        written; in the table built again they come last.

        Examples
        --------
        >>> print(build_table("F =~ x1 + x2 + a*x3").to_text())
        F =~ 1*x1 + x2 + a*x3
        x1 ~~ x1
        x2 ~~ x2
        x3 ~~ x3
        F ~~ F
        """
        return table_text(self.rows, self.groups)


_REMEMBERED = 64  # tables; loops over samples refit the same few


def build_table(
    model: str | Model,
    *,
    groups: int = 1,
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    meanstructure: bool | None = None,
    defaults: Defaults = "sem",
    group_equal: Sequence[str] | str = (),
    group_partial: Sequence[str] | str = (),
    ordered: Sequence[str] = (),
    effect_coding: EffectCoding = False,
) -> ParameterTable:
    """Write out every parameter of a model.

    Parameters
    ----------
    model : str or Model
        Model text, or what :func:`satloyal.spec.syntax.parse` made of it.
    groups : int
        Number of groups.
    std_lv : bool
        Give latent variables their scale by a variance of 1 in place of a first loading of 1.
    orthogonal : bool
        Fix covariances of latent variables that are not written to 0.
    fixed_x : bool
        Take means, variances and covariances of observed covariates from the sample.
    meanstructure : bool, optional
        Whether to have intercepts. By default where the text has some, with several groups, for growth
        models and where `group_equal` names intercepts or means.
    defaults : {"sem", "growth", "none"}
        What is added to the text: as lavaan's ``sem()``/``cfa()``, ``growth()`` or ``lavaan()``.
    group_equal : sequence of str
        Kinds of parameters that are equal across groups: loadings, intercepts, means, thresholds,
        regressions, residuals, residual.covariances, lv.variances, lv.covariances, composite.loadings.
    group_partial : sequence of str
        Parameters exempt from `group_equal`, as in ``"x3~1"``.
    ordered : sequence of str
        Ordinal variables; the table keeps the names and the thresholds that are written.
    effect_coding : bool or sequence of str
        Give latent variables the scale of their indicators on average: ``"loadings"`` of mean one,
        ``"intercepts"`` of sum zero, True for both where there are intercepts.

    Returns
    -------
    ParameterTable

    Raises
    ------
    SpecError
        If the model contradicts itself or an argument is not one of those above.

    Examples
    --------
    >>> table = build_table("m ~ x; y ~ m + x")
    >>> [(r.name, r.free, r.fixed_x) for r in table.rows][-3:]
    [('m~~m', 4, False), ('y~~y', 5, False), ('x~~x', 0, True)]
    """
    return _written(
        str(model) if isinstance(model, Model) else parse(model).source.text,
        groups,
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=fixed_x,
        meanstructure=meanstructure,
        defaults=defaults,
        group_equal=group_equal if isinstance(group_equal, str) else tuple(group_equal),
        group_partial=group_partial if isinstance(group_partial, str) else tuple(group_partial),
        ordered=tuple(ordered),
        effect_coding=effect_coding if isinstance(effect_coding, bool | str) else tuple(effect_coding),
    )


@lru_cache(maxsize=_REMEMBERED)
def _written(
    text: str,
    groups: int,
    *,
    std_lv: bool,
    orthogonal: bool,
    fixed_x: bool,
    meanstructure: bool | None,
    defaults: Defaults,
    group_equal: tuple[str, ...] | str,
    group_partial: tuple[str, ...] | str,
    ordered: tuple[str, ...],
    effect_coding: bool | str | tuple[str, ...],
) -> ParameterTable:
    """Write a table; it is a value, so the same text and options need be worked out only once."""
    model = parse(text)
    drafts, roles = draft_relations(model)
    options = resolve(
        drafts,
        groups=groups,
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=fixed_x,
        meanstructure=meanstructure,
        defaults=defaults,
        group_equal=group_equal,
        group_partial=group_partial,
        effect_coding=effect_coding,
    )
    completed, exogenous = complete(drafts, roles, options)
    completed = with_free_means(completed, roles, model.source, options)
    rows, scaling = effect_coded(expand(completed, roles, model.source, options), roles, options)
    rows += (*formula_rows(model, {r.label for r in rows if r.label}), *scaling)
    return ParameterTable(
        rows=rows,
        observed=roles.observed,
        latent=roles.latent,
        exogenous=exogenous if fixed_x else (),
        groups=groups,
        meanstructure=options.meanstructure,
        ordered=_ordered(ordered, roles),
        notes=remarks(drafts, roles, exogenous, options),
        model=model,
    )


def _ordered(names: Sequence[str], roles: Roles) -> tuple[str, ...]:
    for name in names:
        if name not in roles.observed:
            near = nearest(name, roles.observed)
            fix = f"did you mean '{near}'?" if near else "name observed variables of the model"
            raise SpecError(f"ordered names '{name}', which the model does not", fix=fix)
    return tuple(names)
