"""Differences between effects, and which effect a user means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.errors import FitError
from satloyal.models.sem.effect_plan import ARROW, EffectPlan
from satloyal.models.sem.inference import delta_method

if TYPE_CHECKING:
    from satloyal.models.sem.bootstrap import Bootstrap
    from satloyal.models.sem.result import SemFit

__all__ = ["Contrasts", "compare_bootstrapped_effects", "compare_effects"]

Array = NDArray[Any]
Named = str | tuple[Any, ...]
"""A definition, a path ``"A → B → C"``, ``(source, target, kind)``; the last two with a group at the end."""

_KINDS = ("direct", "indirect", "loops", "total_indirect", "total")
_NO_DIFFERENCE = 1e-10  # standard error, relative to the effects, that is rounding of zero
_WAYS = (
    "name a definition of the model text, a path as 'A → B → C', or (source, target, kind) with kind "
    "'direct', 'indirect', 'total_indirect' or 'total'"
)


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Which differences are asked for, as a function of θ.

    Parameters
    ----------
    labels : tuple of str
        The k effects.
    pairs : tuple of (int, int)
        Which to subtract: the first less the second.
    parts : tuple of callable
        One an effect, (B, q) → (B,).
    """

    labels: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    parts: tuple[Callable[[Array], Array], ...]

    @classmethod
    def of(cls, fit: SemFit, effects: Sequence[Named]) -> Contrasts:
        """Find the effects that are named, and lay out every pair.

        Raises
        ------
        FitError
            Fewer than two effects, one twice, or one that the model does not have or has several of.
        """
        if len(effects) < 2:
            raise FitError(f"{len(effects)} effects cannot be compared", where="compare_effects",
                           fix="name two or more")  # fmt: skip
        found = [_found(fit, effect) for effect in effects]
        labels = tuple(label for label, _ in found)
        twice = [label for i, label in enumerate(labels) if label in labels[:i]]
        if twice:
            raise FitError(f"{twice[0]!r} is named twice", where="compare_effects",
                           fix="name different effects")  # fmt: skip
        return cls(labels, tuple(combinations(range(len(found)), 2)), tuple(part for _, part in found))

    def effects(self, theta: Array) -> Array:
        """Return the effects themselves, (B, k)."""
        return np.stack([part(theta) for part in self.parts], axis=1)

    def values(self, theta: Array) -> Array:
        """Return the differences, (B, pairs)."""
        each = self.effects(theta)
        first, second = np.array(self.pairs).T
        difference: Array = each[:, first] - each[:, second]
        return difference

    def table(self, theta: Array, difference: Array, se: Array) -> pd.DataFrame:
        """Return names, effects, difference, and its test."""
        each = self.effects(theta[None])[0]
        first, second = np.array(self.pairs).T
        size = np.maximum(np.abs(each[first]), np.abs(each[second]))
        with np.errstate(invalid="ignore"):
            z = difference / np.where(se > _NO_DIFFERENCE * size, se, np.nan)
        return pd.DataFrame(
            {
                "first": [self.labels[i] for i in first],
                "second": [self.labels[j] for j in second],
                "est_first": each[first],
                "est_second": each[second],
                "est": difference,
                "se": se,
                "z": z,
                "pvalue": 2 * special.ndtr(-np.abs(z)),
            }
        )


def compare_effects(fit: SemFit, *effects: Named, level: float = 0.95) -> pd.DataFrame:
    r"""Return the differences between effects, with delta-method errors.

    Parameters
    ----------
    fit : SemFit
    *effects : str or tuple
        Two or more, all pairs are compared: a definition of the model text; a path,
        ``"Quality → Value → Satisfaction"`` (or with ``->``), of which two variables mean the direct arrow;
        or ``("Quality", "Loyalty", "total")``. With several groups the last two need one:
        ``("Quality → Value", "new")``, ``("Quality", "Loyalty", "total", "new")``.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``first, second, est_first, est_second, est`` (first less second), ``se, z, pvalue, ci_lower,
        ci_upper``. NaN throughout when the fit did not converge.

    Raises
    ------
    FitError
        See above; the message says which effects there are.

    Notes
    -----
    With d the difference, :math:`\sqrt{\nabla d^\top V \nabla d}` (Sobel 1982, *Sociological Methodology*
    13:290-312; contrasts of specific indirect effects: Preacher & Hayes 2008, *Behav. Res. Methods*
    40:879-891). Effects on different outcomes, or of causes with different scales, differ in units
    too: standardise the variables first, or compare defined ratios. Bootstrap intervals:
    :meth:`Bootstrap.compare_effects`.

    Examples
    --------
    >>> import satloyal as sl
    >>> m = sl.Moments.from_matrix([[1, .5, .4], [.5, 1, .6], [.4, .6, 1]], 200, names=["SAT", "TRU", "LOY"],
    ...                            kind="cor")
    >>> fit = sl.fit_sem("TRU ~ SAT; LOY ~ TRU + SAT", m)
    >>> found = fit.compare_effects("SAT → TRU → LOY", "SAT → LOY")
    >>> found[["est_first", "est_second", "est"]].round(3).values.tolist()
    [[0.267, 0.133, 0.133]]
    """
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise FitError(f"level is {level!r}", where="compare_effects", fix="give a share, as 0.95")
    contrasts = Contrasts.of(fit, effects)
    table = contrasts.table(fit.theta, *delta_method(contrasts.values, fit.theta, fit.vcov))
    half = float(special.ndtri(0.5 + level / 2)) * table["se"]
    table["ci_lower"], table["ci_upper"] = table["est"] - half, table["est"] + half
    if not fit.converged:
        table.iloc[:, 2:] = np.nan
    return table


