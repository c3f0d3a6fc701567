"""Clusters that have rows in several groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.judged import CFA, lavaan_adjusted, pupils


def _sampled() -> pd.DataFrame:
    data = pupils("weighted")
    return data.assign(own=data["school"] + " " + data["cluster"].astype(str))


def test_clusters_of_each_groups_own_are_lavaans_whatever_their_names() -> None:
    # lavaan takes a cluster as another one in each group: both of its columns say the same
    stored = lavaan_adjusted()["clusters"]
    assert stored["cluster"] == stored["own"]
    free = sl.fit_sem(CFA, _sampled(), group="school", cluster="own")
    held = sl.fit_sem(CFA, _sampled(), group="school", cluster="own", group_equal="loadings")
    assert free.lrt(held).statistic == pytest.approx(stored["own"]["difference"], rel=1e-4)
    assert held.glance()["chisq_scaled"] == pytest.approx(stored["own"]["chisq.scaled"], rel=1e-4)
    assert held.tidy()["se"][1:3].tolist() == pytest.approx(stored["own"]["se"], rel=1e-4)


def test_a_cluster_that_crosses_groups_is_one_and_is_told() -> None:
    crossed = sl.fit_sem(CFA, _sampled(), group="school", cluster="cluster", group_equal="loadings")
    own = sl.fit_sem(CFA, _sampled(), group="school", cluster="own", group_equal="loadings")
    assert crossed.glance()["chisq"] == pytest.approx(own.glance()["chisq"])
    assert not np.allclose(crossed.tidy()["se"], own.tidy()["se"], rtol=0.01)
    (check,) = (c for c in crossed.checks if c.name == "clusters across groups")
    assert (check.status, check.value) == ("pass", 40)
    assert "one and the same" in check.message
    (alone,) = (c for c in own.checks if c.name == "clusters across groups")
    assert (alone.status, alone.value) == ("pass", 0)


@pytest.mark.parametrize("options", [{"ordered": [f"x{i}" for i in range(1, 10)]}, {"estimator": "MLM"}])
def test_where_groups_have_errors_of_their_own_crossing_clusters_are_a_warning(options: dict) -> None:
    data = _sampled()
    if "ordered" in options:
        data = pupils("ordinal").assign(cluster=data["cluster"].to_numpy())
    found = sl.fit_sem(CFA, data, group="school", cluster="cluster", **options)
    (check,) = (c for c in found.checks if c.name == "clusters across groups")
    assert check.status == "warn"
    assert "MLR" in check.advice


def test_one_group_has_no_such_check() -> None:
    found = sl.fit_sem(CFA, _sampled(), cluster="cluster")
    assert not [c for c in found.checks if c.name == "clusters across groups"]


def test_differences_between_groups_of_one_cluster_have_the_right_error() -> None:
    estimates, crossed, own = [], [], []
    text = "F =~ a + b + c\na ~ c(m1, m2)*1\ndiff := m1 - m2"
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shop = np.repeat(np.arange(40), 10)
        shared = rng.normal(size=(40, 3))[shop] * 0.7
        rows = rng.normal(size=(400, 1)) + shared + rng.normal(size=(400, 3))
        data = pd.DataFrame(rows, columns=["a", "b", "c"])
        data["shop"], data["g"] = shop, np.where(rng.random(400) < 0.5, "m", "w")
        data["own"] = data["g"] + data["shop"].astype(str)
        for column, errors in (("shop", crossed), ("own", own)):
            row = sl.fit_sem(text, data, group="g", cluster=column).tidy().set_index("lhs").loc["diff"]
            errors.append(row["se"])
        estimates.append(row["est"])
    assert np.mean(crossed) == pytest.approx(np.std(estimates), rel=0.2)
    assert np.mean(own) > 1.3 * np.std(estimates)  # as if men and women of a shop had nothing in common
