"""Group means: weighted, clustered, and silent where there is nothing to compare."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import satloyal as sl
from satloyal.reporting.group_means import group_means, mean_interval
from satloyal.survey.survey import Survey


def test_with_equal_weights_it_is_the_t_interval():
    x = np.array([3.0, 5.0, 6.0, 7.0])
    mean, low, high = mean_interval(x, np.full(4, 2.5))
    want = stats.t.interval(0.95, 3, loc=x.mean(), scale=x.std(ddof=1) / 2)
    assert (mean, low, high) == pytest.approx((x.mean(), *want))


def test_weights_may_be_rescaled():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=30), rng.uniform(0.5, 2, size=30)
    assert mean_interval(x, w) == pytest.approx(mean_interval(x, 7 * w))


def test_each_respondent_a_cluster_changes_nothing():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=30), rng.uniform(0.5, 2, size=30)
    assert mean_interval(x, w, clusters=np.arange(30.0)) == pytest.approx(mean_interval(x, w))


def test_alike_answers_within_clusters_widen_the_interval():
    x = np.repeat([3.0, 5.0, 6.0, 7.0], 10)
    _, low, high = mean_interval(x, np.ones(40))
    _, wide_low, wide_high = mean_interval(x, np.ones(40), clusters=np.repeat(np.arange(4.0), 10))
    assert wide_high - wide_low > 2 * (high - low)


@pytest.mark.parametrize("x", [[], [4.0]])
def test_too_few_answers_have_no_interval(x):
    _, low, high = mean_interval(np.array(x), np.ones(len(x)))
    assert np.isnan([low, high]).all()


def test_one_group_is_no_comparison():
    book = sl.Codebook.from_dict({"group": "g", "constructs": {"T": {"items": ["T1"], "scale": [1, 5]}}})
    survey = Survey.from_frame(pd.DataFrame({"T1": [1, 2, 3], "g": ["a", "a", "a"]}), book)
    assert group_means(survey, "g") is None


def test_items_of_different_scales_are_compared_in_percent():
    book = sl.Codebook.from_dict(
        {
            "group": "g",
            "items": {"A": {"scale": [1, 5]}, "B": {"scale": [1, 10]}},
            "constructs": {"T": {"items": ["A", "B"]}},
        }
    )
    frame = pd.DataFrame({"A": [1, 5, 1, 5], "B": [1, 10, 1, 10], "g": ["a", "b", "a", "b"]})
    means = group_means(Survey.from_frame(frame, book), "g")
    assert means["mean"].tolist() == [0.0, 100.0]
