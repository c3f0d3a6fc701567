"""The truth of a simulation is read as it is, or refused."""

import json

import pytest

from satloyal.errors import StudyError
from satloyal.study.plan import make_plan
from satloyal.study.run import analyse
from satloyal.study.samples import study_template
from satloyal.study.truth import read_about, read_truth, sample_truth


def test_the_estimates_of_the_simulated_survey_lie_around_its_truth():
    truth = read_truth(sample_truth("simulated_retail"))
    estimates = analyse(make_plan(study_template("simulated_retail"), replicates=0)).fits["main"].tidy()
    rows = {(r.op == ":=" and r.lhs) or (r.lhs, r.op, r.rhs): r for r in estimates.itertuples()}
    distances = [abs(rows[key].est - value) / rows[key].se for key, value in truth.items()]
    assert len(truth) == 33
    assert max(distances) < 3.5
    assert sum(d > 1.96 for d in distances) <= 4


def test_the_paths_of_the_population_are_those_the_data_were_drawn_with():
    rows = json.loads(sample_truth("simulated_retail").read_text(encoding="utf-8"))["parameters"]
    paths = [r for r in rows if r["op"] == "~"]
    loadings = [r for r in rows if r["op"] == "=~"]
    assert all(abs(r["population_std"] - r["generating_std"]) < 0.005 for r in paths)
    assert all(0.01 < r["generating_std"] - r["population_std"] < 0.04 for r in loadings)  # attenuation


def test_a_real_sample_has_no_truth():
    assert sample_truth("ecsi_mobile") is None


@pytest.mark.parametrize("text", ["", "[]", '{"parameters": 1}', '{"parameters": [{"lhs": "a"}]}'])
def test_what_is_no_truth_is_refused(tmp_path, text):
    path = tmp_path / "truth.json"
    path.write_text(text)
    with pytest.raises(StudyError, match="no truth of a simulation"):
        read_truth(path)


def test_a_missing_truth_is_refused(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        read_about(tmp_path / "truth.json")
