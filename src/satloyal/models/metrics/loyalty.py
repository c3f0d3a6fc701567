"""Metrics of several questions: the loyalty index, satisfaction by loyalty segments, the RATER profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.errors import FitError
from satloyal.models.metrics.bands import BANDS, bands_of, probabilities
from satloyal.models.metrics.data import Array, Source, complete
from satloyal.models.metrics.questions import check_level
from satloyal.models.metrics.result import LoyaltyIndex, LoyaltySegments, Measure, RaterProfile
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["loyalty_index", "loyalty_segments", "rater_profile"]

_PARTS = ("satisfaction", "repurchase", "recommendation")
_POINTS = np.array([0.0, 50.0, 100.0])  # of the bands low, middle, high
_RATER = ("Reliability", "Assurance", "Tangibles", "Empathy", "Responsiveness")


def loyalty_index(
    data: pd.DataFrame | Survey,
    satisfaction: str,
    repurchase: str,
    recommendation: str,
    *,
    component_weights: Mapping[str, float] | None = None,
    whole: float = 100.0,
    scales: Mapping[str, tuple[float, float]] | None = None,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    level: float = 0.95,
) -> LoyaltyIndex:
    """Loyalty index from 0 to 100 out of satisfaction, repurchase probability and recommendation.

    Parameters
    ----------
    data : DataFrame or Survey
    satisfaction, recommendation : str
        Items, or constructs of a survey; put on 0 to 100 percent of their scale.
    repurchase : str
        Probability of buying again, from 0 to ``whole``: under 30 % counts 0, 30 to 70 % counts 50, over
        70 % counts 100.
    component_weights : mapping, optional
        Weights of ``satisfaction``, ``repurchase`` and ``recommendation``; a third each by default. They are
        divided by their sum.
    whole : float
        What certainty is in the repurchase column: 100, 10 or 1.
    scales : mapping of column to tuple, optional
        Lowest and highest answer, where no codebook says so.
    group, weights, cluster, level
        As in :func:`satloyal.nps`.

    Returns
    -------
    LoyaltyIndex
        ``loyalty_index``, its three components (0 to 100) and the shares of the three bands, with intervals.

    Raises
    ------
    FitError
        Unknown scales or columns, component weights below zero, answers outside their scale.

    Notes
    -----
    The mean over people of the weighted sum of their components. The equal
    weights are a convention, not a finding; they stand in the notes of every result.

    Examples
    --------
    >>> frame = pd.DataFrame({"sat": [5, 4, 2, 3], "again": [90, 75, 20, 50], "rec": [10, 8, 3, 6]})
    >>> index = loyalty_index(frame, "sat", "again", "rec", scales={"sat": (1, 5), "rec": (0, 10)})
    >>> round(float(index.params.iloc[0]), 2)
    64.17
    """
    check_level(level)
    share = _component_weights(component_weights)
    source, given = Source.of(data), dict(scales or {})
    columns, measures = [], []
    for part, name in zip(_PARTS, (satisfaction, repurchase, recommendation), strict=True):
        values = source.numbers(name, constructs=part != "repurchase")
        if part == "repurchase":
            probability = probabilities(source, name, values, whole)
            columns.append(np.where(np.isnan(values), np.nan, _POINTS[bands_of(probability)]))
        else:
            low, high = source.need_scale(name, values, given.get(name), f"scales[{name!r}]")
            columns.append(100 * (values - low) / (high - low))
    stay, kept = complete(source, columns, group=group, weights=weights, cluster=cluster)
    parts = np.column_stack(columns)[stay]
    measures = [Measure("loyalty_index", "mean", parts @ share, (0.0, 100.0))]
    measures += [Measure(p, "mean", parts[:, k], (0.0, 100.0)) for k, p in enumerate(_PARTS)]
    measures += [
        Measure(f"repurchase_{band}", "share", (parts[:, 1] == _POINTS[k]) * 1.0, (0.0, 1.0))
        for k, band in enumerate(BANDS)
    ]
    said = ", ".join(f"{p} {a:.3g}" for p, a in zip(_PARTS, share, strict=True))
    origin = "given" if component_weights is not None else "the default, equal by convention"
    note = Note("component weights", f"{said} ({origin})")
    return LoyaltyIndex(
        title="Loyalty index",
        data=kept,
        measures=tuple(measures),
        level=level,
        method="default",
        own_notes=(note,),
    )


def _component_weights(given: Mapping[str, float] | None) -> Array:
    if given is None:
        return np.full(len(_PARTS), 1 / len(_PARTS))
    unknown = set(given) ^ set(_PARTS)
    if unknown:
        raise FitError(
            f"component_weights names {', '.join(map(str, given)) or 'nothing'}",
            fix=f"name {', '.join(_PARTS)}, each once",
        )
    share = np.array([float(given[p]) for p in _PARTS])
    if not np.isfinite(share).all() or (share < 0).any() or share.sum() <= 0:
        raise FitError(
            f"component_weights are {share.tolist()}", fix="give numbers of at least 0 that are not all 0"
        )
    return np.asarray(share / share.sum())


def loyalty_segments(
    data: pd.DataFrame | Survey,
    satisfaction: str,
    loyalty: str,
    *,
    cuts: tuple[float, float] | None = None,
    scales: Mapping[str, tuple[float, float]] | None = None,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    level: float = 0.95,
) -> LoyaltySegments:
    """Shares of loyalists, hostages, mercenaries and defectors.

    Parameters
    ----------
    data : DataFrame or Survey
    satisfaction, loyalty : str
        Items, or constructs of a survey.
    cuts : tuple of float, optional
        Above which satisfaction and loyalty are high, in their own units; by default the middles of their
        scales.
    scales : mapping of column to tuple, optional
        Lowest and highest answer, where no codebook says so.
    group, weights, cluster, level
        As in :func:`satloyal.nps`.

    Returns
    -------
    LoyaltySegments
        Shares with Wilson intervals: ``loyalists`` (satisfied and loyal), ``hostages`` (loyal but not
        satisfied), ``mercenaries`` (satisfied but not loyal), ``defectors`` (neither).

    Raises
    ------
    FitError
        Unknown scales or columns, cuts outside the scales.

    Notes
    -----
    T. O. Jones and W. E. Sasser (1995), Why satisfied customers defect, Harvard Business Review 73(6), 88–99.
    The paper gives no cut; the one used stands in the notes. Answers on the cut are not high.

    Examples
    --------
    >>> frame = pd.DataFrame({"sat": [5, 5, 2, 1], "loyal": [5, 2, 4, 1]})
    >>> segments = loyalty_segments(frame, "sat", "loyal", scales={"sat": (1, 5), "loyal": (1, 5)})
    >>> segments.tidy()[["term", "est"]].values.tolist()
    [['loyalists', 0.25], ['hostages', 0.25], ['mercenaries', 0.25], ['defectors', 0.25]]
    """
    check_level(level)
    if satisfaction == loyalty:
        raise FitError(f"satisfaction and loyalty are the same column {loyalty!r}", fix="name two columns")
    source, given = Source.of(data), dict(scales or {})
    columns, limits = [], []
    for k, name in enumerate((satisfaction, loyalty)):
        values = source.numbers(name, constructs=True)
        low, high = source.need_scale(name, values, given.get(name), f"scales[{name!r}]")
        cut = (low + high) / 2 if cuts is None else float(cuts[k])
        if not low <= cut < high:
            raise FitError(
                f"the cut {cut:g} of {name!r} lies outside {low:g} to {high:g}", fix="cut inside it"
            )
        columns.append(values)
        limits.append(cut)
    stay, kept = complete(source, columns, group=group, weights=weights, cluster=cluster)
    happy, loyal = (columns[k][stay] > limits[k] for k in (0, 1))
    members = {
        "loyalists": happy & loyal,
        "hostages": ~happy & loyal,
        "mercenaries": happy & ~loyal,
        "defectors": ~happy & ~loyal,
    }
    measures = tuple(Measure(name, "share", who * 1.0, (0.0, 1.0)) for name, who in members.items())
    origin = "middle of the scale" if cuts is None else "given"
    text = f"high is above {limits[0]:g} for {satisfaction} and above {limits[1]:g} for {loyalty} ({origin})"
    return LoyaltySegments(
        title=f"Segments of {satisfaction} by {loyalty}",
        data=kept,
        measures=measures,
        level=level,
        method="default",
        own_notes=(Note("cuts", text),),
    )


def rater_profile(
    data: pd.DataFrame | Survey,
    dimensions: Sequence[str] = _RATER,
    *,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    level: float = 0.95,
) -> RaterProfile:
    """Means of the service quality dimensions: reliability, assurance, tangibles, empathy, responsiveness.

    Parameters
    ----------
    data : DataFrame or Survey
    dimensions : sequence of str
        Constructs of the survey (their scores are the means of their items), or columns.
    group, weights, cluster, level
        As in :func:`satloyal.nps`.

    Returns
    -------
    RaterProfile
        The mean of each dimension in its own unit with Student's interval, each over the rows that have it.

    Raises
    ------
    FitError
        Unknown or repeated dimensions, different scales.

    Notes
    -----
    A. Parasuraman, V. A. Zeithaml and L. L. Berry (1988), SERVQUAL, Journal of Retailing 64(1), 12–40.

    Examples
    --------
    >>> import satloyal as sl
    >>> profile = rater_profile(sl.load_sample("simulated_retail"))
    >>> list(profile.tidy()["term"])
    ['Reliability', 'Assurance', 'Tangibles', 'Empathy', 'Responsiveness']
    """
    check_level(level)
    names = list(dimensions)
    if not names or len(set(names)) < len(names):
        raise FitError(f"dimensions are {names}", fix="name each dimension once")
    source = Source.of(data)
    columns = [source.numbers(name, constructs=True) for name in names]
    known = {source.scale(name) for name in names} - {None}
    if len(known) > 1:
        raise FitError(
            f"the dimensions have different scales: {', '.join(f'{s[0]:g}–{s[1]:g}' for s in known if s)}",
            fix="means on different scales cannot stand beside each other; name dimensions of one scale",
        )
    limits = known.pop() or (-np.inf, np.inf) if known else (-np.inf, np.inf)
    stay, kept = complete(source, columns, group=group, weights=weights, cluster=cluster, every=False)
    measures = tuple(Measure(n, "mean", c[stay], limits) for n, c in zip(names, columns, strict=True))
    return RaterProfile(title="RATER profile", data=kept, measures=measures, level=level, method="default")
