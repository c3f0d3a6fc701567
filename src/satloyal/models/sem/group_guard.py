"""A guard: paths of groups can be compared only where their constructs are measured alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satloyal.models.fit import Check

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["paths_comparable"]

_SHOWN = 5


def paths_comparable(fit: SemFit) -> Check | None:
    """Judge whether regression paths of several groups are in the same units.

    A path between constructs is in units of their markers only if every loading is equal across groups
    (metric invariance; Meredith 1993, *Psychometrika* 58:525-543). Reports show this check beside any table
    of paths by group.

    Parameters
    ----------
    fit : SemFit

    Returns
    -------
    Check or None
        ``None`` for one group, for a model without paths among constructs, and where no path may differ.
        ``pass`` says that loadings are held equal, not that they are: that is for
        :func:`satloyal.fit_invariance`.

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(1); F = rng.normal(size=(400, 2)); F[:, 1] += F[:, 0]
    >>> items = np.repeat(F, 3, axis=1) + rng.normal(size=(400, 6))
    >>> data = pd.DataFrame(items, columns=["S1", "S2", "S3", "L1", "L2", "L3"]).assign(g=["a", "b"] * 200)
    >>> model = "S =~ S1 + S2 + S3" + chr(10) + "L =~ L1 + L2 + L3" + chr(10) + "L ~ S"
    >>> paths_comparable(sl.fit_sem(model, data, group="g")).status
    'warn'
    >>> paths_comparable(sl.fit_sem(model, data, group="g", group_equal="loadings")).status
    'pass'
    """
    if fit.ngroups == 1:
        return None
    latent = set(fit.table.latent)
    paths: dict[tuple[str, str], set[int]] = {}
    loadings: dict[tuple[str, str], set[tuple[int, float | None]]] = {}
    for row in fit.table.rows:
        if row.op == "~" and row.free and {row.lhs, row.rhs} & latent:
            paths.setdefault((row.lhs, row.rhs), set()).add(row.free)
        elif row.op in ("=~", "<~"):
            loadings.setdefault((row.lhs, row.rhs), set()).add((row.free, row.value))
    differing = [f"{a} ~ {b}" for (a, b), numbers in paths.items() if len(numbers) > 1]
    if not differing:
        return None
    unequal = [f"{f} =~ {item}" for (f, item), values in loadings.items() if len(values) > 1]
    source = "Meredith 1993, Psychometrika 58:525-543"
    if not unequal:
        text = "loadings are held equal across groups, so paths of groups are in the same units"
        return Check("comparison of paths", "pass", text, value=0.0, source=source,
                     advice="test with fit_invariance whether the loadings are equal")  # fmt: skip
    shown = ", ".join(unequal[:_SHOWN]) + (", …" if len(unequal) > _SHOWN else "")
    kept = [
        f for f in fit.table.indicators if sum(key[0] == f and len(v) == 1 for key, v in loadings.items()) > 1
    ]
    part = " (in part: at least two items of every construct are equal)" if len(kept) == len(latent) else ""
    return Check(
        "comparison of paths",
        "pass" if part else "warn",
        f"{len(unequal)} loadings differ between groups{part}: {shown}; "
        + ("paths may be compared" if part else "paths of groups must not be compared"),
        value=float(len(unequal)),
        threshold=0.0,
        advice=""
        if part
        else "use group_equal='loadings', after fit_invariance has said that they are equal",
        source="Byrne, Shavelson & Muthén 1989, Psychol. Bull. 105:456-466" if part else source,
    )