def compare_bootstrapped_effects(boot: Bootstrap, *effects: Named) -> pd.DataFrame:
    """Return the differences between effects, with bootstrap errors and intervals.

    Parameters
    ----------
    boot : Bootstrap
    *effects : str or tuple
        As for :meth:`SemFit.compare_effects`.

    Returns
    -------
    DataFrame
        As there, with the columns of every interval of the bootstrap.

    Examples
    --------
    >>> import satloyal as sl
    >>> m = sl.Moments.from_matrix([[1, .5, .4], [.5, 1, .6], [.4, .6, 1]], 200, names=["SAT", "TRU", "LOY"],
    ...                            kind="cor")
    >>> boot = sl.fit_sem("TRU ~ SAT; LOY ~ TRU + SAT", m).bootstrap(1000, seed=1)
    >>> found = boot.compare_effects("SAT → TRU → LOY", ("SAT", "LOY", "direct")).loc[0]
    >>> bool(found["perc_lower"] < found["est"] < found["perc_upper"])
    True
    """
    contrasts = Contrasts.of(boot.fit, effects)
    found = boot.intervals(contrasts.values)
    theta = boot.fit.theta
    table = contrasts.table(theta, contrasts.values(theta[None])[0], found["se"].to_numpy(dtype=float))
    table = table.join(found.drop(columns="se"))
    if not boot.fit.converged:
        table.iloc[:, 2:] = np.nan
    return table


def _found(fit: SemFit, effect: Named) -> tuple[str, Callable[[Array], Array]]:
    """Return the label of the effect that is meant, and its function."""
    parts = effect if isinstance(effect, tuple) else (effect,)
    names_only = parts[:3] if len(parts) > 2 else parts[:1]  # a group may be a number
    if not 1 <= len(parts) <= 4 or not all(isinstance(part, str) for part in names_only):
        raise FitError(f"{effect!r} names no effect", where="compare_effects", fix=_WAYS)
    text = parts[0].replace("->", ARROW.strip())
    if ARROW.strip() in text:
        names = [name.strip() for name in text.split(ARROW.strip())]
        if len(parts) > 2:
            raise FitError(f"{effect!r} names no effect", where="compare_effects", fix=_WAYS)
        kind = "direct" if len(names) == 2 else "indirect"
        return _planned(fit, effect, (names[0], names[-1], kind), ARROW.join(names), parts[1:])
    if len(parts) >= 3:
        return _planned(fit, effect, (parts[0].strip(), parts[1].strip(), parts[2]), None, parts[3:])
    return _defined(fit, parts)


def _defined(fit: SemFit, parts: tuple[Any, ...]) -> tuple[str, Callable[[Array], Array]]:
    names = [row.lhs for row in fit.table.definitions]
    name = parts[0].strip()
    if len(parts) != 1 or name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise FitError(
            f"{name!r} is no definition of this model", where="compare_effects",
            fix=f"{hint}Definitions: {', '.join(names) or 'none'}; {_WAYS}",
        )  # fmt: skip
    at = names.index(name)
    return name, lambda theta: fit.definitions.values(theta)[:, at]


def _planned(
    fit: SemFit, effect: Named, ends: tuple[str, str, str], path: str | None, group: tuple[Any, ...]
) -> tuple[str, Callable[[Array], Array]]:
    source, target, kind = ends
    if kind not in _KINDS:
        raise FitError(f"the kind of effect is {kind!r}", where="compare_effects", fix=_WAYS)
    plan = EffectPlan.of(fit, source, target)
    frame = plan.frame
    chosen = frame["kind"] == kind
    if path is not None:
        chosen &= frame["path"] == path
    if group:
        known = [str(g.label) for g in plan.groups]
        if str(group[0]) not in known:
            raise FitError(f"there is no group {group[0]!r}", where="compare_effects",
                           fix=f"groups: {', '.join(known)}")  # fmt: skip
        chosen &= frame["group"].astype(str) == str(group[0])
    rows = np.flatnonzero(chosen)
    if len(rows) == 1:
        at = int(rows[0])
        row = frame.iloc[at]
        label = row["path"] if kind in ("direct", "indirect", "loops") else f"{row['path']} ({kind})"
        label += f" [{row['group']}]" if fit.ngroups > 1 else ""
        return label, lambda theta: plan.values(theta)[:, at]
    if not len(rows):
        listed = "; ".join(f"{k}: {p}" for k, p in zip(frame["kind"], frame["path"], strict=True))
        raise FitError(f"the model has no effect {effect!r}", where="compare_effects",
                       fix=f"effects of {source} on {target}: {listed or 'none'}")  # fmt: skip
    if fit.ngroups > 1 and not group:
        fix = f"add the group: {', '.join(str(g.label) for g in plan.groups)}"
    else:
        fix = "name one path: " + "; ".join(frame.loc[chosen, "path"])
    raise FitError(f"{effect!r} means {len(rows)} effects", where="compare_effects", fix=fix)
