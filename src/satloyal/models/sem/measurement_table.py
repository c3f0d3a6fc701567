"""The measurement of a model as one table: a row a construct, with all that is to be known about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.models.sem.constructs import MeasurementModel

__all__ = ["construct_table", "cross_loadings"]

Array = NDArray[Any]

_ENDS = (
    "nearest", "discriminant", "latent_cor_max", "htmt_max", "htmt_max_lower", "htmt_max_upper", "htmt2_max",
    "htmt2_max_lower", "htmt2_max_upper", "fornell_larcker", "item_cross_max",
)  # fmt: skip


def cross_loadings(model: MeasurementModel, label: Any, converged: bool) -> pd.DataFrame:
    r"""Return how each item goes with each construct: the correlations that the model implies.

    .. math:: \operatorname{cor}(x_i, \eta_j) = \frac{(\Lambda \operatorname{Cov}(\eta))_{ij}}
              {\sqrt{\sigma_{ii}\,\operatorname{Var}(\eta_j)}}

    also called structure coefficients. They are correlations with the latent variables, not with scores of
    them; of ordinal items, correlations of the latent responses.

    Parameters
    ----------
    model : MeasurementModel
        A batch of one.
    label : object
        Of the group.
    converged : bool
        NaN throughout where the fit did not converge.

    Returns
    -------
    DataFrame
        ``item, group, construct`` (those that the item is written to measure, joined by commas), then one
        column a construct.

    References
    ----------
    Chin, W. W. (1998). The partial least squares approach to structural equation modeling. In G. A.
    Marcoulides (Ed.), Modern methods for business research (pp. 295-336). Erlbaum. Structure coefficients:
    Graham, J. M., Guthrie, A. C., & Thompson, B. (2003). Consequences of not interpreting structure
    coefficients in published CFA research. Structural Equation Modeling, 10, 142-153.

    Examples
    --------
    >>> import numpy as np, satloyal as sl
    >>> L = np.kron(np.eye(2), np.full((3, 1), .8)); phi = np.array([[1, .5], [.5, 1]])
    >>> R = L @ phi @ L.T; np.fill_diagonal(R, 1)
    >>> names = ["S1", "S2", "S3", "L1", "L2", "L3"]
    >>> moments = sl.Moments.from_matrix(R, 300, names=names, kind="cor")
    >>> fit = sl.fit_sem("SAT =~ S1 + S2 + S3" + chr(10) + "LOY =~ L1 + L2 + L3", moments)
    >>> cross_loadings(MeasurementModel.of(fit, 0, fit.theta), 1, True).round(2).to_dict("records")[0]
    {'item': 'S1', 'group': 1, 'construct': 'SAT', 'SAT': 0.8, 'LOY': 0.4}
    """
    names = [c.name for c in model.constructs]
    values = model.structure()[0]
    table = pd.DataFrame(values if converged else values * np.nan, columns=names)
    owners = [", ".join(c.name for c in model.constructs if i in c.indicators) for i in model.observed]
    head = pd.DataFrame({"item": model.observed, "group": label, "construct": owners})
    return pd.concat([head, table], axis=1)


def construct_table(reliability: pd.DataFrame, pairs: pd.DataFrame, crossed: pd.DataFrame) -> pd.DataFrame:
    """Return one row a construct: its reliability, and how near the nearest other construct is.

    Parameters
    ----------
    reliability, pairs, crossed : DataFrame
        As in :class:`~satloyal.models.sem.measurement.Measurement`.

    Returns
    -------
    DataFrame
        The columns of ``reliability``, and before its ``reason``: ``nearest`` (the construct with the largest
        HTMT, else with the largest correlation); ``discriminant`` (the verdict of that pair);
        ``latent_cor_max`` (the largest correlation with another construct, in absolute value); ``htmt_max``
        and ``htmt2_max`` with their intervals; ``fornell_larcker`` (whether the criterion holds against all
        others); ``item_cross_max`` (the largest correlation of an own item with another construct).

    Examples
    --------
    >>> import numpy as np, satloyal as sl
    >>> L = np.kron(np.eye(2), np.full((3, 1), .8)); phi = np.array([[1, .5], [.5, 1]])
    >>> R = L @ phi @ L.T; np.fill_diagonal(R, 1)
    >>> names = ["S1", "S2", "S3", "L1", "L2", "L3"]
    >>> moments = sl.Moments.from_matrix(R, 300, names=names, kind="cor")
    >>> fit = sl.fit_sem("SAT =~ S1 + S2 + S3" + chr(10) + "LOY =~ L1 + L2 + L3", moments)
    >>> found = fit.measurement()
    >>> table = construct_table(found.reliability, found.pairs, found.cross_loadings)
    >>> table[["construct", "nearest", "htmt_max", "item_cross_max"]].round(3).to_dict("records")[0]
    {'construct': 'SAT', 'nearest': 'LOY', 'htmt_max': 0.5, 'item_cross_max': 0.4}
    """
    rows = [
        _nearest(str(name), group, pairs, crossed)
        for name, group in zip(reliability["construct"], reliability["group"], strict=True)
    ]
    ends = pd.DataFrame(rows, columns=list(_ENDS), index=reliability.index)
    ends["fornell_larcker"] = ends["fornell_larcker"].astype("boolean")
    table: pd.DataFrame = pd.concat(
        [reliability.drop(columns="reason"), ends, reliability[["reason"]]], axis=1
    )
    return table


def _nearest(name: str, group: Any, pairs: pd.DataFrame, crossed: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of the pair that a construct is least distinct in."""
    own = pairs[(pairs["group"] == group) & ((pairs["construct_1"] == name) | (pairs["construct_2"] == name))]
    out: dict[str, Any] = dict.fromkeys(_ENDS, np.nan)
    out |= {"nearest": None, "discriminant": None, "fornell_larcker": pd.NA}
    out["item_cross_max"] = _crossing(name, group, crossed)
    if own.empty:
        return out
    sizes = own["latent_cor"].astype(float).abs()
    out["latent_cor_max"] = sizes.max()
    by = own["htmt"].astype(float) if own["htmt"].notna().any() else sizes
    if by.notna().any():
        worst = own.iloc[int(np.nanargmax(by))]
        out["nearest"] = worst["construct_2"] if worst["construct_1"] == name else worst["construct_1"]
        out["discriminant"] = worst["verdict"]
        for kind in ("htmt", "htmt2"):
            at = worst if kind == "htmt" else _largest(own, kind, worst)
            out[f"{kind}_max"] = at[kind]
            out[f"{kind}_max_lower"], out[f"{kind}_max_upper"] = at[f"{kind}_lower"], at[f"{kind}_upper"]
    judged = own["fornell_larcker"].dropna()
    out["fornell_larcker"] = bool(judged.all()) if len(judged) else pd.NA
    return out


def _largest(own: pd.DataFrame, column: str, otherwise: Any) -> Any:
    values = own[column].astype(float)
    return own.iloc[int(np.nanargmax(values))] if values.notna().any() else otherwise


def _crossing(name: str, group: Any, crossed: pd.DataFrame) -> float:
    """Return the largest correlation of the items of one construct with another construct."""
    alone = crossed[(crossed["group"] == group) & (crossed["construct"] == name)]
    others = [c for c in crossed.columns if c not in ("item", "group", "construct", name)]
    values = alone[others].to_numpy(dtype=float) if others else np.zeros((0, 0))
    return float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else float("nan")
