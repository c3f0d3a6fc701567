"""Every gradient and curvature is that of the function whose derivative it claims to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, MEASURED, MEDIATION, PATHS, respondents
from satloyal.core.moments import GroupMoments, Moments
from satloyal.models.sem import inference
from satloyal.models.sem.draws import RowDraws
from satloyal.models.sem.estimate import Problem, restart
from satloyal.models.sem.robust import observed_weight

MODELS = {
    "cfa": (CFA, {}),
    "cfa std_lv": (CFA, {"std_lv": True}),
    "full sem": (CHAIN, {}),
    "path, fixed x": (PATHS, {}),
    "path, fixed x and means": (PATHS, {"meanstructure": True}),
    "path, random x and means": (PATHS, {"fixed_x": False, "meanstructure": True}),
    "loop": (LOOP, {}),
    "loop with means": (LOOP, {"meanstructure": True}),
    "latent loop": (MEASURED + "V ~ Q + w\nS ~ V + L\nL ~ S + z\nS ~~ L", {}),
    "means": (CFA, {"meanstructure": True}),
    "latent means": (CFA + "\nq1 ~ 0*1\nQ ~ 1", {"meanstructure": True}),
    "growth": ("i =~ 1*q1 + 1*q2 + 1*q3\nt =~ 0*q1 + 1*q2 + 2*q3\ni + t ~ z", {"defaults": "growth"}),
    "equal labels": (MEASURED.replace("q1 + q2 + q3", "q1 + e*q2 + e*q3") + "V ~ b*Q\nS ~ b*V\nL ~ b*S", {}),
    "groups": (CHAIN.split("\nindirect")[0], {"group": "segment"}),
    "groups, equal": (
        CFA + "\nS ~ z",
        {"group": "segment", "group_equal": ("loadings", "intercepts", "residuals")},
    ),
    "groups, shared label": (MEDIATION.replace("b*v1", "c(b, b)*v1"), {"group": "segment"}),
    "second order": (MEASURED + "G =~ Q + V + S\nL ~ G", {}),
    "latent with observed": (
        "Q =~ q1 + q2 + q3\nQ ~~ s1\ns1 ~~ z\ns2 ~ s1 + z\nq1 ~~ s2",
        {"fixed_x": False},
    ),
    "residual covariances": (CFA + "\nq1 ~~ v1\nq2 ~~ q3\nS ~ Q + z\nl1 ~ S + Q", {}),
}


@dataclass(frozen=True)
class Point:
    fit: object
    theta: np.ndarray

    @property
    def problem(self):
        return self.fit.problem

    def value(self, theta):
        return float(self.problem.value(theta[None])[0])

    def at(self, theta, curvature="expected"):
        return self.problem(theta[None], np.zeros(1, int), curvature)


@cache
def point(name):
    """A model with a point off its solution, where nothing is zero by luck."""
    model, options = MODELS[name]
    fit = sl.fit_sem(model, respondents(), **options)
    assert fit.converged
    theta = fit.theta + np.random.default_rng(0).uniform(0.02, 0.08, len(fit.theta))
    return Point(fit, theta)


def difference(function, theta, step=1e-5):
    """Central differences of a function of θ, shape (..., q)."""
    out = []
    for j in range(len(theta)):
        shift = np.zeros(len(theta))
        shift[j] = step
        out.append((function(theta + shift) - function(theta - shift)) / (2 * step))
    return np.stack(out, axis=-1)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_the_slope_of_the_value(name):
    p = point(name)
    np.testing.assert_allclose(p.at(p.theta).gradient[0], difference(p.value, p.theta), rtol=1e-6, atol=2e-7)


@pytest.mark.parametrize("name", MODELS)
def test_observed_hessian_is_the_slope_of_the_gradient(name):
    p = point(name)
    slope = difference(lambda t: p.at(t).gradient[0], p.theta)
    hessian = p.at(p.theta, "observed").hessian[0]
    np.testing.assert_allclose(hessian, slope, rtol=1e-6, atol=1e-6 * np.abs(slope).max())
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-10 * np.abs(slope).max())


@pytest.mark.parametrize("name", MODELS)
def test_expected_hessian_is_the_observed_one_of_a_sample_that_the_model_reproduces(name):
    p = point(name)
    fit = p.fit
    groups = []
    for ram, group in zip(fit.rams, fit.sample.groups, strict=True):
        sigma = ram.implied(p.theta[None], group.cov, group.mean).sigma[0]
        size = ram.observed
        mean = group.mean
        if ram.manifest > size:
            mean = sigma[:size, size]
            sigma = sigma[:size, :size] - np.outer(mean, mean)
        groups.append(GroupMoments(group.label, group.n, sigma, mean))
    same = Problem.of(fit.rams, Moments(fit.sample.names, tuple(groups)), fit.likelihood)
    at = same(p.theta[None], np.zeros(1, int), "observed")
    scale = np.abs(at.hessian).max()
    np.testing.assert_allclose(at.value, 0, atol=1e-12)
    np.testing.assert_allclose(at.gradient, 0, atol=1e-10 * scale)
    np.testing.assert_allclose(p.at(p.theta).hessian, at.hessian, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("name", MODELS)
def test_dense_jacobian_is_the_slope_of_the_implied_moments(name):
    p = point(name)
    for ram, group in zip(p.fit.rams, p.fit.sample.groups, strict=True):
        for origin in (None, group.mean) if ram.manifest > ram.observed else (None,):

            def sigma(theta, ram=ram, group=group, origin=origin):
                return ram.implied(theta[None], group.cov, group.mean, origin).sigma[0]

            dense = ram.implied(p.theta[None], group.cov, group.mean, origin).dense()[0]
            np.testing.assert_allclose(dense, difference(sigma, p.theta), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "name", [n for n in MODELS if "means" in n or n.startswith("groups") or n == "growth"]
)
def test_moments_about_any_origin_are_the_same_moments(name):
    p = point(name)
    origin = np.linspace(-3, 8, p.fit.rams[0].observed)
    for ram, group in zip(p.fit.rams, p.fit.sample.groups, strict=True):
        size = ram.observed
        zero = ram.implied(p.theta[None], group.cov, group.mean)
        other = ram.implied(p.theta[None], group.cov, group.mean, origin)
        shift = np.eye(size + 1)
        shift[:size, size] = -origin
        np.testing.assert_allclose(other.sigma[0], shift @ zero.sigma[0] @ shift.T, atol=1e-10)
        np.testing.assert_allclose(other.P, zero.P, atol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_casewise_scores_sum_to_the_gradient(name):
    p = point(name)
    moved = replace(p.fit, theta=p.theta)
    gradient = moved.problem(p.theta[None], np.zeros(1, int), "expected").gradient[0]
    np.testing.assert_allclose(moved.scores().sum(axis=0), p.fit.nobs / 2 * gradient, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", ["cfa", "means", "groups, equal", "path, fixed x and means"])
def test_weighted_scores_sum_to_the_weighted_gradient(name):
    model, options = MODELS[name]
    fit = sl.fit_sem(model, respondents(), weights="weight", **options)
    np.testing.assert_allclose(fit.scores().sum(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["cfa", "full sem", "loop", "means", "groups, equal", "path, fixed x and means"]
)
def test_a_batch_is_a_stack_of_singles(name):
    fit = point(name).fit
    covs, means = RowDraws(fit).moments(5, np.random.default_rng(3))
    sizes = [g.n for g in fit.sample.groups]
    batch = Problem.of_batch(fit.rams, sizes, covs, means)
    start = np.tile(fit.theta, (5, 1))
    together = batch(start, np.arange(5), "observed")
    solved = restart(batch, fit.theta, fit.observed_hessian, fit.theta, tolerance=1e-12)
    assert solved.converged.all()
    for b in range(5):
        single = Problem.of_batch(
            fit.rams, sizes, [c[b : b + 1] for c in covs], [m if m is None else m[b : b + 1] for m in means]
        )
        alone = single(start[:1], np.zeros(1, int), "observed")
        np.testing.assert_allclose(together.value[b], alone.value[0], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(together.gradient[b], alone.gradient[0], atol=1e-9)
        np.testing.assert_allclose(together.hessian[b], alone.hessian[0], rtol=1e-8, atol=1e-8)
        own = restart(single, fit.theta, fit.observed_hessian, fit.theta, tolerance=1e-12)
        np.testing.assert_allclose(solved.theta[b], own.theta[0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "name", ["full sem", "path, fixed x", "groups, equal", "latent with observed", "growth"]
)
@pytest.mark.parametrize("kind", ["std_lv", "std_all"])
def test_complex_step_equals_finite_differences(name, kind):
    p = point(name)

    def both(theta):
        values = p.fit.standardizer.values(theta, kind)
        raw = p.fit.definitions.values(theta)
        return np.concatenate(
            [values, p.fit.definitions.standardized(p.fit.standardizer, values), raw], axis=1
        )

    exact = inference.complex_step(both, p.fit.theta)
    np.testing.assert_allclose(
        exact, difference(lambda t: both(t[None])[0], p.fit.theta), rtol=1e-6, atol=1e-7
    )


def test_variables_far_from_zero_are_fitted_as_well_as_centred_ones():
    frame = respondents()
    near = sl.fit_sem(CFA, frame, meanstructure=True)
    for distance in (1e3, 1e5, 1e6):
        far = sl.fit_sem(CFA, frame.select_dtypes("number") + distance, meanstructure=True)
        assert far.converged
        assert far.glance()["chisq"] == pytest.approx(near.glance()["chisq"], rel=1e-6)
        ours, theirs = far.tidy(), near.tidy()
        means = ours["op"] == "~1"
        np.testing.assert_allclose(ours.loc[~means, "est"], theirs.loc[~means, "est"], atol=1e-6)
        np.testing.assert_allclose(ours["se"], theirs["se"], atol=1e-6)


def test_paths_among_observed_variables_far_from_zero_are_fitted_too():
    frame = respondents()
    near = sl.fit_sem(MEDIATION, frame, meanstructure=True)
    far = sl.fit_sem(MEDIATION, frame.select_dtypes("number") + 1000, meanstructure=True)
    slopes = near.tidy()["op"] == "~"
    for column in ("est", "se"):
        np.testing.assert_allclose(far.tidy().loc[slopes, column], near.tidy().loc[slopes, column], rtol=1e-6)


@pytest.mark.parametrize("means", [True, False])
def test_observed_weight_is_the_curvature_of_the_discrepancy_of_the_moments(means):
    rng = np.random.default_rng(4)
    cov, sigma = (np.cov(rng.normal(size=(3, 12)) @ np.diag(rng.uniform(0.5, 2, 12))) for _ in "ab")
    gap = rng.normal(size=3) if means else None
    low = np.tril_indices(3)

    def half(moments):
        centre = moments[: 3 * means]
        matrix = np.zeros((3, 3))
        order = np.lexsort(low)  # down the columns
        matrix[low[0][order], low[1][order]] = moments[3 * means :]
        matrix += np.tril(matrix, -1).T
        spread = cov + np.outer(gap - centre, gap - centre) if means else cov
        return (np.linalg.slogdet(matrix)[1] + np.trace(np.linalg.solve(matrix, spread))) / 2

    order = np.lexsort(low)
    at = np.r_[np.zeros(3 * means), sigma[low[0][order], low[1][order]]]
    slope = lambda t: difference(half, t, 1e-4)  # noqa: E731
    found = observed_weight(sigma, cov, gap)
    np.testing.assert_allclose(found, difference(slope, at, 1e-4), rtol=1e-4, atol=1e-4 * np.abs(found).max())
