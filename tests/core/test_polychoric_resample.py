"""Resamples in a batch are the same as estimating each on its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from satloyal.core import ordinal_resample
from satloyal.core.ordinal_estimate import ordinal_moments
from satloyal.core.ordinal_resample import OrdinalReplicates, OrdinalResampler
from satloyal.core.rows import CompleteRows

KINDS = {"all ordinal": ["a", "b", "c", "d"], "mixed": ["a", "c"], "all continuous": []}


def frame_of(seed=1, n=200):
    rng = np.random.default_rng(seed)
    y = rng.multivariate_normal(np.zeros(4), 0.5 * np.eye(4) + 0.5, n)
    return pd.DataFrame(np.clip(np.round(1.2 * y + 3), 1, 5), columns=list("abcd")), rng


def moments(frame, ordered, weights=None):
    (group,) = ordinal_moments(CompleteRows.of(frame, list(frame.columns), weights=weights), ordered)
    return group


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_batch_of_resamples_is_each_resample_on_its_own(kind, weighted):
    frame, rng = frame_of()
    weights = rng.uniform(0.5, 2, len(frame)) if weighted else None
    drawn = rng.integers(0, len(frame), (6, len(frame)))
    counts = np.stack([np.bincount(d, minlength=len(frame)) for d in drawn]).astype(float)
    batch = OrdinalResampler(moments(frame, KINDS[kind], weights)).replicates(counts)
    assert batch.converged.all()
    for b, d in enumerate(drawn):
        own = None if weights is None else weights[d]
        alone = moments(frame.iloc[d].reset_index(drop=True), KINDS[kind], own)
        assert batch.statistics[b] == pytest.approx(alone.statistics, abs=1e-9)
        assert batch.gamma_diagonal[b] == pytest.approx(np.diag(alone.gamma), rel=1e-7)
        assert batch.correlation[b] == pytest.approx(alone.correlation, abs=1e-9)


def test_how_resamples_are_split_makes_no_difference(monkeypatch):
    frame, rng = frame_of(2)
    resampler = OrdinalResampler(moments(frame, KINDS["mixed"]))
    counts = rng.multinomial(len(frame), np.full(len(frame), 1 / len(frame)), 7).astype(float)
    whole = resampler.replicates(counts)
    monkeypatch.setattr(ordinal_resample, "_CELLS", 1)
    pieces = resampler.replicates(counts)
    for name in OrdinalReplicates.__slots__:
        assert getattr(pieces, name) == pytest.approx(getattr(whole, name), abs=1e-12)


def test_a_lost_end_category_is_counted_and_its_threshold_stays_finite():
    frame, _ = frame_of(3)
    frame["a"] = np.where(np.arange(len(frame)) == 0, 1.0, np.maximum(frame["a"], 2))
    resampler = OrdinalResampler(moments(frame, KINDS["all ordinal"]))
    counts = np.ones((2, len(frame)))
    counts[1, 0], counts[1, 1] = 0, 2
    batch = resampler.replicates(counts)
    assert batch.clipped.tolist() == [0, 1]
    assert np.isfinite(batch.statistics).all()
    assert batch.padded[1, 0, 0] < batch.padded[0, 0, 0]


def test_a_resample_with_a_constant_variable_has_not_converged():
    frame, _ = frame_of(4)
    for ordered in (["a", "b", "c", "d"], ["b", "c", "d"]):
        resampler = OrdinalResampler(moments(frame, ordered))
        counts = np.stack([np.ones(len(frame)), np.where(frame["a"] == 3, 3.0, 0.0)])
        assert resampler.replicates(counts).converged.tolist() == [True, False]
