"""Whatever data and options come: one clear error, or a fit that says what is wrong with it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, PATHS, respondents

FRAME = respondents(150, seed=11)
NINE = [f"{factor}{j}" for factor in "qvs" for j in (1, 2, 3)]
MODELS = {
    "cfa": CFA,
    "chain": CHAIN,
    "paths": PATHS,
    "loop": LOOP,
    "two items": "Q =~ q1 + q2\nV =~ v1 + v2",
    "bifactor": "g =~ q1 + q2 + q3 + v1 + v2 + v3\nV =~ v1 + v2 + v3\ng ~~ 0*V",
    "constraint": CFA.replace("q2", "a*q2") + "\na > 1.5",
    "defined": CFA.replace("q2", "a*q2") + "\nb := log(-a)",
    "exploding loop": "q1 ~ 2*v1\nv1 ~ 0.5*q1 + z",
}


def _missing(frame, rng):
    return frame.mask(pd.DataFrame(rng.random(frame.shape) < 0.3, frame.index, frame.columns))


DAMAGE = {
    "none": lambda f, rng: f,
    "few rows": lambda f, rng: f.iloc[: rng.integers(0, 16)],
    "constant": lambda f, rng: f.assign(q2=3.0),
    "constant in a group": lambda f, rng: f.assign(q2=f["q2"].where(f["segment"] == "old", 4.0)),
    "duplicate": lambda f, rng: f.assign(q3=f["q1"]),
    "nearly duplicate": lambda f, rng: f.assign(q3=f["q1"] + 1e-5 * rng.normal(size=len(f))),
    "sum": lambda f, rng: f.assign(q3=f["q1"] + f["v1"]),
    "units": lambda f, rng: f.assign(q1=f["q1"] * 1e6, v1=f["v1"] * 1e-3),
    "far": lambda f, rng: f.assign(q1=f["q1"] + 1e9),
    "noise": lambda f, rng: f.assign(**{c: rng.normal(size=len(f)) for c in NINE}),
    "outlier": lambda f, rng: f.assign(q1=f["q1"].where(np.arange(len(f)) != 3, 1e5)),
    "gaps": lambda f, rng: f.assign(**_missing(f[NINE], rng)),
    "never together": lambda f, rng: f.assign(
        q1=f["q1"].where(np.arange(len(f)) % 2 == 0), q2=f["q2"].where(np.arange(len(f)) % 2 == 1)
    ),
    "infinite": lambda f, rng: f.assign(q1=f["q1"].where(np.arange(len(f)) != 3, np.inf)),
    "tiny group": lambda f, rng: f.assign(segment=np.where(np.arange(len(f)) < 3, "tiny", f["segment"])),
    "cluster a row": lambda f, rng: f.assign(shop=np.arange(len(f))),
    "two clusters": lambda f, rng: f.assign(shop=np.arange(len(f)) % 2),
    "clusters are groups": lambda f, rng: f.assign(shop=f["segment"]),
    "weights of zero": lambda f, rng: f.assign(weight=np.where(rng.random(len(f)) < 0.7, 0.0, 1.0)),
    "one weight": lambda f, rng: f.assign(weight=np.where(np.arange(len(f)) == 5, 1e9, 1e-9)),
    "negative weights": lambda f, rng: f.assign(weight=-f["weight"]),
    "texts": lambda f, rng: f.assign(weight=f["weight"].astype(str)),
}
OPTIONS = [
    {}, {"estimator": "MLR"}, {"estimator": "MLM"}, {"estimator": "MLMV"}, {"estimator": "GLS"},
    {"estimator": "ULSMV"}, {"estimator": "WLSMV"}, {"estimator": "WLS"}, {"missing": "fiml"},
    {"missing": "fiml.x", "estimator": "MLR"}, {"group": "segment"},
    {"group": "segment", "group_equal": ["loadings", "intercepts"]}, {"cluster": "shop"},
    {"cluster": "shop", "group": "segment"}, {"weights": "weight"},
    {"weights": "weight", "missing": "fiml", "estimator": "MLR"}, {"bounds": "standard"},
    {"std_lv": True, "meanstructure": True}, {"fixed_x": False, "likelihood": "wishart"},
]  # fmt: skip
CATEGORICAL = [
    {}, {"parameterization": "theta"}, {"estimator": "WLS"}, {"estimator": "ULSMV"}, {"weights": "weight"},
    {"group": "segment", "group_equal": ["loadings", "thresholds"]}, {"cluster": "shop"},
]  # fmt: skip


def judged(model, data, **options):
    """Fit, and hold the fit to the contract; None where it was refused in words."""
    fit, refusal = None, None
    try:
        fit = sl.fit_sem(model, data, **options)
    except sl.SatloyalError as error:
        refusal = error
    if fit is None:
        assert refusal is not None
        assert refusal.fix, "an error says what to do"
        return None
    glance, table, summary = fit.glance(), fit.tidy(), fit.summary()
    fit.to_dict()
    failed = [c.name for c in fit.checks if c.status == "fail"]
    if not fit.converged:
        assert "convergence" in failed
        assert glance.drop(["ntotal", "npar"], errors="ignore").isna().all()
        assert table["est"][table["free"] > 0].isna().all()
        assert "DID NOT CONVERGE" in summary.splitlines()[0]
        return fit
    assert np.isfinite(glance["chisq"])
    assert glance["chisq"] > -1e-6
    assert not np.isinf(table.select_dtypes("number")).any(axis=None)
    if not fit.admissible:
        assert failed
        assert "NOT TO BE USED" in summary.splitlines()[0]
    if table["se"][table["free"] > 0].isna().any():
        assert failed, "there is a reason for a standard error that does not exist"
    return fit


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sl.SatloyalWarning)
        yield


@settings(max_examples=16, deadline=None, phases=[Phase.generate], derandomize=True)
@given(
    st.sampled_from(sorted(MODELS)),
    st.lists(st.sampled_from(sorted(DAMAGE)), min_size=1, max_size=2),
    st.sampled_from(OPTIONS),
    st.integers(0, 10_000),
)
def test_damaged_data_are_refused_or_judged(model, damages, options, seed):
    rng = np.random.default_rng(seed)
    frame = FRAME
    for damage in damages:
        frame = DAMAGE[damage](frame, rng)
    judged(MODELS[model], frame, **options)


@settings(max_examples=8, deadline=None, phases=[Phase.generate], derandomize=True)
@given(
    st.integers(2, 5),
    st.lists(st.sampled_from(sorted(DAMAGE)), min_size=1, max_size=2),
    st.sampled_from(CATEGORICAL),
    st.integers(0, 10_000),
)
def test_damaged_ordinal_data_are_refused_or_judged(categories, damages, options, seed):
    rng = np.random.default_rng(seed)
    frame = FRAME
    for damage in damages:
        frame = DAMAGE[damage](frame, rng)
    cuts = np.sort(rng.uniform(3.5, 6.5, categories - 1))
    answers = frame[NINE].apply(lambda c: pd.Series(np.searchsorted(cuts, c), c.index).where(c.notna()))
    judged(CFA, frame.assign(**answers), ordered=NINE, **options)


@settings(max_examples=4, deadline=None, phases=[Phase.generate], derandomize=True)
@given(st.integers(0, 10_000), st.integers(20, 60))
def test_noise_in_small_samples_is_never_called_a_good_fit_without_a_word(seed, n):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 9)), columns=NINE)
    fit = judged(CFA, frame)
    if fit is not None and fit.converged:
        assert any(c.status in ("warn", "fail") for c in fit.checks)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"group": ["segment"]}, "name one column"),
        ({"cluster": ("shop", "segment")}, "name one column"),
        ({"ordered": 5}, "ordered is 5"),
        ({"group": "segment", "group_equal": 5}, "give a list of names"),
        ({"cluster": "segment", "group": "segment"}, "of group 'old' are in one cluster"),
    ],
)
def test_options_of_another_kind_are_refused_in_words(options, words):
    with pytest.raises(sl.SatloyalError, match=words):
        sl.fit_sem(CFA, FRAME, **options)


def test_no_names_at_all_are_none_to_hold_equal():
    fit = sl.fit_sem(CFA, FRAME, group="segment", group_equal=None)
    assert fit.df == 48


@pytest.mark.parametrize("model", ["q1 ~ 2*v1\nv1 ~ 0.5*q1 + z", "q1 ~ 1*v1\nv1 ~ 1*q1 + z"])
def test_a_loop_that_multiplies_to_one_is_a_lost_fit_and_no_crash(model):
    fit = judged(model, FRAME)
    assert not fit.converged


def test_a_saturated_model_of_noise_has_no_misfit_whatever_the_baseline():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(100, 3)), columns=list("abc"))
    glance = sl.fit_sem("F =~ a + b + c", frame).glance()
    assert glance["df"] == 0
    assert glance["baseline_chisq"] < 3
    assert glance["cfi"] == 1
