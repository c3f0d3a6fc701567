"""Panel, growth and bifactor models give lavaan's numbers; panel models are written from a list of waves."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import satloyal as sl

HERE = Path(__file__).parent / "reference"
ORACLE = json.loads((HERE / "panel.json").read_text(encoding="utf-8"))
WAVES = {"s": ["s1", "s2", "s3", "s4"], "l": ["l1", "l2", "l3", "l4"]}
ITEMS = {"S": [[f"q{j}w{t}" for j in (1, 2, 3)] for t in (1, 2, 3)], "l": ["l1", "l2", "l3"]}


@cache
def data() -> pd.DataFrame:
    return pd.read_csv(HERE / "panel.csv")


CALLS: dict[str, dict[str, Any]] = {
    "clpm": {"variables": WAVES},
    "clpm_equal": {"variables": WAVES, "equal_paths": True},
    "riclpm": {"variables": WAVES, "random_intercepts": True},
    "riclpm_equal": {"variables": WAVES, "random_intercepts": True, "equal_paths": True},
    "latent": {"variables": ITEMS},
}


@pytest.mark.parametrize("case", list(CALLS))
def test_a_panel_model_written_from_waves_is_the_one_written_by_hand_in_lavaan(case: str) -> None:
    theirs = ORACLE[case]
    fit = sl.fit_sem(sl.clpm(**CALLS[case]), data())
    glance = fit.glance()
    assert fit.df == theirs["df"]
    assert glance["chisq"] == pytest.approx(theirs["chisq"], abs=1e-3)
    assert glance["cfi"] == pytest.approx(theirs["cfi"], abs=1e-4)
    paths = fit.tidy().query("op == '~'")
    assert paths["est"].to_list() == pytest.approx(theirs["est"], rel=1e-4, abs=1e-4)
    assert paths["se"].to_list() == pytest.approx(theirs["se"], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("case", ["growth_quadratic", "bifactor"])
def test_growth_and_bifactor_models_agree_with_lavaan(case: str) -> None:
    theirs = ORACLE[case]
    fit = sl.fit_sem(theirs["text"], data(), defaults="growth" if case.startswith("growth") else "sem")
    assert fit.df == theirs["df"]
    assert fit.glance()["chisq"] == pytest.approx(theirs["chisq"], abs=1e-3)
    ours = fit.tidy().set_index(["lhs", "op", "rhs"])
    for lhs, op, rhs, est, se in zip(*(theirs[k] for k in ("lhs", "op", "rhs", "est", "se")), strict=True):
        row = ours.loc[(lhs, op, rhs)].squeeze()
        assert (row["est"], row["se"]) == pytest.approx((est, se), rel=1e-4, abs=1e-4)


def test_random_intercepts_find_the_paths_within_people_that_plain_lags_mix_up() -> None:
    # the data were made with s → l .3, l → s .1 within people, and stable differences between them
    within = sl.fit_sem(sl.clpm(**CALLS["riclpm_equal"]), data()).tidy().set_index("label")
    plain = sl.fit_sem(sl.clpm(**CALLS["clpm_equal"]), data()).tidy().set_index("label")
    for label, true in (("s_to_l", 0.3), ("l_to_s", 0.1), ("s_to_s", 0.4), ("l_to_l", 0.3)):
        row = within.loc[label].iloc[0]
        assert row["ci_lower"] < true < row["ci_upper"]
    assert plain.loc["s_to_s"].iloc[0]["ci_lower"] > 0.4


def test_random_intercepts_without_variance_leave_the_paths_of_the_plain_model() -> None:
    text = str(sl.clpm(WAVES, random_intercepts=True)).replace("RI_s ~~ RI_l", "RI_s ~~ 0*RI_l")
    nothing = sl.fit_sem(text + "\nRI_s ~~ 0*RI_s\nRI_l ~~ 0*RI_l", data())
    plain = sl.fit_sem(sl.clpm(WAVES), data())
    assert nothing.glance()["chisq"] == pytest.approx(plain.glance()["chisq"], abs=1e-4)


def test_shifting_a_wave_changes_no_path() -> None:
    shifted = data().assign(s2=lambda d: d["s2"] + 1000)
    a, b = (sl.fit_sem(sl.clpm(WAVES, random_intercepts=True), d).tidy()["est"] for d in (data(), shifted))
    np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variables": {}}, "no variables"),
        ({"variables": {"s": ["a"]}}, "has 1 waves, and the model needs 2"),
        ({"variables": {"s": ["a", "b"]}, "random_intercepts": True}, "needs 3 or more"),
        ({"variables": {"s": ["a", "b"], "l": ["c", "d", "e"]}}, "different numbers of waves: s 2, l 3"),
        ({"variables": {"s": ["a", "b"], "l": ["b", "c"]}}, "'b' comes twice"),
        ({"variables": {"my s": ["a", "b"]}}, "cannot name a variable"),
        ({"variables": {"s": [["a", "b"], ["c"]]}}, "different numbers of items"),
        ({"variables": {"s": [["a"], ["c"]]}}, "one item a wave"),
        ({"variables": {"s": ["RI_s", "b", "c"]}, "random_intercepts": True}, "'RI_s', which a column has"),
    ],
)
def test_waves_that_make_no_panel_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.clpm(**arguments)


def test_columns_whose_names_need_quotes_get_them() -> None:
    text = str(sl.clpm({"满意": ["满意 1", "满意 2"], "忠诚": ["忠诚 1", "忠诚 2"]}))
    assert "`满意 2` ~ 满意_to_满意_2*`满意 1`" in text
