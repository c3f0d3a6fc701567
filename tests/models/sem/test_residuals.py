"""Residuals: lavaan's numbers, and z values that are z values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.judged import CFA, TWO_GROUPS, fit, judged, lavaan, lavaan_adjusted, pupils

NEAR = 2e-4  # a z value is a small residual over a small standard error


@pytest.mark.parametrize("kind", ["standardized", "standardized_mplus", "normalized", "cor", "bentler"])
def test_residuals_are_lavaans(kind: str) -> None:
    theirs = np.array(lavaan()["residuals"][kind], dtype=float)
    np.testing.assert_allclose(fit("cfa").residuals(kind), theirs, atol=NEAR, rtol=NEAR)


def test_robust_estimators_judge_residuals_by_the_datas_own_spread() -> None:
    # lavaan's are these with the expected information (MLM, or MLR with information="expected")
    theirs = np.array(lavaan()["residuals"]["robust"], dtype=float)
    np.testing.assert_allclose(fit("mlm").residuals("standardized"), theirs, atol=NEAR)
    assert not np.allclose(
        fit("mlm").residuals("standardized"), fit("cfa").residuals("standardized"), atol=0.05
    )


def test_robust_standardised_residuals_of_skewed_data_are_standard_normal() -> None:
    z = []
    for seed in range(30):
        drawn = sl.simulate(fit("cfa"), 600, seed=seed, skewness=1.2)
        found = sl.fit_sem(CFA, drawn, estimator="MLR").residuals("standardized")
        z.append(found.to_numpy()[np.tril_indices(9, -1)])
    assert np.std(z, axis=0).mean() == pytest.approx(1, abs=0.08)


def test_what_given_covariates_fix_has_no_residual() -> None:
    theirs = np.array(lavaan()["residuals"]["fixed_x"], dtype=float)
    np.testing.assert_allclose(fit("path").residuals("standardized"), theirs, atol=NEAR)


def test_standardised_residuals_of_groups_with_equal_parameters_are_standard_normal() -> None:
    # lavaan 0.6-14 leaves out what the other group brings in, and overstates these
    truth = fit("two_groups")
    rng = np.random.default_rng(5)
    z, means = [], []
    for _ in range(40):
        frames = []
        for (sigma, mu), part in zip(truth._implied, truth.sample.groups, strict=True):
            frame = pd.DataFrame(rng.multivariate_normal(mu, sigma, part.n), columns=truth.table.observed)
            frames.append(frame.assign(school=part.label))
        drawn = sl.fit_sem(CFA, pd.concat(frames, ignore_index=True), **TWO_GROUPS)
        z.append(drawn.residuals("standardized", 1).to_numpy()[np.tril_indices(9)])
        means.append(drawn.mean_residuals("standardized", 1).to_numpy())
    assert np.std(z, axis=0).mean() == pytest.approx(1, abs=0.07)
    assert np.std(means, axis=0).mean() == pytest.approx(1, abs=0.1)


def test_residuals_of_means_are_zero_where_the_means_are_free() -> None:
    free = sl.fit_sem(CFA, pupils(), meanstructure=True)
    assert free.mean_residuals().abs().max() < 1e-6
    assert (free.mean_residuals("standardized") == 0).all()
    assert fit("two_groups").mean_residuals("standardized").abs().max() > 2


def test_hostile_arguments_are_refused() -> None:
    for call, message in (
        (lambda: fit("cfa").residuals("raw2"), "kind is 'raw2'"),
        (lambda: fit("cfa").residuals("raw", 1), "group is 1"),
        (lambda: fit("cfa").mean_residuals(), "no mean structure"),
    ):
        with pytest.raises(sl.SatloyalError, match=message):
            call()


def test_moments_tell_nothing_of_spread_beyond_normal_theory() -> None:
    columns = [f"x{i}" for i in range(1, 10)]
    from_rows = sl.fit_sem(CFA, pupils())
    from_moments = sl.fit_sem(CFA, sl.Moments.from_frame(pupils()[columns]))
    np.testing.assert_allclose(
        from_moments.residuals("standardized"), from_rows.residuals("standardized"), atol=1e-6
    )


# --- ordinal items, least squares and incomplete rows, beside lavaan's lavResiduals ---

ADJUSTED = lavaan_adjusted()["residuals"]
SINGLE = [name for name in ADJUSTED if name.split()[1] not in ("groups", "thresholds", "means", "Pasteur")]
OWN = [
    "continuous ULS",
    "continuous DWLS",
    "continuous WLSMV",
    "continuous ULSMV",
]  # lavaan has no z for these
TYPES = {"raw": "raw", "cor.bentler": "bentler", "cor.bollen": "cor"}
FIGURES = {
    "value": "", "se": ".se", "exact_z": ".exactfit.z", "exact_pvalue": ".exactfit.pvalue",
    "unbiased": "u", "unbiased_se": "u.se", "ci_lower": "u.ci.lower", "ci_upper": "u.ci.upper",
    "close_z": "u.closefit.z", "close_pvalue": "u.closefit.pvalue",
}  # fmt: skip


def _array(stored: list) -> np.ndarray:
    return np.array(stored, dtype=float)


def _compare_summary(found: sl.SemFit, kind: str, group: int, stored: dict) -> int:
    """Compare the parts that lavaan has right; returns how many."""
    table = found.residual_summary(kind).query("group == @group + 1").set_index("part")
    count = 0
    for column, values in stored["summary"]["columns"].items():
        if column == "total" and stored["th"]:
            continue  # see test_the_total_of_ordinal_items_is_that_of_their_correlations
        row = table.loc["cov" if column == "cor" else column]
        for name, theirs in zip(stored["summary"]["rows"], values, strict=True):
            stem = name.split(".")[0]
            key = ("u" if stem.startswith("u") else "") + name[len(stem) :].replace(
                "cilupper", "ci.upper"
            )  # sic
            ours = {label: figure for figure, label in FIGURES.items()}.get(key)
            if ours is None or theirs is None or (ours == "unbiased" and np.isnan(row[ours])):
                continue
            limit = 2e-3 if ours.startswith(("exact", "close")) else 1e-4  # a small size over a small error
            assert row[ours] == pytest.approx(max(theirs, 0) if ours == "ci_lower" else theirs, abs=limit), (
                name
            )
            count += 1
    return count


@pytest.mark.parametrize("case", [name for name in SINGLE if name not in OWN])
def test_standardised_residuals_and_their_summary_are_lavaans(case: str) -> None:
    found = judged(*case.split())
    stored = ADJUSTED[case]["raw"][0]
    near = 1e-3 if case.startswith("incomplete") else NEAR  # saturated moments stop at 1e-5 there
    np.testing.assert_allclose(found.residuals("raw"), _array(stored["cov"]), atol=1e-5)
    np.testing.assert_allclose(found.residuals("standardized"), _array(stored["cov.z"]), atol=near)
    if case.startswith("incomplete"):
        np.testing.assert_allclose(found.mean_residuals("standardized"), _array(stored["mean.z"]), atol=near)
    if case.startswith("ordinal"):
        ours = found.threshold_residuals("standardized")["residual"]
        np.testing.assert_allclose(ours, _array(stored["th.z"]), atol=near)
    compared = [_compare_summary(found, kind, 0, ADJUSTED[case][theirs][0]) for theirs, kind in TYPES.items()]
    assert min(compared) >= 10


def test_groups_have_the_errors_of_their_own_size() -> None:
    # lavaan 0.6-14 takes all rows' number for each group of ordinal items; fitted alone, the group agrees
    free = judged("ordinal", "WLSMV", equal=())
    place = free.group_labels.index("Pasteur")
    alone = ADJUSTED["ordinal Pasteur"]["raw"][0]
    np.testing.assert_allclose(free.residuals("standardized", place), _array(alone["cov.z"]), atol=NEAR)
    together = _array(ADJUSTED["ordinal groups"]["raw"][place]["cov.z"])
    ratio = together[1, 0] / free.residuals("standardized", place).iloc[1, 0]
    assert ratio == pytest.approx(np.sqrt(free.nobs / free.sample.groups[place].n), rel=1e-3)
    for theirs, kind in TYPES.items():
        assert _compare_summary(free, kind, place, ADJUSTED["ordinal Pasteur"][theirs][0]) >= 10
    means = judged("continuous", "ML", equal=())
    for group in (0, 1):
        assert (
            _compare_summary(means, "bentler", group, ADJUSTED["continuous means"]["cor.bentler"][group])
            >= 20
        )


def test_the_total_of_ordinal_items_is_that_of_their_correlations() -> None:
    # free thresholds are fitted exactly: they add to the count and nothing else, which lavaan's total misses
    table = judged("ordinal", "WLSMV").residual_summary().set_index("part")
    share = np.sqrt(table.loc["cov", "count"] / table.loc["total", "count"])
    for name in ("value", "se", "unbiased", "unbiased_se"):
        assert table.loc["total", name] == pytest.approx(share * table.loc["cov", name], rel=1e-6)
    theirs = dict(
        zip(
            ADJUSTED["ordinal WLSMV"]["cor.bentler"][0]["summary"]["rows"],
            ADJUSTED["ordinal WLSMV"]["cor.bentler"][0]["summary"]["columns"]["total"],
            strict=True,
        )
    )
    assert table.loc["total", "value"] == pytest.approx(theirs["srmr"], abs=1e-6)
    assert theirs["usrmr.se"] < 0.5 * table.loc["total", "unbiased_se"]
    assert table.loc["thresholds", "value"] < 1e-9
    assert np.isnan(table.loc["thresholds", "exact_pvalue"])


def test_equal_thresholds_leave_residuals_that_are_judged() -> None:
    found = judged("ordinal", "WLSMV", equal=("loadings", "thresholds"))
    table = found.threshold_residuals("standardized")
    raw = found.threshold_residuals("raw")["residual"].to_numpy()
    stored = ADJUSTED["ordinal thresholds"]["raw"][0]
    np.testing.assert_allclose(raw, _array(stored["th"]), atol=1e-5)
    assert table.columns.tolist() == ["item", "threshold", "residual"]
    assert table["residual"].abs().max() > 2
    assert (judged("ordinal", "WLSMV").threshold_residuals("standardized")["residual"] == 0).all()


@pytest.mark.parametrize("options", [{"estimator": "ULS"}, {"estimator": "WLSMV"}, {"ordered": True}])
def test_least_squares_residuals_are_standard_normal(options: dict) -> None:
    text = "F =~ .8*a1 + .7*a2 + .6*a3 + .7*a4\nG =~ .8*b1 + .7*b2 + .6*b3 + .7*b4\nF ~~ .4*G"
    z, exact = [], []
    for seed in range(50):
        data = sl.simulate(text, 500, seed=seed, skewness=0 if "ordered" in options else 1.0)
        if "ordered" in options:
            data = data.apply(lambda x: np.digitize(x, [-1, 0, 1]))
        found = sl.fit_sem("F =~ a1 + a2 + a3 + a4\nG =~ b1 + b2 + b3 + b4", data, **options)
        z.append(found.residuals("standardized").to_numpy()[np.tril_indices(8, -1)])
        exact.append(found.residual_summary("cor")["exact_pvalue"][0] < 0.05)
    assert np.std(z, axis=0).mean() == pytest.approx(1, abs=0.08)
    assert np.mean(exact) <= 0.16  # 2.5 of 50 expected; the limit is three standard errors above


def test_residuals_of_incomplete_rows_are_standard_normal() -> None:
    text = "F =~ .8*a1 + .7*a2 + .6*a3 + .7*a4\nF ~~ 1*F"
    z = []
    for seed in range(50):
        data = sl.simulate(text, 400, seed=seed)
        data.loc[data["a1"] > 0.5, "a4"] = np.nan  # missing at random, given a1
        found = sl.fit_sem("F =~ a1 + a2 + a3 + a4", data, missing="fiml")
        z.append(found.residuals("standardized").to_numpy()[np.tril_indices(4, -1)])
    assert np.std(z, axis=0).mean() == pytest.approx(1, abs=0.1)
    assert np.abs(np.mean(z, axis=0)).max() < 0.45


def test_the_unbiased_srmr_covers_the_populations() -> None:
    truth = "F =~ .8*a1 + .7*a2 + .6*a3 + .7*a4 + .7*a5\nF ~~ 1*F\na1 ~~ .25*a2\na4 ~~ .25*a5"
    model = "F =~ a1 + a2 + a3 + a4 + a5"
    large = sl.fit_sem(model, sl.simulate(truth, 400_000, seed=1)).residual_summary("cor").iloc[0]
    size = large["value"]
    hits, values, plain = [], [], []
    for seed in range(80):
        row = sl.fit_sem(model, sl.simulate(truth, 300, seed=seed + 10)).residual_summary("cor").iloc[0]
        hits.append(row["ci_lower"] <= size <= row["ci_upper"])
        values.append(row["unbiased"])
        plain.append(row["value"])
    assert np.mean(hits) == pytest.approx(0.90, abs=0.11)
    assert abs(np.mean(values) - size) < abs(np.mean(plain) - size)


def test_a_summary_of_what_has_none_is_refused_or_nan() -> None:
    broken = replace(fit("cfa"), solved=False)
    assert broken.residual_summary()["value"].isna().all()
    for call, message in (
        (lambda: fit("cfa").residual_summary("odd"), "kind is 'odd'"),
        (lambda: fit("cfa").residual_summary(level=2), "level is 2"),
        (lambda: fit("cfa").threshold_residuals(), "no item is ordinal"),
    ):
        with pytest.raises(sl.SatloyalError, match=message):
            call()


def test_constraints_take_their_directions_out_of_the_residuals_errors() -> None:
    by_label = sl.fit_sem("visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + x5 + x6", pupils())
    by_constraint = sl.fit_sem("visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6\na == b", pupils())
    np.testing.assert_allclose(
        by_label.residuals("standardized"), by_constraint.residuals("standardized"), atol=1e-5
    )
