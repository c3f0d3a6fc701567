"""Replicates are reproducible, counted, and give the intervals that the papers define."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, MEDIATION, PATHS, respondents, row
from satloyal.core.resample import blocks
from satloyal.errors import FitError
from satloyal.models.sem import inference
from satloyal.models.sem.draws import RowDraws
from satloyal.models.sem.estimate import Problem

FRAME = respondents(200, seed=2)
INTERVALS = ["perc_lower", "perc_upper", "bca_lower", "bca_upper"]


@pytest.fixture(scope="module")
def fit():
    return sl.fit_sem(MEDIATION, FRAME)


@pytest.fixture(scope="module")
def boot(fit):
    return fit.bootstrap(1000, seed=1, workers=1)


# --- reproducible ---


@pytest.mark.parametrize("model", [CHAIN, LOOP])
def test_a_seed_gives_the_same_numbers_on_any_number_of_workers(model):
    fit = sl.fit_sem(model, FRAME)
    one, two, three = (fit.bootstrap(700, seed=4, workers=w) for w in (1, 2, 3))
    np.testing.assert_array_equal(one.theta_star, two.theta_star)
    np.testing.assert_array_equal(one.theta_star, three.theta_star)
    pd.testing.assert_frame_equal(one.tidy(), three.tidy())


def test_how_much_is_held_at_once_does_not_change_the_replicates(fit, boot, monkeypatch):
    monkeypatch.setattr("satloyal.models.sem.bootstrap._HELD", 40 * fit.table.q**2)
    monkeypatch.setattr("satloyal.models.sem.draws._HELD", 33 * fit.nobs)
    again = fit.bootstrap(boot.requested, seed=boot.seed)
    np.testing.assert_allclose(again.theta_star, boot.theta_star, rtol=1e-9, atol=1e-9)


def test_seeds_differ(fit, boot):
    assert not np.array_equal(fit.bootstrap(1000, seed=2, workers=1).theta_star, boot.theta_star)
    again = fit.bootstrap(1000, seed=1, workers=2)
    np.testing.assert_array_equal(again.theta_star, boot.theta_star)


def test_replicates_are_fits_to_the_rows_drawn(fit, boot):
    """The first replicates, drawn by hand and fitted one by one."""
    stream = np.random.default_rng(np.random.SeedSequence(1).spawn(4)[0])
    drawn = stream.integers(0, 200, (250, 200), dtype=np.int64)
    for b in (0, 1, 249):
        single = sl.fit_sem(MEDIATION, FRAME.iloc[drawn[b]].reset_index(drop=True))
        np.testing.assert_allclose(boot.theta_star[b], single.theta, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (CFA, {}),
        (CFA, {"meanstructure": True}),
        (CFA, {"group": "segment", "group_equal": ("loadings", "intercepts")}),
        (PATHS, {"meanstructure": True}),
        (CFA, {"weights": "weight"}),
        (CFA, {"likelihood": "wishart"}),
    ],
)
def test_every_replicate_lies_at_a_minimum(model, options):
    fit = sl.fit_sem(model, FRAME, **options)
    boot = fit.bootstrap(40, seed=3, workers=1)
    assert boot.replicates == 40
    (block,) = blocks(40, 3)
    covs, means = RowDraws(fit).moments(40, block[2])
    sizes = [g.size if fit.likelihood == "normal" else g.size - 1 for g in fit.sample.groups]
    at = Problem.of_batch(fit.rams, sizes, covs, means)(boot.theta_star, np.arange(40), "observed")
    step = np.linalg.solve(at.hessian, at.gradient[..., None])[..., 0]
    error = np.sqrt(np.diagonal(fit.with_vcov("expected").vcov))
    assert (np.abs(step) / error).max() < 1e-3, "far below Monte Carlo error"
    assert (np.linalg.eigvalsh(at.hessian) > 0).all()


# --- tables and intervals ---


def test_the_table_is_the_fits_with_other_errors_and_more_intervals(fit, boot):
    table = boot.tidy()
    assert list(table.columns[:12]) == list(fit.tidy().columns[:12])
    assert set(INTERVALS) <= set(table.columns)
    np.testing.assert_array_equal(table["est"], fit.tidy()["est"])
    np.testing.assert_array_equal(table[["ci_lower", "ci_upper"]], table[["bca_lower", "bca_upper"]])
    free = table["free"] > 0
    at = table.loc[free, "free"] - 1
    np.testing.assert_allclose(table.loc[free, "se"], boot.theta_star.std(axis=0, ddof=1)[at])


def test_percentile_intervals_are_order_statistics(boot):
    stars = np.sort(boot.theta_star[:, 0])
    low, high = row(boot.tidy(), "v1", "~", "q1")[["perc_lower", "perc_upper"]]
    for found, tail in ((low, 0.025), (high, 0.975)):
        at = tail * 1001 - 1
        k = int(at)
        assert found == pytest.approx(stars[k] + (at - k) * (stars[k + 1] - stars[k]))


def test_bca_intervals_are_computed_by_hand(fit, boot):
    a, b = fit.params["v1 ~ q1"], fit.params["s1 ~ v1"]
    stars = boot.theta_star[:, 0] * boot.theta_star[:, 1]
    influence = -fit.scores() @ inference.vcov_of(fit.observed_hessian / 2, 200)
    u = influence[:, 0] * b + influence[:, 1] * a
    acceleration = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    z0 = stats.norm.ppf((stars < a * b).mean())
    ordered = np.sort(stars)
    found = row(boot.tidy(), "indirect", ":=")[["bca_lower", "bca_upper"]]
    for value, tail in zip(found, (0.025, 0.975), strict=True):
        z = z0 + stats.norm.ppf(tail)
        at = stats.norm.cdf(z0 + z / (1 - acceleration * z)) * 1001 - 1
        k = int(at)
        assert value == pytest.approx(ordered[k] + (at - k) * (ordered[k + 1] - ordered[k]), rel=1e-9)


def test_acceleration_is_that_of_the_jackknife(fit, boot):
    """Efron 1987, eq. 7.3: leave every respondent out once."""
    values = np.array([sl.fit_sem(MEDIATION, FRAME.drop(index=i)).params.to_numpy()[:3] for i in FRAME.index])
    values = np.column_stack([values, values[:, 0] * values[:, 1]])
    gap = values.mean(axis=0) - values
    jackknife = (gap**3).sum(axis=0) / (6 * (gap**2).sum(axis=0) ** 1.5)

    def function(theta):
        return np.concatenate([theta[:, :3], theta[:, :1] * theta[:, 1:2]], axis=1)

    np.testing.assert_allclose(boot._acceleration(function), jackknife, atol=2e-3)


def test_errors_are_near_the_sandwich(fit, boot):
    robust = np.sqrt(np.diagonal(fit.with_vcov("robust").vcov))
    np.testing.assert_allclose(boot.theta_star.std(axis=0, ddof=1), robust, rtol=0.12)


def test_fixed_parameters_do_not_vary(boot):
    fixed = row(boot.tidy(), "q1", "~~", "q1")
    assert fixed["se"] == 0
    assert (fixed[INTERVALS] == fixed["est"]).all()
    assert np.isnan(fixed["z"])


def test_effects_have_the_same_intervals_as_the_definitions(boot):
    indirect = boot.effects("q1", "s1").query("kind == 'indirect'").iloc[0]
    defined = row(boot.tidy(), "indirect", ":=")
    for column in ("est", "se", *INTERVALS):
        assert indirect[column] == pytest.approx(defined[column])


def test_a_wider_level_is_a_wider_interval(fit, boot):
    narrow = fit.bootstrap(1000, seed=1, level=0.8, workers=1).tidy()
    free = boot.tidy()["free"] > 0
    assert (narrow.loc[free, "perc_lower"] > boot.tidy().loc[free, "perc_lower"]).all()
    assert (narrow.loc[free, "perc_upper"] < boot.tidy().loc[free, "perc_upper"]).all()


# --- counted, and honest about what failed ---


def test_counts_add_up_and_are_told(boot):
    counts = boot.counts
    assert counts["requested"] == 1000
    assert counts["used"] + counts["failed"] == 1000
    assert counts["used"] == boot.replicates == len(boot.theta_star)
    assert any("1000 replicates" in n.message and "seed 1" in n.message for n in boot.notes)
    assert boot.glance()["boot_requested"] == 1000
    assert boot.headline().startswith(boot.fit.headline())
    assert "1000 of 1000 bootstrap replicates are used" in boot.headline()


def test_too_many_lost_replicates_leave_no_interval(boot):
    few = replace(boot, theta_star=boot.theta_star[:900])
    assert not few.converged
    assert few.headline().startswith("TOO MANY REPLICATES FAILED: 100 of 1000")
    assert few.tidy()[INTERVALS].loc[few.tidy()["free"] > 0].isna().all(axis=None)
    assert next(c for c in few.checks if c.name == "bootstrap convergence").status == "fail"
    some = replace(boot, theta_star=boot.theta_star[:960])
    assert some.converged
    assert some.tidy()[INTERVALS].notna().all(axis=None)


def test_inadmissible_replicates_are_kept_and_counted():
    cov = [[1, 0.62, 0.6], [0.62, 1, 0.4], [0.6, 0.4, 1]]
    fit = sl.fit_sem("Q =~ q1 + q2 + q3", sl.Moments.from_matrix(cov, 60, names=["q1", "q2", "q3"]))
    boot = fit.bootstrap(400, seed=1)
    variances = boot.theta_star[:, [r.free - 1 for r in fit.table.rows if r.op == "~~" and r.free]]
    assert boot.counts["inadmissible"] == int((variances < 0).any(axis=1).sum()) > 0


def test_residual_correlations_beyond_one_are_inadmissible_too():
    fit = sl.fit_sem(CFA + "\nq1 ~~ v1", FRAME)
    boot = fit.bootstrap(300, seed=1)
    place = {(r.lhs, r.rhs): r.free - 1 for r in fit.table.rows if r.op == "~~"}
    stars = boot.theta_star.T
    beyond = stars[place["q1", "v1"]] ** 2 > np.abs(stars[place["q1", "q1"]] * stars[place["v1", "v1"]])
    assert boot.counts["inadmissible"] >= int(beyond.sum())


def test_few_replicates_are_called_noisy(fit):
    boot = fit.bootstrap(100, seed=1)
    assert next(c for c in boot.checks if c.name == "bootstrap replicates").status == "warn"


def test_a_single_replicate_gives_no_interval(fit):
    table = fit.bootstrap(1, seed=1).tidy()
    assert table.loc[table["free"] > 0, ["se", *INTERVALS]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicates": 0}, "replicates is 0"),
        ({"replicates": 10.5}, "replicates is 10.5"),
        ({"replicates": True}, "replicates is True"),
        ({"level": 95}, "level is 95"),
        ({"kind": "wild"}, "kind is 'wild'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(fit, options, words):
    with pytest.raises(FitError) as caught:
        fit.bootstrap(**{"replicates": 10, **options})
    assert words in str(caught.value)


def test_progress_is_told_to_the_end(fit):
    told = []
    fit.bootstrap(1300, seed=1, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1300, 1300)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_an_interruption_ends_the_work(fit):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit.bootstrap(5000, seed=1, progress=interrupt)


# --- moments, clusters, groups ---


def test_moments_are_resampled_from_the_model():
    moments = sl.Moments.from_frame(FRAME[["q1", "v1", "s1"]])
    fit = sl.fit_sem(MEDIATION, moments, fixed_x=False)
    boot = fit.bootstrap(2000, seed=1)
    assert boot.kind == "parametric"
    np.testing.assert_allclose(boot.theta_star.std(axis=0), np.sqrt(np.diagonal(fit.vcov)), rtol=0.08)
    assert any("normal samples from the fitted model" in n.message for n in boot.notes)
    with pytest.raises(FitError, match="rows cannot be drawn from moments"):
        fit.bootstrap(10, kind="nonparametric")


def test_parametric_means_vary_as_means_do():
    fit = sl.fit_sem(MEDIATION, FRAME, meanstructure=True, fixed_x=False)
    boot = fit.bootstrap(2000, seed=1, kind="parametric")
    np.testing.assert_allclose(boot.theta_star.std(axis=0), np.sqrt(np.diagonal(fit.vcov)), rtol=0.1)


def test_respondents_copied_into_clusters_vary_as_what_they_were():
    copied = FRAME.loc[FRAME.index.repeat(4)].assign(person=np.repeat(np.arange(200), 4))
    clustered = sl.fit_sem(MEDIATION, copied, cluster="person", meanstructure=False)
    plain = sl.fit_sem(MEDIATION, FRAME)
    one, two = (f.bootstrap(500, seed=1) for f in (clustered, plain))
    np.testing.assert_allclose(
        one.theta_star[:, : two.theta_star.shape[1]], two.theta_star, rtol=1e-4, atol=1e-5
    )
    assert any("clusters drawn with replacement" in n.message for n in one.notes)


def test_clusters_that_stand_in_several_groups_make_them_vary_together():
    rng = np.random.default_rng(3)
    shop = rng.integers(0, 40, 600)
    q = rng.standard_normal(600)
    frame = pd.DataFrame({"q1": q, "v1": 0.5 * q + rng.standard_normal(40)[shop] + rng.standard_normal(600)})
    frame = frame.assign(shop=shop, segment=np.where(rng.random(600) < 0.5, "new", "old"))
    model = "v1 ~ q1\nv1 ~ c(i1, i2)*1\ndifference := i1 - i2"
    fit = sl.fit_sem(model, frame, group="segment", cluster="shop")
    boot = fit.bootstrap(1000, seed=1)
    for name in (("difference", ":="), ("v1", "~1", "", 1)):
        ours, theirs = row(boot.tidy(), *name)["se"], row(fit.with_vcov("robust").tidy(), *name)["se"]
        assert ours == pytest.approx(theirs, rel=0.15)


def test_groups_keep_their_sizes():
    fit = sl.fit_sem("v1 ~ q1", FRAME, group="segment")
    sizes = {g.label: g.n for g in fit.sample.groups}
    boot = fit.bootstrap(300, seed=1)
    assert boot.replicates == 300
    parts = [sl.fit_sem("v1 ~ q1", FRAME[FRAME["segment"] == label]) for label in sizes]
    slopes = [r.free - 1 for r in fit.table.rows if r.op == "~"]
    for at, part in zip(slopes, parts, strict=True):
        assert boot.theta_star[:, at].std() == pytest.approx(part.with_vcov("robust").bse["v1 ~ q1"], rel=0.2)


def test_a_published_matrix_gives_an_interval_for_its_indirect_effect():
    matrix = sl.Moments.from_matrix(
        [[1], [0.66, 1], [0.57, 0.53, 1]], 476, names=["q1", "v1", "s1"], kind="cor"
    )
    boot = sl.fit_sem(MEDIATION, matrix).bootstrap(1000, seed=1)
    found = row(boot.tidy(), "indirect", ":=")
    assert found["ci_lower"] < found["est"] < found["ci_upper"]
    assert found["ci_lower"] > 0


# --- coverage ---


def _covered(replications, replicates):
    rng = np.random.default_rng(8)
    hits = np.zeros(2)
    for number in range(replications):
        q = rng.standard_normal(100)
        v = 0.4 * q + rng.standard_normal(100)
        frame = pd.DataFrame({"q1": q, "v1": v, "s1": 0.4 * v + 0.2 * q + rng.standard_normal(100)})
        table = sl.fit_sem(MEDIATION, frame).bootstrap(replicates, seed=number, workers=1).tidy()
        found = row(table, "indirect", ":=")
        hits += [found[f"{kind}_lower"] <= 0.16 <= found[f"{kind}_upper"] for kind in ("perc", "bca")]
    return hits / replications


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    perc, bca = _covered(60, 300)
    assert 0.85 <= perc <= 1
    assert 0.85 <= bca <= 1


@pytest.mark.extended
def test_intervals_cover_the_truth_in_a_long_simulation():
    perc, bca = _covered(1000, 1000)
    assert perc == pytest.approx(0.95, abs=0.02)
    assert bca == pytest.approx(0.95, abs=0.02)
