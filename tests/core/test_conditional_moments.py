"""Moments of ordinal items given covariates: what must hold of them whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special
from scipy.stats import multivariate_normal

from satloyal.core.conditional_moments import ConditionalMoments, conditional_moments
from satloyal.core.conditional_resample import ConditionalResampler
from satloyal.core.ordinal_estimate import ordinal_moments
from satloyal.core.probit import Margin, item_margin, numeric_margin
from satloyal.core.residual_pairs import pair_influence, residual_correlations
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError

ITEMS = ["a", "b", "c"]


def answers(n: int = 400, seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)])
    common = rng.normal(size=n) + x @ [0.5, -0.8]
    frame = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1]})
    for name in ITEMS:
        frame[name] = np.digitize(common + rng.normal(size=n), [-1.2, 0.1, 1.3])
    frame["y"] = 3 + 2 * (0.7 * common + rng.normal(size=n))
    frame["z"] = 0.5 * common + rng.normal(size=n)
    return frame


def given(
    frame: pd.DataFrame, names: list[str], covariates: list[str], **options: object
) -> ConditionalMoments:
    rows = CompleteRows.of(frame, [*names, *covariates], **options)  # type: ignore[arg-type]
    ordered = [name for name in names if name in ITEMS]
    return conditional_moments(rows, ordered, covariates)[0]


def test_a_covariate_balanced_within_all_answers_changes_nothing() -> None:
    frame = answers()
    twice = pd.concat([frame.assign(half=-1.0), frame.assign(half=1.0)], ignore_index=True)
    names = [*ITEMS, "y", "z"]
    found = given(twice, names, ["half"])
    rows = CompleteRows.of(twice, names)
    (plain,) = ordinal_moments(rows, ITEMS)
    keep = np.array([label.split("~")[-1] != "half" for label in found.layout.labels])
    assert np.allclose(found.slopes, 0, atol=1e-9)
    assert np.allclose(found.statistics[keep], plain.statistics, atol=1e-7)
    scale = np.sqrt(np.outer(np.diag(plain.gamma), np.diag(plain.gamma)))
    assert np.allclose(found.gamma[np.ix_(keep, keep)] / scale, plain.gamma / scale, atol=1e-6)


def test_covariates_in_other_units_and_from_another_zero_give_the_same() -> None:
    frame = answers()
    a = given(frame, [*ITEMS, "y"], ["x1", "x2"])
    b = given(frame.assign(x1=1e6 + 2000 * frame["x1"]), [*ITEMS, "y"], ["x1", "x2"])
    assert np.allclose(a.correlation, b.correlation, atol=1e-7)
    assert np.allclose(a.slopes[:, 0], 2000 * b.slopes[:, 0], atol=1e-6)
    assert np.allclose(a.slopes[:, 1], b.slopes[:, 1], atol=1e-6)
    pairs = slice(a.layout.n_th, None)
    assert np.allclose(a.gamma[pairs, pairs], b.gamma[pairs, pairs], rtol=1e-5, atol=1e-7)
    moved = b.padded[0] - 1e6 * b.slopes[0, 0]
    assert np.allclose(moved, a.padded[0], atol=1e-4)


def test_weights_count_as_rows() -> None:
    frame = answers()
    doubled = pd.concat([frame, frame.iloc[:100]], ignore_index=True)
    weights = np.where(np.arange(len(frame)) < 100, 2.0, 1.0)
    a = given(frame, [*ITEMS, "y"], ["x1", "x2"], weights=weights)
    b = given(doubled, [*ITEMS, "y"], ["x1", "x2"])
    assert np.allclose(a.statistics, b.statistics, atol=1e-6)


def test_the_truth_is_found() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    x = rng.normal(size=n)
    noise = rng.multivariate_normal([0, 0, 0], [[1, 0.5, 0.3], [0.5, 1, -0.4], [0.3, -0.4, 1]], n)
    frame = pd.DataFrame(
        {
            "a": np.digitize(0.6 * x + noise[:, 0], [-0.5, 0.8]),
            "b": np.digitize(-0.9 * x + noise[:, 1], [0.2]),
            "y": 5 + 1.5 * x + 2 * noise[:, 2],
            "x": x,
        }
    )
    found = given(frame, ["a", "b", "y"], ["x"])
    truth = [-0.5, 0.8, 0.2, -5, 0.6, -0.9, 1.5, 4, 0.5, 0.6, -0.8]
    error = np.sqrt(np.diagonal(found.gamma) / n)
    assert (np.abs(found.statistics - truth) / error).max() < 3.5
    assert found.layout.labels[4:7] == ("a~x", "b~x", "y~x")
    total, mean = found.total
    assert total[2, 2] == pytest.approx(frame["y"].var(), rel=1e-3)
    assert mean[2] == pytest.approx(frame["y"].mean())


def log_density(a: Margin, b: Margin, rho: float) -> np.ndarray:
    """log density of each row's two answers, by another route."""
    joint = multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    if a.codes is not None and b.codes is not None:
        (la, ha), (lb, hb) = a.limits, b.limits
        ends = [np.clip(v, -9, 9) for v in (la, ha, lb, hb)]
        corner = [joint.cdf(np.column_stack([ends[i], ends[j]])) for i, j in ((1, 3), (0, 3), (1, 2), (0, 2))]
        return np.log(corner[0] - corner[1] - corner[2] + corner[3])
    if a.codes is None and b.codes is None:
        return joint.logpdf(np.column_stack([a.z, b.z])) - 0.5 * np.log(a.variance * b.variance)
    item, other = (a, b) if a.codes is not None else (b, a)
    low, high = ((v - rho * other.z) / np.sqrt(1 - rho**2) for v in item.limits)
    inside = np.log(special.ndtr(high) - special.ndtr(low))
    return inside - 0.5 * other.z**2 - 0.5 * np.log(2 * np.pi * other.variance)


