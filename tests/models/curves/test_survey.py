"""A survey gives its constructs, weights and scales."""

import numpy as np
import pandas as pd
import pytest

from satloyal.errors import FitError
from satloyal.models.curves import fit_curve
from satloyal.survey.codebook import Codebook
from satloyal.survey.survey import Survey

BOOK = """
weight = "w"
cluster = "store"
[constructs.Satisfaction]
items = ["S1", "S2"]
scale = [1, 10]
[constructs.Loyalty]
items = ["L1", "L2"]
scale = [1, 10]
"""


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(0)
    base = rng.integers(3, 11, 300)

    def item(centre):
        return np.clip(np.rint(centre + rng.normal(0, 1, 300)), 2, 10).astype(int)

    frame = pd.DataFrame({"S1": item(base), "S2": item(base), "L1": item(base), "L2": item(base)})
    frame["w"] = rng.uniform(0.5, 2, 300)
    frame["store"] = np.arange(300) % 40
    return Survey.from_frame(frame, Codebook.from_text(BOOK))


def test_constructs_are_scores_and_weights_are_the_surveys(survey):
    fit = fit_curve(survey, "Satisfaction", "Loyalty")
    scores = survey.scores()
    direct = fit_curve(scores, "Satisfaction", "Loyalty", weights=survey.weights, low=1)
    pd.testing.assert_frame_equal(fit.tidy(), direct.tidy())
    assert fit.x_name == "Satisfaction"
    assert fit.glance()["n_effective"] < 300


def test_the_codebook_says_where_the_scales_start_and_end(survey):
    fit = fit_curve(survey, "Satisfaction", "L1")
    assert fit.data.low == 1
    assert fit.data.y_range == (1.0, 10.0)
    assert not any(n.step == "scale" for n in fit.notes)


def test_an_unused_cluster_column_is_noted_and_a_named_one_used(survey):
    assert any(n.step == "clusters" and "'store'" in n.message for n in fit_curve(survey, "S1", "L1").notes)
    fit = fit_curve(survey, "S1", "L1", cluster="store")
    assert fit.options.covariance == "cluster"
    assert not any(n.step == "clusters" for n in fit.notes)


def test_unknown_names_suggest_the_nearest_construct(survey):
    with pytest.raises(FitError, match="did you mean 'Loyalty'"):
        fit_curve(survey, "Satisfaction", "Loyality")
