"""Power by simulation: right where theory knows the answer, and the same on every run."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import satloyal as sl
from models.sem.examples import MEDIATION, respondents

STUDY = """
    Satisfaction =~ 0.8*s1 + 0.8*s2 + 0.7*s3
    Loyalty =~ 0.8*l1 + 0.7*l2 + 0.7*l3
    Loyalty ~ b*0.3*Satisfaction
"""


def test_the_power_of_a_regression_is_the_textbooks() -> None:
    # y = .2 x + e, z test of the slope with standard error √((1 − ρ²)/n)
    study = sl.power("y ~ b*0.2*x", [100, 200], "b", replicates=4000, seed=1)
    for n, found, error in zip(
        study.table["n"], study.table["power"], study.table["power_mcse"], strict=True
    ):
        centre = 0.2 / np.sqrt((1 - 0.04) / n)
        exact = stats.norm.sf(1.96 - centre) + stats.norm.cdf(-1.96 - centre)
        assert abs(found - exact) < 3 * error + 0.015  # the estimated standard error is a little short


def test_the_sample_size_for_a_target_is_the_textbooks() -> None:
    study = sl.power("y ~ b*0.2*x", [120, 180, 240], replicates=3000, seed=2)
    found = study.sample_size("b", 0.8)
    exact = ((1.96 + 0.8416) / 0.2) ** 2 * (1 - 0.04)
    assert found["n"] == pytest.approx(exact, rel=0.06)
    assert found["ci_lower"] <= found["n"] <= found["ci_upper"]
    assert not found["extrapolated"]


def test_without_an_effect_the_rate_is_that_of_errors_and_no_sample_size_is_given() -> None:
    study = sl.power("y ~ b*0*x + c*.3*z", [150, 300], replicates=2000, seed=3)
    null = study.table[study.table["effect"] == "b"]
    assert (abs(null["power"] - 0.05) < 4 * null["power_mcse"] + 0.01).all()
    assert np.isnan(study.sample_size("b")["n"])


def test_intervals_cover_and_estimates_are_unbiased() -> None:
    table = sl.power(STUDY, 300, replicates=2000, seed=4).table
    assert (abs(table["coverage"] - 0.95) < 0.03).all()
    assert (abs(table["relative_bias"]) < 0.05).all()
    assert (abs(table["se_ratio"] - 1) < 0.08).all()
    assert (table["used"] + table["failed"] == 2000).all()


def test_power_agrees_with_simulating_and_fitting_one_by_one() -> None:
    study = sl.power(STUDY, 150, "b", replicates=2000, seed=5)
    hits = []
    for seed in range(150):
        data = sl.simulate(STUDY, 150, seed=seed)
        fit = sl.fit_sem(
            "Satisfaction =~ s1 + s2 + s3\nLoyalty =~ l1 + l2 + l3\nLoyalty ~ b*Satisfaction", data
        )
        hits.append(fit.tidy().query("label == 'b'")["pvalue"].item() < 0.05)
    share = float(np.mean(hits))
    error = np.sqrt(share * (1 - share) / 150)
    assert abs(study.table["power"].item() - share) < 3 * error


def test_the_same_seed_gives_the_same_numbers() -> None:
    a = sl.power(STUDY, [120, 200], replicates=300, seed=6).table
    assert a.equals(sl.power(STUDY, [200, 120], replicates=300, seed=6).table)
    assert not a.equals(sl.power(STUDY, [120, 200], replicates=300, seed=7).table)


def test_every_way_to_name_an_effect_means_the_same() -> None:
    by_label = sl.power(STUDY, 120, "b", replicates=100, seed=1).table["power"].item()
    by_row = sl.power(STUDY, 120, "Loyalty~Satisfaction", replicates=100, seed=1).table["power"].item()
    assert by_label == by_row


def test_defined_effects_groups_and_differences() -> None:
    text = "y ~ c(b1, b2)*c(.5, .2)*x\ndifference := b1 - b2"
    table = sl.power(text, 200, groups=2, replicates=500, seed=1).table.set_index("effect")
    assert table.loc["difference", "population"] == pytest.approx(0.3)
    assert table.loc["difference", "power"] > 0.8


def test_an_analysis_model_that_is_wrong_is_said_to_be() -> None:
    study = sl.power("y ~ .5*x + .4*z\nx ~~ .5*z", 200, model="y ~ x\nz ~~ z\nz ~~ x", replicates=100, seed=1,
                     fixed_x=False)  # fmt: skip
    assert any("does not hold in the population" in note for note in study.notes)


def test_a_fit_can_be_the_truth() -> None:
    fit = sl.fit_sem(MEDIATION, respondents())
    table = sl.power(fit, 100, "indirect", replicates=200, seed=1).table
    here = fit.tidy().query("lhs == 'indirect'")["est"].item()
    assert table["population"].item() == pytest.approx(here)


def test_skewed_data_are_drawn_row_by_row_and_said_to_be() -> None:
    study = sl.power(STUDY, 200, "b", replicates=200, seed=1, skewness=1.5)
    assert "as if they were normal" in study.notes[0]
    assert study.table["se_ratio"].item() < 1.1


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    sl.power(
        STUDY, [100, 150], replicates=300, seed=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (600, 600)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((STUDY, 0), {}), ((STUDY, []), {}), ((STUDY, 5), {}), ((STUDY, 100, "nothing"), {}),
        ((STUDY, 100), {"replicates": 1}), ((STUDY, 100), {"alpha": 1.0}),
        ((STUDY, 100), {"estimator": "MLR"}),
        ((STUDY, 100), {"model": "F =~ s1 + s2"}), ((STUDY + "\ns1 | 0*t1", 100), {}), ((3, 100), {}),
    ],
)  # fmt: skip
def test_hostile_arguments_are_refused(arguments: tuple, options: dict) -> None:
    with pytest.raises(sl.SatloyalError):
        sl.power(*arguments, **options)


def test_a_target_below_alpha_or_an_unnamed_effect_is_refused() -> None:
    study = sl.power(STUDY, 100, replicates=100, seed=1)
    with pytest.raises(sl.SatloyalError, match="target"):
        study.sample_size("b", 0.01)
    two = sl.power("y ~ .3*x + .2*z", 100, replicates=100, seed=1)
    with pytest.raises(sl.SatloyalError, match="2 effects"):
        two.sample_size()
