"""Product indicators: the items of a latent interaction or a latent quadratic term."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError
from satloyal.models.sem.data import Data
from satloyal.notes import Note
from satloyal.spec.tokens import quote

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Match", "Method", "Products", "products"]

Array = NDArray[Any]
Method = Literal["double_mean_centered", "residual_centered"]
Match = Literal["matched", "all"]

_FEWEST = 2


@dataclass(frozen=True, eq=False)
class Products:
    """Data with product indicators, and the model text that goes with them.

    Parameters
    ----------
    frame : DataFrame
        The data with the products as further columns; NaN where an item is missing.
    factor : str
        Name of the product factor.
    pairs : dict of str to tuple of str
        Product → its two items.
    method, match : str
    notes : tuple of Note
    """

    frame: pd.DataFrame
    factor: str
    pairs: dict[str, tuple[str, str]]
    method: Method
    match: Match
    notes: tuple[Note, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the products."""
        return tuple(self.pairs)

    @property
    def measurement(self) -> str:
        """Model text: the product factor measured by its products."""
        return f"{quote(self.factor)} =~ {' + '.join(map(quote, self.names))}"

    @property
    def covariances(self) -> str:
        """Model text: residual covariances of products that share an item; empty where none do."""
        lines = []
        for i, (a, items) in enumerate(self.pairs.items()):
            others = [b for b in self.names[i + 1 :] if set(items) & set(self.pairs[b])]
            if others:
                lines.append(f"{quote(a)} ~~ {' + '.join(map(quote, others))}")
        return "\n".join(lines)

    @property
    def text(self) -> str:
        """Model text of the product factor: :attr:`measurement` and :attr:`covariances`."""
        return "\n".join(part for part in (self.measurement, self.covariances) if part)


def products(
    data: pd.DataFrame | Survey,
    x_items: Sequence[str],
    z_items: Sequence[str] | None = None,
    *,
    method: Method = "double_mean_centered",
    match: Match = "matched",
    factor: str = "XZ",
    weights: str | Sequence[float] | ArrayLike | None = None,
) -> Products:
    """Make product indicators for a latent interaction, or for a latent quadratic term.

    Parameters
    ----------
    data : DataFrame or Survey
        Respondents in rows.
    x_items, z_items : sequence of str
        Items of the two constructs. Without `z_items` the products are those of the x items among
        themselves, for a quadratic term.
    method : {"double_mean_centered", "residual_centered"}
        Items centred, multiplied, and the products centred again, so that no mean structure is needed
        (Lin, Wen, Marsh & Lin 2010, *Struct. Equ. Modeling* 17:374-391); or products of items with what is
        linear in the items of both constructs taken out (Little, Bovaird & Widaman 2006, *Struct. Equ.
        Modeling* 13:497-519). Both give the same whatever constant is added to an item.
    match : {"matched", "all"}
        Each item used once, first with first, so give the most reliable items first (Marsh, Wen & Hau 2004,
        *Psychol. Methods* 9:275-300); or every pair, where products that share an item have residual
        covariances.
    factor : str
        Name of the product factor.
    weights : str or array_like, optional
        Sampling weights, for the means and regressions taken out. A Survey's own are used unasked.

    Returns
    -------
    Products
        ``frame`` for :func:`satloyal.fit_sem`, ``text`` for its model.

    Raises
    ------
    FitError
        Fewer than two items, an item twice or in both sets, sets of different length to be matched, an item
        that is no number or constant, or a column that a product would overwrite.

    Notes
    -----
    Products are not normal even where items are: read robust or bootstrap standard errors. ``std_all`` of
    the product is not its standardised effect; :func:`satloyal.probe_interaction` gives that.

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(6); F = rng.normal(size=(800, 2))
    >>> items = np.repeat(F, 2, axis=1) + 0.5 * rng.normal(size=(800, 4))
    >>> data = pd.DataFrame(items, columns=["s1", "s2", "v1", "v2"])
    >>> data["loyalty"] = F @ [0.4, -0.2] + 0.3 * F[:, 0] * F[:, 1] + 0.5 * rng.normal(size=800)
    >>> made = sl.products(data, ["s1", "s2"], ["v1", "v2"])
    >>> print(made.text)
    XZ =~ s1_by_v1 + s2_by_v2
    >>> model = "S =~ s1 + s2" + chr(10) + "V =~ v1 + v2" + chr(10) + "loyalty ~ S + V + XZ"
    >>> fit = sl.fit_sem(model + chr(10) + made.text, made.frame)
    >>> round(float(fit.params["loyalty ~ XZ"]), 1)
    0.3
    """
    x = _items(x_items, "x_items")
    z = None if z_items is None else _items(z_items, "z_items")
    _check(x, z, method, match)
    given = Data.of(data, group=None, cluster=None, weights=weights)  # type: ignore[arg-type]
    if given.frame is None:
        raise FitError("products need rows, and the data are moments", where="products", fix="give the rows")
    frame = given.frame
    pairs = _pairs(x, z, match)
    taken = [name for name in pairs if name in frame.columns]
    if taken or factor in frame.columns:
        raise FitError(
            f"the data already have a column {(taken or [factor])[0]!r}", where="products",
            fix="rename it, or give the product factor another name with factor=",
        )  # fmt: skip
    items = list(dict.fromkeys((*x, *(z or ()))))
    rows = CompleteRows.of(frame, items, weights=given.weights)
    made = _values(rows, list(pairs.values()), method)
    columns = pd.DataFrame(np.nan, index=np.arange(len(frame)), columns=list(pairs))
    columns.iloc[_complete(frame, items, given.weights)] = made
    out = pd.concat([frame, columns.set_axis(frame.index)], axis=1)
    words = "centred twice"
    if method == "residual_centered":
        words = "with the linear part of the items taken out"
    text = f"{len(pairs)} products of {match} items, {words}"
    return Products(out, factor, pairs, method, match, (*rows.notes, Note("products", text, len(pairs))))


