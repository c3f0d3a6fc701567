"""Populations of the simulation studies, and how their respondents are drawn: a batch of samples at once.

Every kind of data has the same moments, so that the truth is the same for all estimators: satisfaction works
on loyalty through trust only, a = 0.5, b = 0.4, c = 0, three items each with standardised loadings 0.8, 0.8,
0.7 and 0.8, 0.7, 0.7.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.models.sem.nonnormal import Shape
from satloyal.models.sem.population import Population

Array = NDArray[Any]

BATCH = 250  # samples drawn from one random stream
LOADINGS = {"s": (0.8, 0.8, 0.7), "t": (0.8, 0.7, 0.7), "l": (0.8, 0.7, 0.7)}
A, B = 0.5, 0.4
POPULATION = """
    Satisfaction =~ 0.8*s1 + 0.8*s2 + 0.7*s3
    Trust        =~ 0.8*t1 + 0.7*t2 + 0.7*t3
    Loyalty      =~ 0.8*l1 + 0.7*l2 + 0.7*l3
    Trust   ~ 0.5*Satisfaction
    Loyalty ~ 0.4*Trust + 0*Satisfaction
"""
MEASUREMENT = """
    Satisfaction =~ s1 + s2 + s3
    Trust        =~ t1 + t2 + t3
    Loyalty      =~ l1 + l2 + l3
"""
WITHOUT = MEASUREMENT + "Trust ~ a*Satisfaction\nLoyalty ~ b*Trust"
MODEL = WITHOUT + " + c*Satisfaction\nindirect := a*b"
# moderately non-normal, as of Curran, West & Finch 1996 (Psychol. Methods 1:16-29); most answers are high
SKEWNESS, KURTOSIS = -2.0, 7.0
CUTS = {"symmetric": (-1.3, -0.5, 0.5, 1.3), "skewed": (-2.0, -1.4, -0.8, 0.1)}
INTRACLASS = 0.2
HIGH, LOW = 0.05, 0.35  # chances that an answer is missing, of those above and below the median on s1


@cache
def _shape(*, normal: bool) -> tuple[tuple[str, ...], Shape]:
    drawn = Population.of_text(POPULATION, groups=1, values={}, standardized=True)
    (part,) = drawn.groups
    p = len(drawn.names)
    skew, kurt = (None, None) if normal else (np.full(p, SKEWNESS), np.full(p, KURTOSIS))
    return drawn.names, Shape(part.cov, part.mean, skew, kurt)


def names() -> tuple[str, ...]:
    return _shape(normal=True)[0]


def _continuous(
    size: int, n: int, rng: np.random.Generator, *, normal: bool = True
) -> Iterator[pd.DataFrame]:
    columns, shape = _shape(normal=normal)
    for rows in shape.draw(size, n, rng):
        yield pd.DataFrame(rows, columns=list(columns))


def _incomplete(
    size: int, n: int, rng: np.random.Generator, *, normal: bool = True
) -> Iterator[pd.DataFrame]:
    """A fifth of the answers on trust and loyalty are missing, more of those who are low on s1."""
    for frame in _continuous(size, n, rng, normal=normal):
        low = (frame["s1"] < frame["s1"].median()).to_numpy()
        chance = np.where(low, LOW, HIGH)[:, None]
        yield frame.mask(np.column_stack([np.zeros((n, 3), bool), rng.random((n, 6)) < chance]))


def _ordinal(size: int, n: int, rng: np.random.Generator, *, cuts: str) -> Iterator[pd.DataFrame]:
    for frame in _continuous(size, n, rng):
        yield pd.DataFrame(np.digitize(frame, CUTS[cuts]) + 1, columns=frame.columns)


def _clusters(size: int, n: int, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    """Between and within have the same correlations; 5 respondents a cluster, 10 where n is 1,000."""
    each = 5 if n < 1000 else 10
    clusters = np.repeat(np.arange(n // each), each)
    for within in _continuous(size, n, rng):
        (between,) = _continuous(1, n // each, rng)
        rows = np.sqrt(1 - INTRACLASS) * within + np.sqrt(INTRACLASS) * between.to_numpy()[clusters]
        yield rows.assign(cluster=clusters)


def _weights(size: int, n: int, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    """Who is loyal by l1 takes part up to four times as often; weights are the inverse of that chance."""
    for frame in _continuous(size, 4 * n, rng):
        chance = 0.2 + 0.6 * special.ndtr(frame["l1"].to_numpy())
        part = np.flatnonzero(rng.random(4 * n) < chance)[:n]
        if len(part) < n:
            raise AssertionError("too few take part")
        yield frame.iloc[part].assign(weight=1 / chance[part]).reset_index(drop=True)


def _groups(size: int, n: int, rng: np.random.Generator, *, normal: bool = True) -> Iterator[pd.DataFrame]:
    """Two groups of n from one population."""
    for frame in _continuous(size, 2 * n, rng, normal=normal):
        yield frame.assign(group=np.repeat(["x", "y"], n))


Draw = Callable[..., Iterator[pd.DataFrame]]
DATA: dict[str, tuple[Draw, dict[str, Any]]] = {
    "normal": (_continuous, {}),
    "non-normal": (_continuous, {"normal": False}),
    "normal, 20 % missing": (_incomplete, {}),
    "non-normal, 20 % missing": (_incomplete, {"normal": False}),
    "5 categories": (_ordinal, {"cuts": "symmetric"}),
    "5 categories, skewed": (_ordinal, {"cuts": "skewed"}),
    "clusters": (_clusters, {}),
    "unequal chances": (_weights, {}),
    "two groups": (_groups, {}),
}


def samples(data: str, n: int, studies: int) -> Iterator[pd.DataFrame]:
    """Yield the samples of a kind of data; the same for every estimator, and on every run."""
    draw, options = DATA[data]
    streams = np.random.SeedSequence([zlib.crc32(data.encode()), n]).spawn(-(-studies // BATCH))
    for number, stream in enumerate(streams):
        size = min(BATCH, studies - number * BATCH)
        yield from draw(size, n, np.random.default_rng(stream), **options)


def truth() -> dict[tuple[str, str, str], float]:
    """Return the values that the model has in the population, the first loading of each factor being 1."""
    out: dict[tuple[str, str, str], float] = {
        ("Trust", "~", "Satisfaction"): A,
        ("Loyalty", "~", "Trust"): B,
        ("Loyalty", "~", "Satisfaction"): 0.0,
        ("Loyalty", "~~", "Loyalty"): 0.64 * (1 - B**2),
        ("indirect", ":=", "a*b"): A * B,
    }
    for factor, letter in (("Satisfaction", "s"), ("Trust", "t"), ("Loyalty", "l")):
        for j in (2, 3):
            out[factor, "=~", f"{letter}{j}"] = LOADINGS[letter][j - 1] / LOADINGS[letter][0]
    return out