def moved(m: Margin, at: np.ndarray, y: np.ndarray) -> Margin:
    """Return a margin at other parameters."""
    cuts, k = len(m.cuts), m.x.shape[1]
    if m.codes is not None:
        return Margin(m.x, m.share, at[:cuts], at[cuts:], m.codes, m.z, 1.0, converged=True)
    z = (y - at[0] - m.x @ at[1 : 1 + k]) / np.sqrt(at[-1])
    return Margin(m.x, m.share, at[:1], at[1 : 1 + k], None, z, float(at[-1]), converged=True)


def parameters(m: Margin) -> np.ndarray:
    return np.r_[m.cuts, m.slopes, [] if m.codes is not None else [m.variance]]


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "y"), ("y", "a"), ("y", "z")])
def test_influence_is_that_of_scores_by_finite_differences(pair: tuple[str, str]) -> None:
    frame = answers(120)
    x, share = frame[["x1", "x2"]].to_numpy(), np.full(120, 1 / 120)
    data = [frame[name].to_numpy() for name in pair]
    a, b = (
        item_margin(y, 4, x, share) if name in ITEMS else numeric_margin(y, x, share)
        for name, y in zip(pair, data, strict=True)
    )
    roots = residual_correlations([a, b], np.array([0]), np.array([1]))
    rho, h = float(roots.value[0]), 1e-4
    score = (log_density(a, b, rho + h) - log_density(a, b, rho - h)) / (2 * h)
    assert abs(share @ score) < 1e-5
    expected = score.copy()
    for side, (m, y) in enumerate(zip((a, b), data, strict=True)):
        at = parameters(m)
        crossed = []
        for step in np.eye(len(at)) * h:
            ends = [[moved(m, at + s * step, y) if k == side else (a, b)[k] for k in (0, 1)] for s in (1, -1)]
            slope = (log_density(*ends[0], rho) - log_density(*ends[1], rho)) / (2 * h)
            crossed.append(share @ (score * slope))
        expected -= m.influence @ np.array(crossed)
    expected /= share @ score**2
    assert np.allclose(pair_influence(a, b, rho), expected, atol=2e-4)


def test_resampled_rows_are_the_moments_of_those_rows() -> None:
    frame = answers(200)
    whole = given(frame, [*ITEMS, "y"], ["x1", "x2"])
    counts = np.random.default_rng(1).multinomial(200, np.full(200, 1 / 200), size=2)
    found = ConditionalResampler(whole).replicates(counts.astype(float))
    for b in range(2):
        alone = given(frame.iloc[np.repeat(np.arange(200), counts[b])], [*ITEMS, "y"], ["x1", "x2"])
        assert found.converged[b]
        assert np.allclose(found.statistics[b], alone.statistics, atol=1e-6)
        assert np.allclose(found.gamma_diagonal[b], np.diagonal(alone.gamma), rtol=1e-4)
        assert np.allclose(found.means[b], alone.total[1], atol=1e-6)


def test_a_resample_without_a_category_has_not_converged() -> None:
    frame = answers(200)
    whole = given(frame, ITEMS, ["x1"])
    counts = np.where(frame["a"].to_numpy() == 3, 0.0, 1.0)[None]
    found = ConditionalResampler(whole).replicates(counts)
    assert not found.converged[0]
    assert np.isnan(found.statistics[0]).all()


def test_covariates_that_follow_from_each_other_are_refused() -> None:
    frame = answers().assign(x3=lambda d: 2 * d["x1"] - d["x2"])
    with pytest.raises(FitError, match="follows from the others"):
        given(frame, ITEMS, ["x1", "x2", "x3"])


def test_a_covariate_that_separates_answers_is_refused() -> None:
    frame = answers().assign(top=lambda d: (d["a"] == 3).astype(float))
    with pytest.raises(FitError, match="separate the answers to a"):
        given(frame, ITEMS, ["top"])
