"""Latent means of groups, and what is left between them: differences, standardised differences, paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.models.sem.inference import delta_method
from satloyal.models.sem.standardize import total_variance
from satloyal.models.sem.tidy import with_tests

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["latent_mean_differences", "path_differences"]

Array = NDArray[Any]

_D = ("d", "d_se", "d_ci_lower", "d_ci_upper")


def latent_mean_differences(fit: SemFit, reference: int = 0, level: float = 0.95) -> pd.DataFrame:
    r"""Compare latent means of each group with those of one.

    The difference is :math:`\kappa_g - \kappa_r`; the effect size divides it by the pooled latent standard
    deviation, :math:`d = (\kappa_g - \kappa_r) / \sqrt{(n_g \phi_g + n_r \phi_r) / (n_g + n_r)}` (Hancock
    2001, *Psychometrika* 66:373-388). Means and variances of explained constructs are total ones. Standard
    errors by the delta method.

    Parameters
    ----------
    fit : SemFit
        A fit to several groups with equal intercepts.
    reference : int
        Position of the group that others are compared with.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``construct, group, reference, est, se, z, pvalue, ci_lower, ci_upper, d, d_se, d_ci_lower,
        d_ci_upper``, one row a construct and group.
    """
    names = fit.table.latent
    others = [g for g in range(fit.ngroups) if g != reference]
    sizes = [group.n for group in fit.sample.groups]

    def both(theta: Array) -> Array:
        means, variances = zip(*(_moments(fit, g, theta) for g in range(fit.ngroups)), strict=True)
        gaps, effects = [], []
        for g in others:
            gap = means[g] - means[reference]
            n, m = sizes[g], sizes[reference]
            pooled = (n * variances[g] + m * variances[reference]) / (n + m)
            gaps.append(gap)
            effects.append(gap / np.sqrt(np.where(pooled.real > 0, pooled, np.nan)))
        return np.concatenate([*gaps, *effects], axis=1)

    value, se = delta_method(both, fit.theta, fit.vcov)
    half = len(value) // 2
    head = [(c, fit.group_labels[g], fit.group_labels[reference]) for g in others for c in names]
    out = pd.DataFrame(head, columns=["construct", "group", "reference"])
    out = with_tests(out, value[:half], se[:half], level, usable=fit.converged)
    sizes_of = with_tests(out[["construct"]], value[half:], se[half:], level, usable=fit.converged)
    for name, source in zip(_D, ("est", "se", "ci_lower", "ci_upper"), strict=True):
        out[name] = sizes_of[source]
    return out


def _moments(fit: SemFit, group: int, theta: Array) -> tuple[Array, Array]:
    """Total means and variances of the latent variables of one group, each (B, k)."""
    ram, sample = fit.rams[group], fit.sample.groups[group]
    A, S = ram.matrices(theta, sample.cov, sample.mean)
    E = np.linalg.inv(np.eye(A.shape[-1]) - A)
    at = [ram.variables.index(name) for name in fit.table.latent]
    mean = E[:, at, ram.manifest - 1] if ram.manifest > ram.observed else np.zeros((len(A), len(at)), A.dtype)
    return mean, total_variance(ram, A, S)[:, at]


def path_differences(fit: SemFit, reference: int = 0, level: float = 0.95) -> pd.DataFrame:
    r"""Compare regression coefficients of each group with those of one.

    A row with an empty ``group`` is the Wald test that all groups have the same path,
    :math:`W = d^\top V_d^{-1} d`.

    Parameters
    ----------
    fit : SemFit
        A fit to several groups.
    reference : int
        Position of the group that others are compared with.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``lhs, op, rhs, group, reference, est, se, z, pvalue, ci_lower, ci_upper, wald, df``; ``est`` is the
        difference of the group's path to the reference group's.
    """
    paths: dict[tuple[str, str], list[int]] = {}
    for row in fit.table.rows:
        if row.op == "~" and row.free:
            paths.setdefault((row.lhs, row.rhs), [0] * fit.ngroups)[row.group - 1] = row.free
    others = [g for g in range(fit.ngroups) if g != reference]
    blocks = []
    for (lhs, rhs), numbers in paths.items():
        free = [g for g in others if numbers[g] and numbers[reference] and numbers[g] != numbers[reference]]
        if not free:
            continue
        L = np.zeros((len(free), fit.table.q))
        for i, g in enumerate(free):
            L[i, numbers[g] - 1] += 1.0
            L[i, numbers[reference] - 1] -= 1.0
        gap, V = L @ fit.theta, L @ fit.vcov @ L.T
        wald = float(gap @ np.linalg.solve(V, gap)) if np.isfinite(V).all() else float("nan")
        head = [(lhs, "~", rhs, fit.group_labels[g], fit.group_labels[reference]) for g in free]
        block = pd.DataFrame(head, columns=["lhs", "op", "rhs", "group", "reference"])
        block = with_tests(block, gap, np.sqrt(np.diagonal(V)), level, usable=fit.converged)
        whole = {"lhs": lhs, "op": "~", "rhs": rhs, "group": "", "reference": fit.group_labels[reference],
                 "wald": wald, "df": len(free), "pvalue": float(special.chdtrc(len(free), wald))}  # fmt: skip
        blocks.append(pd.concat([block, pd.DataFrame([whole])], ignore_index=True))
    columns = ["lhs", "op", "rhs", "group", "reference", "est", "se", "z", "pvalue", "ci_lower", "ci_upper",
               "wald", "df"]  # fmt: skip
    return pd.concat(blocks, ignore_index=True)[columns] if blocks else pd.DataFrame(columns=columns)
