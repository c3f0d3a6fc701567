"""Parameter tables of ordinal items: thresholds and scales join, means and residual variances leave."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from satloyal.errors import FitError
from satloyal.models.sem.identify import row_name
from satloyal.spec.parameter import Parameter

if TYPE_CHECKING:
    from satloyal.models.sem.data import Sample
    from satloyal.spec.table import ParameterTable

__all__ = [
    "Parameterization",
    "check_items",
    "covariates_last",
    "ordinal_table",
    "ordinal_variables",
    "with_cuts",
]

Parameterization = Literal["delta", "theta"]


def with_cuts(equal: Sequence[str]) -> tuple[str, ...]:
    """Return kinds of equal parameters, thresholds and intercepts together, as in lavaan.

    Thresholds are to ordinal items what intercepts are to the others of a model.
    """
    both = ("thresholds", "intercepts")
    return tuple(dict.fromkeys((*equal, *both))) if set(both) & set(equal) else tuple(equal)


def ordinal_variables(
    ordered: bool | str | Sequence[str], table: ParameterTable, columns: Container[str] = ()
) -> tuple[str, ...]:
    """Return the ordinal variables of a model: those named, or with ``True`` all but the covariates.

    Parameters
    ----------
    ordered : bool or sequence of str
    table : ParameterTable
    columns : container of str
        What else the data have; a name among them that the model does not use is passed over.

    Raises
    ------
    FitError
        A name that is no observed variable of the model and no column.
    """
    if ordered is True:
        return tuple(name for name in table.observed if name not in table.covariates)
    if not isinstance(ordered, str | Iterable):
        raise FitError(f"ordered is {ordered!r}", where="ordered=", fix="name items, or say ordered=True")
    names = (ordered,) if isinstance(ordered, str) else tuple(dict.fromkeys(ordered))
    for name in names:
        if name not in table.observed and name not in columns:
            raise FitError(
                f"ordered names {name!r}, which is no observed variable of the model", where="ordered=",
                fix="name items of the model, or say ordered=True",
            )  # fmt: skip
    found = tuple(name for name in table.observed if name in names)
    if not found:
        raise FitError(
            "ordered names no variable of the model", where="ordered=", fix="name items of the model"
        )
    return found


def check_items(table: ParameterTable, items: Sequence[str], parameterization: str) -> None:
    """Refuse roles that an ordinal variable cannot have.

    Raises
    ------
    FitError
        An ordinal covariate, or in the delta parameterisation an ordinal variable that explains others.
    """
    if parameterization not in get_args(Parameterization):
        raise FitError(
            f"parameterization is {parameterization!r}", where="fit_sem", fix="use 'delta' or 'theta'"
        )
    for name in items:
        if name in table.covariates:
            raise FitError(
                f"the covariate {name!r} is declared ordinal, and nothing explains it", where="ordered=",
                fix=f"leave {name!r} out of ordered= (it is then taken as it is coded), or give the model "
                "one 0/1 column a category",
            )  # fmt: skip
        drives = [r for r in table.rows if r.op in ("~", "<~") and r.rhs == name]
        if drives and parameterization == "delta":
            raise FitError(
                f"the ordinal variable {name!r} explains {drives[0].lhs!r}: its residual variance is then no "
                "leftover of its own variance alone", where="fit_sem",
                fix="use parameterization='theta', or measure it with a latent variable",
            )  # fmt: skip


def covariates_last(table: ParameterTable) -> ParameterTable:
    """Return the table with covariates that are taken as given after all other observed variables."""
    rest = tuple(name for name in table.observed if name not in table.exogenous)
    return replace(table, observed=(*rest, *table.exogenous))


@dataclass(frozen=True, slots=True)
class _Rules:
    """How one table is changed."""

    items: dict[str, int]  # categories of each item
    theta: bool
    equal: frozenset[str]
    partial: frozenset[str]

    def row(self, row: Parameter) -> Parameter:
        """Return a row as it is with ordinal items."""
        later = row.group > 1 and "thresholds" in self.equal
        default = row.origin == "default"
        if row.op == "~1" and row.lhs in self.items and default:
            return replace(row, value=0.0, free=0, label="")
        origin = row.op == "~1" and default and row.free == 0 and not row.fixed_x
        if later and origin and "means" not in self.equal:
            return replace(row, value=None, free=-1)  # latent means: equal thresholds give them an origin
        if row.op != "~~" or row.lhs != row.rhs or row.lhs not in self.items:
            return row
        if not self.theta:
            if not default:
                raise FitError(
                    f"{row_name(row)} is written, and in the delta parameterisation the residual variance "
                    "of an ordinal item is no parameter: it is what its factors leave of 1",
                    fix="leave it out, or use parameterization='theta'",
                )
            return replace(row, value=None, free=0, label="")
        if not default:
            return row
        free = later and "residuals" not in self.equal
        return replace(row, value=None if free else 1.0, free=-1 if free else 0, label="")

    def added(self, rows: Sequence[Parameter], group: int) -> Iterator[Parameter]:
        """Yield thresholds that are not written, and scales."""
        written = {(r.lhs, r.rhs) for r in rows if r.op == "|"}
        for name, size in self.items.items():
            for k in range(1, size):
                if (name, f"t{k}") in written:
                    continue
                same = "thresholds" in self.equal and f"{name}|t{k}" not in self.partial
                label = f".{name}|t{k}." if same else ""
                yield Parameter(name, "|", f"t{k}", group, -1, label=label, origin="default")
        for name in self.items:
            free = group > 1 and "thresholds" in self.equal and not self.theta
            computed = self.theta
            yield Parameter(
                name, "~*~", name, group, -1 if free else 0, value=None if free or computed else 1.0,
                origin="default",
            )  # fmt: skip


def ordinal_table(
    table: ParameterTable,
    sample: Sample,
    *,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
) -> ParameterTable:
    """Return the table of a model with ordinal items.

    Parameters
    ----------
    table : ParameterTable
        As for continuous variables, with intercepts.
    sample : Sample
        Which variables are ordinal, and their categories.
    group_equal, group_partial : sequence of str
        With ``"thresholds"`` they are held equal over groups, later groups have free latent means, and
        free scales (delta) or free residual variances (theta) of their items (Millsap & Yun-Tein 2004).

    Raises
    ------
    FitError
        A threshold that the data do not have; a residual variance written in the delta parameterisation.
    """
    ordinal = sample.ordinal
    assert ordinal is not None  # noqa: S101 - asked for ordinal items only
    layout = ordinal.groups[0].layout
    sizes = {name: int(layout.sizes[i]) for i, name in enumerate(layout.names) if layout.ordered[i]}
    partial = frozenset(text.replace(" ", "") for text in group_partial)
    rules = _Rules(sizes, ordinal.theta, frozenset(group_equal), partial)
    rows: list[Parameter] = []
    for group in range(1, table.groups + 1):
        own = [r for r in table.rows if r.group == group]
        for row in own:
            _check_threshold(row, sizes)
        rows += [rules.row(r) for r in own]
        rows += rules.added(own, group)
    rest = [r for r in table.rows if r.group == 0]
    return replace(table, rows=(*_numbered(rows), *rest), ordered=tuple(sizes))


def _check_threshold(row: Parameter, sizes: dict[str, int]) -> None:
    if row.op != "|":
        return
    if row.lhs not in sizes:
        raise FitError(
            f"{row_name(row)} is a threshold of a variable that is not ordinal",
            fix=f"add {row.lhs!r} to ordered=",
        )
    if int(row.rhs[1:]) >= sizes[row.lhs]:
        raise FitError(
            f"{row_name(row)} does not exist: {row.lhs!r} has {sizes[row.lhs]} categories in the data",
            fix=f"write at most t{sizes[row.lhs] - 1}",
        )


def _numbered(rows: Sequence[Parameter]) -> list[Parameter]:
    """Give free parameters their numbers by appearance; −1 stands for one that had none yet."""
    numbers: dict[object, int] = {}
    out = []
    for i, row in enumerate(rows):
        if row.free == 0:
            out.append(row)
            continue
        key: object = row.label or (("new", i) if row.free < 0 else ("old", row.free))
        out.append(replace(row, free=numbers.setdefault(key, len(numbers) + 1)))
    return out
