"""Sample studies can be copied, edited and run."""

import pytest

from satloyal.errors import StudyError
from satloyal.study.check import check_plan
from satloyal.study.plan import make_plan
from satloyal.study.samples import demo_sample, study_template, write_study_folder


def test_a_copied_study_is_complete_and_checks(tmp_path):
    study, *rest = write_study_folder("simulated_retail", tmp_path / "mine")
    assert {p.name for p in rest} == {"codebook.toml", "simulated_retail.csv", "card.md", "truth.json"}
    plan = make_plan(study)
    assert plan.simulated
    assert plan.config.data.sample is None
    assert len(check_plan(plan).survey.frame) == 1200


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "codebook.toml").write_text("mine")
    with pytest.raises(StudyError, match="is there already"):
        write_study_folder("simulated_retail", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["codebook.toml"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot be written"):
        write_study_folder("simulated_retail", tmp_path / "file" / "below")


def test_the_demo_takes_the_real_sample_where_it_is(monkeypatch):
    monkeypatch.setattr("satloyal.study.samples.list_samples", lambda: ("simulated_retail",))
    assert demo_sample() == "simulated_retail"
    monkeypatch.setattr("satloyal.study.samples.list_samples", lambda: ("simulated_retail", "ecsi_mobile"))
    assert demo_sample() == "ecsi_mobile"
    assert demo_sample("simulated_retail") == "simulated_retail"


def test_an_unknown_sample_study_is_refused():
    with pytest.raises(StudyError, match="'ecsi_mobile'"):
        study_template("ecsi_mobil")
