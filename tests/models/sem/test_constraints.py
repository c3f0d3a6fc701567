"""Constraints hold, the Lagrangian is flat, and what they cost is counted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import satloyal as sl
from models.sem.examples import row
from models.sem.test_bounds import DATA
from satloyal.errors import FitError

TWO = "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6\nx1 ~~ e1*x1\nx2 ~~ e2*x2\nx3 ~~ e3*x3\n"
FREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
DIFFERENT = {
    "linear": "2*a == b + 0.1\nc - d == 0.3",
    "nonlinear": "a*b == 0.2",
    "several curved": "a*b == 0.2\nexp(c) == d + 2",
    "both": "a == b\nc*d == 1",
    "active": "a > b",
    "active product": "a*b > 0.7\nc < 5",
    "on a variance": "e1 < 0.4",
    "mixed": "a > b\nc*d == 1\ne2 == e3\ne1 > 0.1",
}


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(DATA / "holzinger_swineford_1939.csv")


def _gradient(fit: sl.SemFit, theta: np.ndarray) -> np.ndarray:
    """∂F/∂θ by central differences."""
    h = 1e-6
    points = theta + h * np.vstack([np.eye(len(theta)), -np.eye(len(theta))])
    values = np.array([fit.problem.value(p[None])[0] for p in points])
    return (values[: len(theta)] - values[len(theta) :]) / (2 * h)


# --- the conditions of a constrained minimum ---


@pytest.mark.parametrize("text", DIFFERENT.values(), ids=DIFFERENT)
def test_the_gradient_of_the_lagrangian_is_zero_and_multipliers_have_their_signs(
    text: str, pupils: pd.DataFrame
) -> None:
    fit = sl.fit_sem(TWO + text, pupils)
    at = fit.boundary
    assert fit.converged
    assert at.unmet == ()
    lagrangian = _gradient(fit, fit.theta) - at.jacobian.T @ at.multipliers
    assert np.abs(lagrangian).max() < 1e-7
    equal = np.array([r.op == "==" for r in (*fit.restrictions.equalities, *fit.restrictions.inequalities)])
    assert (at.multipliers[~equal] >= 0).all()
    assert np.abs(at.residual[equal]).max(initial=0.0) < 1e-9
    assert at.residual[~equal].min(initial=0.0) > -1e-9
    assert np.abs((at.multipliers * at.residual)[~equal]).max(initial=0.0) < 1e-10


@pytest.mark.parametrize("text", DIFFERENT.values(), ids=DIFFERENT)
def test_no_point_nearby_that_meets_the_constraints_is_lower(text: str, pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + text, pupils)
    generator = np.random.default_rng(1)
    rows = (*fit.restrictions.equalities, *fit.restrictions.inequalities)
    for scale in (1e-1, 1e-2, 1e-3):
        for _ in range(20):
            point = fit.restrictions.onto(fit.theta + scale * generator.standard_normal(len(fit.theta)))
            residual = fit.restrictions.evaluate(rows, point[None])[0][0]
            if (residual[len(fit.restrictions.equalities) :] >= 0).all():
                assert fit.problem.value(point[None])[0] >= fit.value - 1e-12


def test_jacobians_and_curvatures_of_constraints_are_those_of_differences(pupils: pd.DataFrame) -> None:
    text = "k := a*b/c\nk*exp(d) == 0.5*e1\nsqrt(a^2 + b^2) < 5\nlog(e2) > -abs(c)"
    fit = sl.fit_sem(TWO + text, pupils)
    found = fit.restrictions
    rows = (*found.equalities, *found.inequalities)
    theta = fit.theta + 0.1
    value, jacobian = found.evaluate(rows, theta[None])
    h = 1e-6
    for i in range(len(theta)):
        step = h * np.eye(len(theta))[i]
        up, down = found.evaluate(rows, (theta + step)[None]), found.evaluate(rows, (theta - step)[None])
        np.testing.assert_allclose((up[0] - down[0]) / (2 * h), jacobian[:, :, i], atol=1e-7)
        nu = np.array([[0.3, -1.0, 2.0]])
        slope = (np.einsum("bm,bmi->bi", nu, up[1]) - np.einsum("bm,bmi->bi", nu, down[1])) / (2 * h)
        np.testing.assert_allclose(found.curvature(rows, theta[None], nu)[0, i], slope[0], atol=1e-5)
    assert value.shape == (1, 3)


def test_a_multiplier_is_the_slope_of_the_log_likelihood(pupils: pd.DataFrame) -> None:
    h = 1e-3
    for text in ("a*b == {}", "a*b < {}"):
        at = [sl.fit_sem(TWO + text.format(0.2 + d), pupils) for d in (-h, 0.0, h)]
        slope = (at[2].glance()["logl"] - at[0].glance()["logl"]) / (2 * h)
        assert abs(at[1].constraints()["multiplier"].item()) == pytest.approx(abs(slope), rel=1e-4)


# --- the same model in other words ---


def _same(one: sl.SemFit, other: sl.SemFit) -> None:
    columns = ["est", "se", "std_lv", "std_all"]
    a, b = one.tidy(), other.tidy()
    assert list(zip(a.lhs, a.op, a.rhs, strict=True)) == list(zip(b.lhs, b.op, b.rhs, strict=True))
    np.testing.assert_allclose(a[columns], b[columns], rtol=1e-6, atol=1e-8)
    pd.testing.assert_series_equal(one.glance(), other.glance(), rtol=1e-8, atol=1e-8)


ITEMS = [f"x{i}" for i in range(2, 10) if i not in (4, 7)]


@given(st.lists(st.sampled_from(ITEMS), min_size=2, max_size=5, unique=True), st.booleans())
@settings(max_examples=20, deadline=None)
def test_equal_labels_and_an_equation_are_the_same_model(chosen: list[str], robust: bool) -> None:
    pupils = pd.read_csv(DATA / "holzinger_swineford_1939.csv")
    shared, written = [], []
    for factor, items in (("visual", (1, 2, 3)), ("textual", (4, 5, 6)), ("speed", (7, 8, 9))):
        names = [f"x{i}" for i in items]
        shared.append(f"{factor} =~ " + " + ".join(f"l*{n}" if n in chosen else n for n in names))
        written.append(f"{factor} =~ " + " + ".join(f"l{n}*{n}" if n in chosen else n for n in names))
    equations = [f"l{first} == l{second}" for first, second in pairwise(chosen)]
    kind = "MLM" if robust else "ML"
    one = sl.fit_sem("\n".join(shared), pupils, estimator=kind)
    other = sl.fit_sem("\n".join([*written, *equations]), pupils, estimator=kind)
    _same(one, other)
    assert other.npar == one.npar == 21 - len(chosen) + 1


def test_replicates_under_an_equation_are_those_under_a_label(pupils: pd.DataFrame) -> None:
    one = sl.fit_sem(FREE.replace("x2 + x3", "l*x2 + l*x3"), pupils).bootstrap(150, seed=2)
    other = sl.fit_sem(FREE.replace("x2 + x3", "l*x2 + k*x3") + "\nl == k", pupils).bootstrap(150, seed=2)
    np.testing.assert_allclose(other.theta_star[:, 0], one.theta_star[:, 0], atol=1e-10)
    np.testing.assert_array_equal(other.theta_star[:, 0], other.theta_star[:, 1])
    columns = ["est", "se", "ci_lower", "ci_upper", "perc_lower", "bca_upper"]
    np.testing.assert_allclose(one.tidy()[columns], other.tidy()[columns], atol=1e-8)


def test_group_equality_and_equations_across_groups_are_the_same_model(pupils: pd.DataFrame) -> None:
    one = sl.fit_sem(FREE, pupils, group="school", group_equal="loadings")
    text = "visual =~ x1 + c(a1, a2)*x2 + c(b1, b2)*x3\ntextual =~ x4 + c(c1, c2)*x5 + c(d1, d2)*x6\n"
    other = sl.fit_sem(text + "a1 == a2\nb1 == b2\nc1 == c2\nd1 == d2", pupils, group="school")
    _same(one, other)


@pytest.mark.parametrize(
    "text", ["a == 0.5", "2*a - 1 == 0", "half := a - 0.5\nhalf == 0", "a > 0.5\na < 0.5"]
)
def test_a_parameter_held_at_a_number_is_a_fixed_one(text: str, pupils: pd.DataFrame) -> None:
    fixed = sl.fit_sem(FREE.replace("x1 + x2", "x1 + 0.5*x2"), pupils)
    held = sl.fit_sem(FREE.replace("x1 + x2", "x1 + a*x2") + "\n" + text, pupils)
    assert held.value == pytest.approx(fixed.value, abs=1e-10)
    assert row(held.tidy(), "visual", "=~", "x2")["est"] == pytest.approx(0.5, abs=1e-9)
    if "==" in text:
        assert row(held.tidy(), "visual", "=~", "x2")["se"] == 0.0
        assert held.npar == fixed.npar
        np.testing.assert_allclose(
            row(held.tidy(), "visual", "=~", "x3")["se"],
            row(fixed.tidy(), "visual", "=~", "x3")["se"],
            rtol=1e-6,
        )


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_units_of_the_items_do_not_matter(scale: float, pupils: pd.DataFrame) -> None:
    one = sl.fit_sem(TWO + "a*b == 0.2\nd > 0.95", pupils)
    changed = pupils.assign(**{f"x{i}": pupils[f"x{i}"] * scale for i in range(1, 7)})
    other = sl.fit_sem(TWO + "a*b == 0.2\nd > 0.95", changed)
    assert other.glance()["chisq"] == pytest.approx(one.glance()["chisq"], rel=1e-7)
    assert other.boundary.held_back == one.boundary.held_back == ("d > 0.95",)


# --- what is identified, and what cannot be ---


def test_a_model_may_be_identified_only_through_a_constraint(pupils: pd.DataFrame) -> None:
    coded = sl.fit_sem("visual =~ NA*x1 + l1*x1 + l2*x2 + l3*x3 + x4\nl1 + l2 + l3 == 3", pupils)
    marker = sl.fit_sem("visual =~ x1 + x2 + x3 + x4", pupils)
    assert coded.df == marker.df == 2
    assert coded.glance()["chisq"] == pytest.approx(marker.glance()["chisq"], abs=1e-8)
    loadings = coded.tidy().query("op == '=~'")
    assert loadings["est"][:3].mean() == pytest.approx(1.0, abs=1e-12)
    assert loadings["se"].notna().all()
    np.testing.assert_allclose(coded.tidy()["std_all"], marker.tidy()["std_all"], atol=1e-8)
    np.testing.assert_allclose(coded.standardized()["se"], marker.standardized()["se"], rtol=1e-5)


@pytest.mark.parametrize("text", ["", "\nl1 > 0.5", "\nl2 == l3*l2/l3"])
def test_a_constraint_that_does_not_identify_it_leaves_it_unidentified(
    text: str, pupils: pd.DataFrame
) -> None:
    with pytest.raises(FitError, match="not identified"):
        sl.fit_sem("visual =~ NA*x1 + l1*x1 + l2*x2 + l3*x3 + x4" + text, pupils)


def test_constraints_that_follow_from_others_cost_nothing_and_are_named(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + "a == b\nb == c\n2*a == 2*c", pupils)
    assert fit.npar == 11
    assert fit.constraints()["redundant"].tolist() == [False, False, True]
    (check,) = [c for c in fit.checks if c.name == "redundant constraints"]
    assert "2*a == 2*c" in check.message
    assert sl.fit_sem(TWO + "a*b == 0.2\na*b*2 == 0.4", pupils).npar == 12


@pytest.mark.parametrize(
    ("text", "named", "unnamed"),
    [
        ("a == b\nb == 0.3\na == 0.5\nc == d", ["a == b", "b == 0.3", "a == 0.5"], "c == d"),
        ("a > 1\nb < 0.5\nb > a\nc > 0", ["a > 1", "b < 0.5", "b > a"], "c > 0"),
        ("c == d\na == 1 + a", ["a == 1+a"], "c == d"),
        ("a == b\na > b + 1\nd > 0", ["a == b", "a > b+1"], "d > 0"),
    ],
)
def test_contradictory_constraints_are_refused_naming_just_those(
    text: str, named: list[str], unnamed: str, pupils: pd.DataFrame
) -> None:
    with pytest.raises(FitError) as caught:
        sl.fit_sem(TWO + text, pupils)
    assert all(name in str(caught.value) for name in named), str(caught.value)
    assert unnamed not in str(caught.value)


def test_curved_constraints_that_nothing_meets_end_without_numbers(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + "a*b == 1\na*b == 2", pupils)
    assert not fit.converged
    assert fit.headline().startswith("DID NOT CONVERGE")
    assert "a*b == 1" in fit.checks[0].message
    assert fit.tidy()["est"].isna().all()
    assert fit.constraints()["multiplier"].isna().all()


def test_a_constraint_of_fixed_parameters_alone_holds_or_is_refused(pupils: pd.DataFrame) -> None:
    model = FREE.replace("visual =~ x1", "visual =~ m*x1 + 1*x1")
    assert sl.fit_sem(model + "\nm == 1", pupils).npar == 13
    with pytest.raises(FitError, match="m == 2"):
        sl.fit_sem(model + "\nm == 2", pupils)


# --- what is reported ---


def test_an_active_inequality_is_said_and_its_test_called_a_boundary_case(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + "a > b\nc < 5", pupils)
    (check,) = [c for c in fit.checks if c.name == "inequality constraints"]
    assert check.status == "warn"
    assert "a > b" in check.message
    assert "c < 5" not in check.message
    assert "chi-bar-square" in check.advice
    assert check.source
    table = fit.constraints().set_index("lhs")
    assert table["active"].tolist() == [True, False]
    assert table.loc["c", "slack"] > 3
    assert fit.npar == 13  # as in lavaan, an active inequality costs no degree of freedom
    assert fit.tidy()["op"].isin(["=~", "~~"]).all()
    assert any("a > b" in n.message for n in fit.notes)


def test_standard_errors_of_defined_values_follow_the_constraints(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + "product := a*b\nsum := a + b\na*b == 0.2", pupils)
    t = fit.tidy()
    assert row(t, "product", ":=")["est"] == pytest.approx(0.2)
    assert row(t, "product", ":=")["se"] == pytest.approx(0.0, abs=1e-9)
    assert row(t, "sum", ":=")["se"] > 0.01
    J = fit.boundary.jacobian
    assert np.abs(J @ fit.vcov @ J.T).max() < 1e-15


def test_errors_are_those_of_the_bordered_information(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + DIFFERENT["mixed"], pupils)
    J = fit.boundary.jacobian[fit.boundary.active]
    q = len(fit.theta)
    bordered = np.block([[fit.effective_n * fit.hessian / 2, J.T], [J, np.zeros((len(J), len(J)))]])
    np.testing.assert_allclose(fit.vcov, np.linalg.inv(bordered)[:q, :q], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("text", ["a*b == 0.2", "a > b\nc*d == 1", "e1 < 0.5"])
def test_every_replicate_meets_the_constraints(text: str, pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(TWO + text, pupils)
    boot = fit.bootstrap(300, seed=5)
    assert boot.counts["failed"] <= 3
    rows = (*fit.restrictions.equalities, *fit.restrictions.inequalities)
    residual = fit.restrictions.evaluate(rows, boot.theta_star)[0]
    equal = len(fit.restrictions.equalities)
    assert np.abs(residual[:, :equal]).max(initial=0.0) < 1e-6
    assert residual[:, equal:].min(initial=0.0) > -1e-6


def test_replicates_are_what_a_fit_to_the_same_rows_gives(pupils: pd.DataFrame) -> None:
    """The batch of resamples against fits one by one, through parametric samples drawn again."""
    text = TWO + "a > b\nc*d == 1"
    fit = sl.fit_sem(text, pupils)
    near = sl.fit_sem(text, pupils.iloc[20:])
    from satloyal.models.sem.constrain import restart_restricted
    from satloyal.models.sem.estimate import Problem

    group = near.sample.groups[0]
    problem = Problem.of_batch(fit.rams, [group.n], [group.cov[None]], [None])
    again = restart_restricted(
        problem,
        fit.restrictions,
        [group.cov[None]],
        fit.theta,
        fit.observed_hessian,
        fit.theta,
        tolerance=1e-12,
    )
    np.testing.assert_allclose(again.theta[0], near.theta, atol=1e-7)


# --- what else is computed from a constrained fit ---


def _pair(pupils: pd.DataFrame) -> tuple[sl.SemFit, sl.SemFit]:
    label = sl.fit_sem(FREE.replace("x2 + x3", "l*x2 + l*x3"), pupils)
    return label, sl.fit_sem(FREE.replace("x2 + x3", "l*x2 + k*x3") + "\nl == k", pupils)


def test_a_model_is_compared_under_its_own_constraints(pupils: pd.DataFrame) -> None:
    label, equation = _pair(pupils)
    free = sl.fit_sem(FREE, pupils)
    assert free.lrt(equation).statistic == pytest.approx(free.lrt(label).statistic, abs=1e-8)
    assert free.lrt(equation).df == 1
    other = sl.fit_sem(FREE.replace("x5 + x6", "m*x5 + n*x6") + "\nm == n", pupils)
    # neither can take the other's form, though both lie in the free model
    found = equation.lrt(other)
    assert np.isnan(found.statistic)
    assert "not nested" in str(found)


@pytest.mark.parametrize("exact", [False, True])
def test_influence_of_respondents_keeps_the_constraints(exact: bool, pupils: pd.DataFrame) -> None:
    label, equation = (fit.influence(exact=exact) for fit in _pair(pupils))
    columns = ["gcd", "ld", "chisq_change"]
    np.testing.assert_allclose(equation.table[columns], label.table[columns], rtol=1e-4, atol=1e-6)


def test_scores_and_modification_indices_follow_the_constraints(pupils: pd.DataFrame) -> None:
    label, equation = _pair(pupils)
    np.testing.assert_allclose(equation.factor_scores(), label.factor_scores(), atol=1e-8)
    key = ["lhs", "op", "rhs"]
    one, other = (f.modindices().set_index(key).sort_index() for f in (label, equation))
    np.testing.assert_allclose(one[["mi", "epc"]], other.loc[one.index, ["mi", "epc"]], atol=1e-6)
