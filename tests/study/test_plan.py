"""The plan says everything that a run will do, before anything is computed."""

import dataclasses

import pytest

from satloyal.errors import StudyError
from satloyal.study.plan import make_plan
from satloyal.study.samples import study_template

STUDY = '''
title = "A study"

[data]
file = "answers.csv"

[models.first]
text = """
  F =~ a + b + c
  Y ~ F
"""

[models.second]
file = "second.txt"
std_lv = true
bootstrap = false

[bootstrap]
replicates = 200
seed = 7

[[curves]]
x = "a"
y = "Y"
shapes = ["linear", "logistic"]

[propositions.p1]
claim = "F raises Y"
effect = "Y ~ F"
model = "second"

[outputs]
formats = ["html", "json"]
dir = "2025"
'''


@pytest.fixture
def study(tmp_path):
    def write(text=STUDY, second="Y ~ a\n"):
        (tmp_path / "second.txt").write_text(second)
        path = tmp_path / "study.toml"
        path.write_text(text)
        return path

    return write


def test_the_steps_come_in_the_order_of_the_file(study, tmp_path):
    plan = make_plan(study())
    assert [(step.kind, step.name) for step in plan.steps] == [
        ("read", "answers.csv"),
        ("fit", "first"),
        ("bootstrap", "first"),
        ("fit", "second"),
        ("curve", "a → Y"),
        ("judge", "propositions"),
        ("write", "outputs"),
    ]
    text = plan.to_text()
    assert f"read {tmp_path / 'answers.csv'}" in text
    assert "bootstrap 'first': 200 replicates, seed 7" in text
    assert "fit the model 'second' (estimator ML; std_lv True)" in text
    assert "(linear, logistic; 10 folds)" in text
    assert "write 2025/report.html, 2025/results.json, run.json" in text


def test_a_plan_needs_no_data(study, tmp_path):
    make_plan(study())
    assert not (tmp_path / "answers.csv").exists()


def test_a_plan_cannot_be_changed(study):
    plan = make_plan(study())
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.replicates = 3
    with pytest.raises(TypeError):
        plan.models["third"] = None


def test_replicates_can_be_overridden_and_left_out(study):
    assert make_plan(study(), replicates=60).replicates == 60
    assert "bootstrap" not in {step.kind for step in make_plan(study(), replicates=0).steps}


def test_a_mistake_in_a_model_text_points_at_the_line_of_the_study_file(study):
    with pytest.raises(StudyError) as caught:
        make_plan(study(STUDY.replace("Y ~ F", "Y ~ F +")))
    assert "study.toml, line 10 ([models.first] text)" in str(caught.value)


def test_a_mistake_in_a_model_file_points_at_the_line_of_that_file(study):
    with pytest.raises(StudyError) as caught:
        make_plan(study(second="# a comment\nY ~ ~ a\n"))
    assert "second.txt, line 2" in str(caught.value)


def test_a_missing_model_file_is_named_with_its_neighbour(study):
    with pytest.raises(
        StudyError, match=r"line 14 \(\[models.second\] file\).*use 'second.txt', the nearest file there"
    ):
        make_plan(study(STUDY.replace('"second.txt"', '"secnd.txt"')))


def test_a_proposition_about_an_unknown_model_is_refused(study):
    with pytest.raises(StudyError, match=r"line 30.*no model 'scond'.*use 'second', the nearest model"):
        make_plan(study(STUDY.replace('model = "second"', 'model = "scond"')))


def test_simulated_data_are_known_as_such():
    assert make_plan(study_template("simulated_retail")).simulated
    assert not make_plan(study_template("ecsi_mobile")).simulated
