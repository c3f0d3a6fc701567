"""What the digits of a printed matrix leave open, and how far it is from one that data can have."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.core.moments import Moments
from satloyal.core.nearest import nearest_correlation
from satloyal.core.printed import Printed
from satloyal.errors import FitError

NAMES = ["SAT", "TRU", "LOY"]
FULL = [[1.0, 0.66, 0.57], [0.66, 1.0, 0.53], [0.57, 0.53, 1.0]]
# LOY is (SAT + TRU)/√(2·1.66) up to rounding: eigenvalue zero, and printing makes it negative
SUM = [[1.0, 0.66, 0.91], [0.66, 1.0, 0.92], [0.91, 0.92, 1.0]]
IMPOSSIBLE = [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]


def taken(matrix, n=476, names=NAMES, kind="cor", **options):
    return Moments.from_matrix(matrix, n, names=names, kind=kind, **options)


def printed(matrix=FULL, decimals=2, kind="cor", n=476, sd=None):
    return Printed(tuple(NAMES), np.array(matrix, dtype=float), n, kind, decimals, sd)


# --- the nearest correlation matrix ---


def test_the_nearest_correlation_matrix_is_the_one_in_highams_paper():
    found = nearest_correlation([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    np.testing.assert_allclose(found[[0, 0], [1, 2]], [0.7607, 0.1573], atol=5e-5)


def test_four_by_four_with_minus_ones_and_twos_is_known_too():
    # Higham 2002, section 6: the tridiagonal matrix with 2 and −1, nearest correlation matrix to four digits
    matrix = 2 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
    expected = [
        [1, -0.8084, 0.1916, 0.1068], [-0.8084, 1, -0.6562, 0.1916],
        [0.1916, -0.6562, 1, -0.8084], [0.1068, 0.1916, -0.8084, 1],
    ]  # fmt: skip
    np.testing.assert_allclose(nearest_correlation(matrix), expected, atol=5e-5)


def test_a_correlation_matrix_is_its_own_nearest():
    np.testing.assert_allclose(nearest_correlation(FULL), FULL, atol=1e-12)


def test_two_variables_beyond_one_come_back_to_one():
    np.testing.assert_allclose(nearest_correlation([[1, 1.2], [1.2, 1]]), np.ones((2, 2)), atol=1e-8)


@pytest.mark.parametrize("floor", [0.0, 1e-3, 0.1])
def test_no_eigenvalue_is_below_the_floor_and_none_is_nearer(floor):
    rng = np.random.default_rng(5)
    raw = np.tril(rng.uniform(-1, 1, (7, 7)), -1)
    raw = raw + raw.T + np.eye(7)
    near = nearest_correlation(raw, floor)
    assert np.linalg.eigvalsh(near)[0] >= floor - 1e-9
    np.testing.assert_array_equal(np.diagonal(near), 1.0)
    distance = np.linalg.norm(near - raw)
    for _ in range(200):
        step = np.tril(rng.normal(0, 0.02, (7, 7)), -1)
        other = near + step + step.T
        if np.linalg.eigvalsh(other)[0] >= floor:
            assert np.linalg.norm(other - raw) >= distance - 1e-6


# --- draws ---


def test_every_draw_rounds_to_what_is_printed():
    drawn = printed().draws(3000, np.random.default_rng(1))
    full = drawn.covs * 476 / 475
    assert len(full) == 3000
    assert drawn.rejected == 0
    np.testing.assert_array_equal(np.round(full, 2), np.broadcast_to(FULL, full.shape))
    np.testing.assert_array_equal(full, full.transpose(0, 2, 1))
    r = full[:, 1, 0] - 0.66
    assert abs(r.mean()) < 0.0005
    assert r.std() == pytest.approx(0.01 / np.sqrt(12), rel=0.05)


def test_variances_of_a_covariance_matrix_are_rounded_too():
    drawn = printed([[4, 1, 1], [1, 9, 2], [1, 2, 16]], 0, "cov").draws(2000, np.random.default_rng(1))
    full = drawn.covs * 476 / 475
    assert full[:, 0, 0].min() < 3.6
    assert full[:, 0, 0].max() > 4.4
    assert abs(full[:, 2, 1] - 2).max() <= 0.5


def test_standard_deviations_scale_the_draws():
    sd = np.array([2.0, 3.0, 4.0])
    plain = printed().draws(10, np.random.default_rng(1)).covs
    scaled = printed(sd=sd).draws(10, np.random.default_rng(1)).covs
    np.testing.assert_allclose(scaled, plain * np.outer(sd, sd))


def test_draws_that_are_not_positive_definite_are_counted():
    drawn = printed(SUM).draws(500, np.random.default_rng(1))
    assert len(drawn.covs) == 500
    assert drawn.rejected > 0
    assert (np.linalg.eigvalsh(drawn.covs)[:, 0] > 0).all()


def test_where_no_draw_is_positive_definite_there_is_an_end():
    drawn = printed(IMPOSSIBLE).draws(100, np.random.default_rng(1))
    assert len(drawn.covs) == 0
    assert drawn.rejected == drawn.drawn >= 5000


# --- a matrix as data ---


def test_decimals_are_noted_and_kept_for_the_variables_in_use():
    found = taken(FULL, decimals=2, sd=[1.0, 2.0, 3.0])
    assert found.notes[-1].step == "rounding"
    part = found.select(["LOY", "SAT"]).printed
    assert part.names == ("LOY", "SAT")
    assert part.matrix[0, 1] == 0.57
    np.testing.assert_array_equal(part.sd, [3.0, 1.0])
    assert part.half_unit == pytest.approx(0.005)


def test_nothing_is_said_of_rounding_unasked():
    assert taken(FULL).notes == ()
    np.testing.assert_array_equal(taken(FULL, decimals=2).groups[0].cov, taken(FULL).groups[0].cov)


@pytest.mark.parametrize("decimals", [-1, 0, 2.0, 2.5, "2", True, 99, float("nan"), [2]])
def test_decimals_are_a_whole_number(decimals):
    with pytest.raises(FitError, match="decimals is"):
        taken(FULL, decimals=decimals)


def test_an_entry_with_more_digits_than_stated_is_named():
    matrix = [[1], [0.663, 1], [0.57, 0.53, 1]]
    with pytest.raises(FitError, match=r"entry of .*SAT.* is 0\.663, which has more than 2 decimals"):
        taken(matrix, decimals=2)


def test_smooth_is_true_or_false():
    with pytest.raises(FitError, match="smooth is 'yes'"):
        taken(FULL, smooth="yes")


def test_an_indefinite_matrix_says_by_how_much_and_that_rounding_can_explain_it():
    assert np.linalg.eigvalsh(SUM)[0] < 0
    with pytest.raises(FitError) as caught:
        taken(SUM, decimals=2)
    text = str(caught.value)
    assert f"{np.linalg.eigvalsh(SUM)[0]:.2g}" in text
    assert "Higham 2002" in text
    assert "rounding alone can explain it" in text
    assert "smooth=True" in text


def test_an_impossible_matrix_says_that_no_rounding_can_explain_it():
    with pytest.raises(FitError, match="no matrix that rounds to the printed one is positive definite"):
        taken(IMPOSSIBLE, decimals=1)


def test_decimals_nobody_stated_are_those_that_show():
    with pytest.raises(FitError, match=r"half a unit of the last digit is 0\.005"):
        taken(SUM)


def test_smoothing_is_recorded_with_the_largest_change():
    found = taken(SUM, decimals=2, smooth=True)
    correlations = found.covariance(unbiased=True).to_numpy()
    gap = np.abs(correlations - SUM)
    assert np.linalg.eigvalsh(correlations)[0] >= 9e-4
    assert found.printed.change == pytest.approx(gap.max())
    assert found.printed.explained
    note = found.notes[-1]
    assert note.step == "smoothing"
    assert note.count == 3
    assert f"{gap.max():.2g}" in note.message


def test_smoothing_keeps_variances():
    sd = np.array([1.5, 2.0, 3.0])
    found = taken(SUM, smooth=True, sd=sd)
    np.testing.assert_allclose(np.diagonal(found.covariance(unbiased=True)), sd**2)
    cov = np.array(SUM) * np.outer(sd, sd)
    same = taken(cov, kind="cov", smooth=True)
    np.testing.assert_allclose(np.diagonal(same.covariance(unbiased=True)), sd**2)
    assert same.printed.smoothed


def test_a_matrix_that_needs_no_smoothing_is_left_alone():
    found = taken(FULL, smooth=True)
    np.testing.assert_array_equal(found.groups[0].cov, taken(FULL).groups[0].cov)
    assert not found.printed.smoothed
    assert found.notes == ()


def test_what_rounding_cannot_explain_is_smoothed_but_said():
    found = taken(IMPOSSIBLE, smooth=True)
    assert not found.printed.explained
    assert "no matrix that rounds to the printed one" in found.notes[-1].message


def test_variables_beyond_count_and_units_do_not_upset_the_search():
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((40, 30))
    cor = np.corrcoef(rows, rowvar=False).round(1)  # 40 rows, 30 variables, one decimal: indefinite
    assert np.linalg.eigvalsh(cor)[0] < 0
    found = taken(cor, n=40, names=[f"x{i}" for i in range(30)], smooth=True, decimals=1)
    assert np.linalg.eigvalsh(found.groups[0].cov)[0] > 0
