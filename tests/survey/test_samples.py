"""Samples load without a word of warning; what is not here says so."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from satloyal.errors import SurveyError
from satloyal.survey import samples
from satloyal.survey.samples import PublishedMatrix, list_samples, load_sample, sample_folder


def test_the_ecsi_customers():
    survey = load_sample("ecsi_mobile")
    assert (survey.n, len(survey.items), survey.missing_reasons.notna().sum().sum()) == (250, 24, 0)
    assert [len(items) for items in survey.construct_items.values()] == [5, 3, 7, 2, 3, 1, 3]
    assert "trusted" in survey.codebook.items["IMAG1"].text
    assert all(item.scale.low == 1 and item.scale.high == 10 for item in survey.codebook.items.values())
    assert survey.notes[0].message.startswith("Real answers of 250 customers")
    assert len(survey.source.sha256) == 64


def test_the_business_customers():
    survey = load_sample("customer_satisfaction")
    assert (survey.n, len(survey.items), survey.missing_reasons.notna().sum().sum()) == (1811, 10, 0)
    assert survey.codebook.items["q1"].text == "Overall satisfaction"
    assert all(item.scale.low == 1 and item.scale.high == 10 for item in survey.codebook.items.values())
    assert survey.notes[0].message.startswith("Real answers of 1,811 business customers")


def test_every_folder_has_a_card_that_states_source_and_licence():
    for name in list_samples():
        card = (sample_folder(name) / "card.md").read_text(encoding="utf-8")
        assert "licence" in card
        assert card.count("**") >= 2


def test_the_simulated_survey_says_first_that_it_is_simulated():
    survey = load_sample("simulated_retail")
    assert "simulated" in survey.notes[0].message.casefold()
    assert survey.weights is not None
    assert survey.groups


def test_the_printed_matrix():
    printed = load_sample("gidakovic_zabkar_2021")
    assert isinstance(printed, PublishedMatrix)
    assert (printed.n, printed.kind, printed.matrix.shape) == (476, "cor", (13, 13))
    cor = dict(zip(printed.names, printed.matrix[printed.names.index("Satisfaction")], strict=True))
    # Table 3: Satisfaction with Loyalty, Value, Trust
    assert (cor["Loyalty"], cor["Value"], cor["Trust"], cor["Satisfaction"]) == (0.57, 0.69, 0.66, 1.0)
    assert np.linalg.eigvalsh(printed.matrix).min() > 0
    assert "Table 3" in printed.citation
    with pytest.raises(ValueError, match="read-only"):
        printed.matrix[0, 0] = 2


def test_an_installed_package_says_that_real_data_do_not_travel(monkeypatch):
    monkeypatch.setattr(samples, "_roots", lambda: iter([samples._PACKAGED]))
    assert list_samples() == ("simulated_retail",)
    with pytest.raises(SurveyError, match=r"does not travel.*available here: simulated_retail"):
        load_sample("ecsi_mobile")


def test_an_unknown_sample_gets_the_nearest_name():
    with pytest.raises(SurveyError, match=r"no sample 'ecsi_mobil' .*did you mean 'ecsi_mobile'"):
        load_sample("ecsi_mobil")


def test_the_environment_may_name_a_folder_of_samples(tmp_path, monkeypatch):
    shutil.copytree(sample_folder("ecsi_mobile"), tmp_path / "mine")
    (tmp_path / "mine" / "ecsi_mobile.csv").rename(tmp_path / "mine" / "data.csv")
    monkeypatch.setenv("SATLOYAL_SAMPLES", str(tmp_path))
    assert load_sample("mine").n == 250
    (tmp_path / "mine" / "data.csv").unlink()
    with pytest.raises(SurveyError, match=r"has no mine\.csv"):
        load_sample("mine")


def test_a_matrix_must_be_square_and_symmetric():
    with pytest.raises(SurveyError, match="symmetric"):
        PublishedMatrix("m", ("a", "b"), np.array([[1, 0.5], [0.4, 1]]), 10, "cor", "")
