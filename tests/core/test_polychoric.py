"""Two-step correlations: likelihoods peak where they say, invariances hold, failure is a value with words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from satloyal.core import polychoric, polyserial
from satloyal.core.continuous import margin_influence
from satloyal.core.ordinal_estimate import ordinal_moments
from satloyal.core.rows import CompleteRows
from satloyal.core.thresholds import threshold_influence

R = np.array([[1, 0.6, -0.3, 0.2], [0.6, 1, 0.1, 0.4], [-0.3, 0.1, 1, 0.5], [0.2, 0.4, 0.5, 1]])
CUTS = ([-1.0, 0.0, 1.0], [-0.5, 0.8], [0.3], [])


def simulated(seed, n=300, continuous=False):
    """Rows of four correlated variables, cut; the last stays continuous on request."""
    y = np.random.default_rng(seed).multivariate_normal(np.zeros(4), R, n)
    columns = {f"y{j}": np.digitize(y[:, j], cuts).astype(float) for j, cuts in enumerate(CUTS[:3])}
    columns["y3"] = 5 + 2 * y[:, 3] if continuous else np.digitize(y[:, 3], [-0.6, 0.1, 0.7]).astype(float)
    return pd.DataFrame(columns)


def moments(frame, ordered=None, **arguments):
    """Moments of one group."""
    names = list(frame.columns)
    (group,) = ordinal_moments(
        CompleteRows.of(frame, names, weights=arguments.get("weights")), names if ordered is None else ordered
    )
    return group


def random_tables(seed, size=4, width=4):
    """Thresholds and positive tables of several pairs."""
    rng = np.random.default_rng(seed)
    rows, columns = (np.sort(rng.normal(size=(size, width - 1)), axis=1) for _ in range(2))
    tables = rng.random((size, width, width)) + 0.05
    return tables / tables.sum(axis=(1, 2), keepdims=True), rows, columns, rng.uniform(-0.9, 0.9, size)


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_cell_derivatives_agree_with_finite_differences(seed):
    _, rows, columns, rho = random_tables(seed)
    step = 1e-5
    up, here, down = (polychoric.cell_derivatives(rows, columns, rho + s) for s in (step, 0, -step))
    assert here.probability.sum(axis=(1, 2)) == pytest.approx(1)
    assert (up.probability - down.probability) / (2 * step) == pytest.approx(here.first, abs=1e-8)
    assert (up.first - down.first) / (2 * step) == pytest.approx(here.second, abs=1e-6, rel=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_a_correlation_is_where_scipy_finds_the_likelihood_to_peak(seed):
    tables, rows, columns, _ = random_tables(seed)
    roots = polychoric.estimate(tables, rows, columns)
    assert roots.converged.all()
    for t, r, c, rho in zip(tables, rows, columns, roots.value, strict=True):

        def misfit(x, t=t, r=r, c=c):
            cells = polychoric.cell_derivatives(r[None], c[None], np.array([x])).probability[0]
            return -(t * np.log(np.maximum(cells, 1e-300))).sum()

        best = optimize.minimize_scalar(misfit, bounds=(-0.999, 0.999), method="bounded")
        assert misfit(rho) <= best.fun + 1e-9


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_polyserial_derivatives_agree_with_finite_differences(seed):
    rng = np.random.default_rng(seed)
    z, codes = rng.normal(size=(3, 6)), rng.integers(0, 4, (3, 6))
    tau, rho, step = np.sort(rng.normal(size=(3, 3)), axis=1), rng.uniform(-0.9, 0.9, 3), 1e-6

    def log_probability(z, tau, rho):
        edges = np.pad(tau, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))
        u = [
            (np.take_along_axis(edges, codes + k, 1) - rho[:, None] * z) / np.sqrt(1 - rho**2)[:, None]
            for k in (1, 0)
        ]
        return np.log(stats.norm.cdf(u[0]) - stats.norm.cdf(u[1]))

    probable = np.exp(log_probability(z, tau, rho)) > 1e-6  # the plain difference has digits left there
    d = polyserial.answer_derivatives(z, codes, tau, rho)

    def agree(numeric, ours, tolerance=1e-4):
        assert numeric[probable] == pytest.approx(ours[probable], abs=tolerance, rel=1e-4)

    agree((log_probability(z, tau, rho + step) - log_probability(z, tau, rho - step)) / (2 * step), d.rho)
    agree((log_probability(z + step, tau, rho) - log_probability(z - step, tau, rho)) / (2 * step), d.z)
    up, down = (polyserial.answer_derivatives(z, codes, tau, rho + s).rho for s in (step, -step))
    agree((up - down) / (2 * step), d.rho_rho, 1e-3)
    for k in range(3):
        shift = step * (np.arange(3) == k)
        numeric = (log_probability(z, tau + shift, rho) - log_probability(z, tau - shift, rho)) / (2 * step)
        agree(numeric, np.where(codes == k, d.upper, 0) + np.where(codes == k + 1, d.lower, 0))


def test_a_saturated_table_moves_as_its_influence_says():
    # in a 2 × 2 table ρ is a function of the answers: influence is its directional derivative
    table = np.array([[[0.35, 0.15], [0.2, 0.3]]])

    def rho(t):
        tau = [stats.norm.ppf(t.sum(axis=axis)[:, :1]) for axis in (2, 1)]
        return polychoric.estimate(t, *tau).value[0]

    tau = [stats.norm.ppf(table.sum(axis=axis)[:, :1]) for axis in (2, 1)]
    of = [threshold_influence(t) for t in tau]
    moved = polychoric.influence(table, *tau, np.array([rho(table)]), *of)[0]
    for a in range(2):
        for b in range(2):
            point = np.zeros((1, 2, 2))
            point[0, a, b] = 1
            step = 1e-6
            numeric = (rho((1 - step) * table + step * point) - rho((1 + step) * table - step * point)) / (
                2 * step
            )
            assert moved[a, b] == pytest.approx(numeric, rel=1e-5)


@pytest.mark.parametrize("continuous", [False, True])
def test_influence_sums_to_nothing_and_squares_to_gamma(continuous):
    group = moments(simulated(3, continuous=continuous), ["y0", "y1", "y2"] + ["y3"] * (not continuous))
    assert np.abs(group.influence.mean(axis=0)).max() < 1e-10
    assert group.gamma == pytest.approx(group.influence.T @ group.influence / group.n, abs=1e-12)
    assert np.linalg.eigvalsh(group.gamma)[0] > 0


@given(st.integers(0, 1000), st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_row_order_changes_nothing(seed, random):
    frame = simulated(seed, continuous=True)
    order = list(range(len(frame)))
    random.shuffle(order)
    ordered = ["y0", "y1", "y2"]
    one, two = moments(frame, ordered), moments(frame.iloc[order], ordered)
    assert two.statistics == pytest.approx(one.statistics, abs=1e-10)
    assert two.gamma == pytest.approx(one.gamma, abs=1e-8)


@given(st.integers(0, 1000))
@settings(max_examples=15)
def test_reversing_an_item_turns_the_sign_of_its_correlations_and_thresholds(seed):
    frame = simulated(seed, continuous=True)
    ordered = ["y0", "y1", "y2"]
    one, two = moments(frame, ordered), moments(frame.assign(y0=-frame.y0), ordered)
    sign = np.array([-1, 1, 1, 1])
    assert two.correlation == pytest.approx(one.correlation * np.outer(sign, sign), abs=1e-9)
    assert two.thresholds[0] == pytest.approx(-one.thresholds[0][::-1])


@given(st.integers(0, 1000))
@settings(max_examples=15)
def test_relabelling_categories_in_order_changes_nothing(seed):
    frame = simulated(seed)
    one, two = moments(frame), moments(np.exp(frame) * 10)
    assert np.array_equal(one.statistics, two.statistics)
    assert np.array_equal(one.gamma, two.gamma)


@given(st.integers(0, 1000), st.permutations(range(4)))
@settings(max_examples=15)
def test_item_order_only_moves_the_statistics(seed, order):
    frame = simulated(seed, continuous=True)
    ordered = ["y0", "y1", "y2"]
    one, two = moments(frame, ordered), moments(frame.iloc[:, order], ordered)

    def by_name(group):
        names = [
            "~~".join(sorted(label.split("~~"))) if "~~" in label else label for label in group.layout.labels
        ]
        return pd.DataFrame(group.gamma, names, names), pd.Series(group.statistics, names)

    (gamma_one, s_one), (gamma_two, s_two) = by_name(one), by_name(two)
    assert s_two[s_one.index].to_numpy() == pytest.approx(s_one.to_numpy(), abs=1e-9)
    again = gamma_two.loc[gamma_one.index, gamma_one.index].to_numpy()
    assert again == pytest.approx(gamma_one.to_numpy(), abs=1e-7)


def test_rescaling_a_continuous_variable_rescales_its_statistics():
    frame = simulated(5, continuous=True)
    ordered = ["y0", "y1", "y2"]
    one, two = moments(frame, ordered), moments(frame.assign(y3=3 * frame.y3 - 7), ordered)
    assert two.correlation == pytest.approx(one.correlation, abs=1e-9)
    assert two.variances[3] == pytest.approx(9 * one.variances[3])
    assert two.means[3] == pytest.approx(3 * one.means[3] - 7)
    last = one.layout.labels.index("y2~~y3")
    assert two.gamma[last, last] == pytest.approx(9 * one.gamma[last, last])


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_polyserial_correlation_peaks_with_outliers_in_and_in_any_unit(unit, weighted):
    frame = simulated(11, continuous=True)
    frame.loc[0, ["y0", "y3"]] = [0, 5 + 2 * 7.5]  # an answer that a cut-off at small densities would drop
    weights = np.random.default_rng(1).uniform(0.4, 2.2, len(frame)) if weighted else np.ones(len(frame))
    scaled = frame.assign(y3=frame.y3 * unit)
    found = moments(scaled, ["y0", "y1", "y2"], weights=weights).correlation[0, 3]
    share = weights / weights.sum()
    mean = share @ frame.y3
    z = (frame.y3 - mean) / np.sqrt(share @ (frame.y3 - mean) ** 2)
    below = [share @ (frame.y0 <= c) for c in range(3)]
    edges = np.r_[-np.inf, stats.norm.ppf(below), np.inf]
    low, high = (edges[frame.y0.astype(int) + k] for k in (0, 1))

    def misfit(r):
        root = np.sqrt(1 - r * r)
        given_z = stats.norm.cdf((high - r * z) / root) - stats.norm.cdf((low - r * z) / root)
        return -share @ np.log(given_z)

    best = optimize.minimize_scalar(misfit, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-10})
    assert found == pytest.approx(best.x, abs=1e-6)


def test_a_whole_weight_is_so_many_rows():
    frame = simulated(7, n=80, continuous=True)
    ordered = ["y0", "y1", "y2"]
    weight = np.resize([1, 2, 3], 80)
    weighted = moments(frame, ordered, weights=weight)
    repeated = moments(frame.loc[frame.index.repeat(weight)].reset_index(drop=True), ordered)
    assert weighted.statistics == pytest.approx(repeated.statistics, abs=1e-9)


def test_correlations_of_a_large_sample_are_the_populations():
    group = moments(simulated(11, n=40_000, continuous=True), ["y0", "y1", "y2"])
    rows, columns = np.triu_indices(4, 1)
    error = np.sqrt(np.diag(group.gamma)[-6:] / group.n)
    assert (np.abs(group.correlation - R)[rows, columns] < 4 * error).all()
    assert group.thresholds[0] == pytest.approx(CUTS[0], abs=0.03)
    assert group.variances[3] == pytest.approx(4, rel=0.03)


def test_gamma_is_the_variance_over_samples():
    samples = [moments(simulated(seed, n=400, continuous=True), ["y0", "y1", "y2"]) for seed in range(400)]
    spread = np.var([s.statistics for s in samples], axis=0, ddof=1) * 400
    expected = np.mean([np.diag(s.gamma) for s in samples], axis=0)
    # a variance over 400 samples has a relative error of sqrt(2/400) = .07
    assert spread == pytest.approx(expected, rel=0.28)
    assert np.mean(spread / expected) == pytest.approx(1, abs=0.08)


def test_continuous_variables_alone_have_moments_of_divisor_n():
    frame = simulated(2, continuous=True)[["y3"]].assign(y4=np.random.default_rng(2).normal(size=300))
    group = moments(frame, [])
    assert group.covariance == pytest.approx(np.cov(frame.to_numpy().T, ddof=0), abs=1e-12)
    assert group.layout.labels == ("y3~1", "y4~1", "y3~~y3", "y4~~y4", "y3~~y4")
    assert group.thresholds[0].size == 0
    assert np.isfinite(group.gamma).all()


@pytest.mark.parametrize(
    "table",
    [
        [[20, 0], [0, 25]],
        [[0, 20], [25, 0]],
        [[20, 0, 0], [0, 15, 0], [0, 0, 25]],
        [[20, 5, 0], [0, 15, 5], [0, 0, 25]],
    ],
)
def test_answers_that_separate_are_flagged_and_have_no_standard_error(table):
    size = len(table)
    pairs = [(a, b) for a in range(size) for b in range(size) for _ in range(table[a][b])]
    frame = pd.DataFrame(pairs, columns=["a", "b"]).assign(c=np.resize([1, 2, 2], len(pairs)))
    group = moments(frame)
    assert group.separated == (("a", "b"),)
    assert not group.usable
    assert abs(group.correlation[0, 1]) == 0.999
    (note,) = group.notes
    assert note.step == "separation"
    assert "a with b" in note.message
    at = group.layout.labels.index("a~~b")
    assert np.isnan(group.gamma[at, at])
    assert np.isfinite(np.delete(np.delete(group.gamma, at, 0), at, 1)).all()


def test_one_answer_against_the_rest_does_not_lose_the_correlation():
    # nearly perfect agreement with a single contradiction at the far corner
    x = np.repeat(np.arange(10.0), 200)
    y = x.copy()
    y[0] = 9
    y[5:1990:7] = np.clip(y[5:1990:7] + 1, 0, 9)
    group = moments(pd.DataFrame({"a": x, "b": y}))
    assert group.usable
    assert 0.9 < group.correlation[0, 1] < 0.999
    tau = group.padded
    x_low = np.linspace(-8, tau[0, 0], 20_001)

    def misfit(rho):
        p = polychoric.cell_derivatives(tau[:1], tau[1:], np.array([rho])).probability
        beyond = stats.norm.sf((tau[1, -1] - rho * x_low) / np.sqrt(1 - rho**2))
        p[0, 0, 9] = np.trapezoid(
            stats.norm.pdf(x_low) * beyond, x_low
        )  # keeps its digits; a difference does not
        return -(group.tables * np.log(np.where(group.tables > 0, p, 1))).sum()

    best = optimize.minimize_scalar(misfit, bounds=(0.9, 0.998), method="bounded", options={"xatol": 1e-10})
    assert group.correlation[0, 1] == pytest.approx(best.x, abs=1e-4)  # that cell's score is approximate


def test_a_constant_variable_has_margins_without_information_but_no_crash():
    assert np.isfinite(margin_influence(np.zeros((5, 1)), np.full(5, 0.2))).all()
