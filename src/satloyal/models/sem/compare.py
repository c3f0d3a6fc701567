"""Comparing models of the same data: likelihood-ratio tests where they are nested, criteria where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.fit import plain
from satloyal.models.presenter import Presented
from satloyal.models.sem.difference import DifferenceMethod, difference
from satloyal.models.sem.nesting import check_comparable, relation, tail
from satloyal.models.sem.result import SemFit

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, eq=False)
class Comparison(Presented):
    """Models of the same data side by side.

    Parameters
    ----------
    table : DataFrame
        One row a model, fewest degrees of freedom first: ``model, npar, df, chisq, aic, bic, aic_weight, cfi,
        rmsea, srmr, compared_to, relation, chisq_diff, df_diff, pvalue, delta_cfi, delta_rmsea, verdict``.
    notes : tuple of str
        How nesting was judged, and what could not be compared.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def summary(self) -> str:
        """Return the table and its notes as text."""
        text = self.table.to_string(index=False, float_format=lambda v: f"{v:.4f}", na_rep="")
        return "\n".join((text, *(f"- {note}" for note in self.notes)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values; undefined numbers are ``None``."""
        return {"table": plain(self.table), "notes": list(self.notes)}

    def __str__(self) -> str:
        return self.summary()


def compare(
    *fits: SemFit,
    names: Sequence[str] | None = None,
    alpha: float = 0.05,
    method: DifferenceMethod | None = None,
) -> Comparison:
    """Compare structural equation models of the same data.

    Models are put in the order of their degrees of freedom, and each is tested against the nearest one
    before it in which it is nested. Whether it is nested is found out, not believed: the larger model is
    fitted to the moments that the smaller one implies, and nested models reproduce them (the NET procedure).

    Parameters
    ----------
    *fits : SemFit
        Two or more, of the same variables and respondents, with the same estimator.
    names : sequence of str, optional
        What to call them; ``model 1``, ``model 2`` … in the order given when not named.
    alpha : float
        Level at which a restriction is called rejected.
    method : {"satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"}, optional
        How differences of scaled tests are made. When not given: of tests scaled by their mean (MLM, MLR,
        WLSM) by the factor of both models (2001), of those scaled and shifted (WLSMV, ULSMV, MLMV) and of
        plain ULS and DWLS by the spectrum of the restrictions (2000). With 2010 the factor of the larger
        model is taken at the estimates of the smaller one, which seldom leaves a negative difference.

    Returns
    -------
    Comparison
        A model that did not converge is listed, without numbers, and never compared. Models that are not
        nested get no test: their AIC and BIC stand beside one another.

    Raises
    ------
    FitError
        Fewer than two fits, or fits of other variables, respondents, groups, covariates or estimators, whose
        figures have nothing to do with one another.

    Notes
    -----
    Δχ² = χ²₀ − χ²₁ on df₀ − df₁ (Steiger, Shapiro & Browne 1985, *Psychometrika* 50:253-264); for scaled
    tests divided by c = (df₀c₀ − df₁c₁)/(df₀ − df₁) with the unscaled χ² above it (Satorra & Bentler 2001,
    *Psychometrika* 66:507-514; c₁ at the smaller model's estimates: 2010, 75:243-248); adjusted for mean and
    variance by Satorra (2000, in *Innovations in Multivariate Statistical Analysis*, 233-247). Nesting:
    Bentler & Satorra 2010, *Psychological Methods* 15:111-123.

    Examples
    --------
    >>> import satloyal as sl
    >>> m = sl.Moments.from_matrix(
    ...     [[1, .66, .57], [.66, 1, .53], [.57, .53, 1]], 476,
    ...     names=["Satisfaction", "Trust", "Loyalty"], kind="cor")
    >>> partial = sl.fit_sem("Trust ~ Satisfaction; Loyalty ~ Trust + Satisfaction", m)
    >>> full = sl.fit_sem("Trust ~ Satisfaction; Loyalty ~ Trust; Loyalty ~ 0*Satisfaction", m)
    >>> table = sl.compare(partial, full, names=["partial", "full"]).tidy()
    >>> table[["model", "relation", "df_diff"]].values.tolist()
    [['partial', '', nan], ['full', 'nested', 1.0]]
    >>> round(float(table["chisq_diff"][1]), 1)
    60.6
    """
    labels = _labels(fits, names, alpha)
    for fit, label in zip(fits[1:], labels[1:], strict=True):
        check_comparable(fits[0], fit, labels[0], label)
    usable = sorted((i for i, f in enumerate(fits) if f.converged), key=lambda i: (fits[i].df, i))
    lost = [i for i, f in enumerate(fits) if not f.converged]
    notes = [f"{labels[i]} did not converge and is not compared" for i in lost]
    rows = [_measures(fits[i], labels[i]) for i in usable]
    for place in range(1, len(usable)):
        here = usable[place]
        before = _home(fits, usable[:place], here)
        found, said = _step(fits[before], fits[here], labels[before], labels[here], alpha, method)
        rows[place] |= found
        notes.append(said)
    rows += [{"model": labels[i], "verdict": "did not converge: not compared"} for i in lost]
    columns = [
        "model", "npar", "df", "chisq", "aic", "bic", "aic_weight", "cfi", "rmsea", "srmr", "compared_to",
        "relation", "chisq_diff", "df_diff", "pvalue", "delta_cfi", "delta_rmsea", "verdict",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    gap = table["aic"].astype(float) - table["aic"].astype(float).min()
    table["aic_weight"] = np.exp(-gap / 2) / np.exp(-gap / 2).sum()
    for name in ("compared_to", "relation", "verdict"):
        words = table[name].astype(object)
        table[name] = words.where(words.notna(), "")
    return Comparison(table, tuple(notes))


def _labels(fits: Sequence[SemFit], names: Sequence[str] | None, alpha: float) -> list[str]:
    for fit in fits:
        if not isinstance(fit, SemFit):
            raise FitError(
                f"a {type(fit).__name__} cannot be compared", where="compare", fix="give fits of fit_sem"
            )
    if len(fits) < 2:
        raise FitError(f"there are {len(fits)} fits", where="compare", fix="give two or more")
    if not 0 < alpha < 1:
        raise FitError(f"alpha is {alpha!r}", where="compare", fix="give a share between 0 and 1")
    labels = [f"model {i + 1}" for i in range(len(fits))] if names is None else [str(n) for n in names]
    if len(labels) != len(fits) or len(set(labels)) < len(labels):
        raise FitError(
            f"there are {len(labels)} names for {len(fits)} fits", where="compare", fix="give each its own"
        )
    return labels


def _measures(fit: SemFit, label: str) -> dict[str, Any]:
    g = fit.glance()
    wanted = ("npar", "df", "chisq", "aic", "bic", "cfi", "rmsea", "srmr")
    return {"model": label} | {name: float(g.get(name, np.nan)) for name in wanted}


def _home(fits: Sequence[SemFit], earlier: Sequence[int], here: int) -> int:
    """Return the nearest earlier model in which this one is nested, else the one just before."""
    for before in reversed(earlier):
        if relation(fits[before], fits[here])[0] in ("nested", "equivalent"):
            return before
    return earlier[-1]


def _step(
    large: SemFit, small: SemFit, one: str, other: str, alpha: float, method: DifferenceMethod | None
) -> tuple[dict[str, Any], str]:
    """One row's part that compares it with the row before, and the sentence about it."""
    found, reason = relation(large, small)
    g, h = large.glance(), small.glance()
    out: dict[str, Any] = {
        "compared_to": one,
        "relation": found,
        "delta_cfi": float(h["cfi"] - g["cfi"]),
        "delta_rmsea": float(h["rmsea"] - g["rmsea"]),
    }
    if found != "nested":
        better = "aic" in g and np.isfinite(g["aic"]) and np.isfinite(h["aic"])
        lower = (other if h["bic"] < g["bic"] else one) if better and found == "not nested" else None
        out["verdict"] = reason if lower is None else f"not nested, no test; the lower BIC is that of {lower}"
        return out, f"{other} and {one}: {reason}"
    statistic, df, problem = difference(large, small, method)
    pvalue = tail(df, statistic)
    out |= {"chisq_diff": statistic, "df_diff": float(df), "pvalue": pvalue}
    if np.isnan(statistic):
        out["verdict"] = problem
    elif pvalue < alpha:
        out["verdict"] = f"the restrictions of {other} are rejected"
    else:
        out["verdict"] = f"the restrictions of {other} are not rejected"
    return out, f"{other} is nested in {one}: {reason}" + (f"; {problem}" if problem else "")