def _items(items: Sequence[str], where: str) -> tuple[str, ...]:
    given = (items,) if isinstance(items, str) else tuple(items)
    if len(given) < _FEWEST:
        raise FitError(
            f"{len(given)} item{'' if len(given) == 1 else 's'}", where=f"{where}=",
            fix="a latent interaction needs two items or more of each construct; with one, multiply scores",
        )  # fmt: skip
    if len(set(given)) < len(given):
        raise FitError("an item is named twice", where=f"{where}=", fix="name each item once")
    return given


def _check(x: tuple[str, ...], z: tuple[str, ...] | None, method: str, match: str) -> None:
    for name, value, allowed in (
        ("method", method, ("double_mean_centered", "residual_centered")),
        ("match", match, ("matched", "all")),
    ):
        if value not in allowed:
            choices = " or ".join(repr(a) for a in allowed)
            raise FitError(f"{name} is {value!r}", where="products", fix=f"use {choices}")
    if z is None:
        return
    both = [item for item in x if item in z]
    if both:
        raise FitError(
            f"{both[0]!r} stands in both sets", where="products",
            fix="an item measures one of the two constructs; for a quadratic term leave z_items out",
        )  # fmt: skip
    if match == "matched" and len(x) != len(z):
        raise FitError(
            f"{len(x)} and {len(z)} items cannot be matched one to one", where="products",
            fix="leave out the least reliable items of the longer set, or use match='all'",
        )  # fmt: skip


def _pairs(x: tuple[str, ...], z: tuple[str, ...] | None, match: str) -> dict[str, tuple[str, str]]:
    pairs: Iterable[tuple[str, str]]
    if z is None:
        pairs = zip(x, x, strict=True) if match == "matched" else combinations_with_replacement(x, 2)
    else:
        pairs = zip(x, z, strict=True) if match == "matched" else product(x, z)
    return {f"{a}_by_{b}": (a, b) for a, b in pairs}


def _complete(frame: pd.DataFrame, items: list[str], weights: Array | None) -> Array:
    """Return which rows have every item, and a weight, as a mask."""
    keep: Array = frame[items].notna().all(axis=1).to_numpy()
    return keep if weights is None else keep & np.isfinite(weights) & (weights > 0)


def _values(rows: CompleteRows, pairs: list[tuple[str, str]], method: str) -> Array:
    """Return the products of complete rows, shape (n, k)."""
    weight = np.ones(len(rows.values)) if rows.weights is None else rows.weights
    share = weight / weight.sum()
    # numbers around 1,000 lose digits in a product: both methods are indifferent to where items begin
    centred = rows.values - share @ rows.values
    place = {name: j for j, name in enumerate(rows.names)}
    raw = np.column_stack([centred[:, place[a]] * centred[:, place[b]] for a, b in pairs])
    if method == "residual_centered":
        root = np.sqrt(weight)[:, None]
        design = np.column_stack([np.ones(len(centred)), centred])
        raw = raw - design @ np.linalg.lstsq(root * design, root * raw, rcond=None)[0]
    centred_products: Array = raw - share @ raw
    return centred_products
