"""Options of a model in a study file: how it is estimated, its invariance, and models beside one another."""

import json

import numpy as np
import pytest

from satloyal.errors import StudyError
from satloyal.study.check import check_plan
from satloyal.study.plan import make_plan
from satloyal.study.run import analyse, run_study
from study.small import answers

SECOND = '''
[models.through]
title = "Loyalty by service"
text = """
  Service =~ s1 + s2 + s3
  Loyalty =~ l1 + l2 + l3
  Loyalty ~ b*Service
  doubled := 2*b
"""

[models.apart]
title = "Nothing to do with each other"
text = """
  Service =~ s1 + s2 + s3
  Loyalty =~ l1 + l2 + l3
  Service ~~ 0*Loyalty
"""
'''


def plan_of(path):
    return make_plan(path, replicates=0)


def refused(path):
    with pytest.raises(StudyError) as caught:
        check_plan(plan_of(path))
    return str(caught.value)


@pytest.fixture
def two(folder):
    """The study with two models in place of one."""
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[model]"), text.index("[bootstrap]")
    text = f"compare = true\n{text[:start]}{SECOND}\n{text[end:]}"
    path.write_text(text, encoding="utf-8")
    return path


def test_invariance_is_tested_and_stands_everywhere(edit, tmp_path):
    path = edit(
        "[bootstrap]", '[model.invariance]\ngroup = "brand"\nsteps = ["configural", "metric"]\n\n[bootstrap]'
    )
    plan = plan_of(path)
    assert [s.kind for s in plan.steps] == ["read", "fit", "invariance", "curve", "judge", "write"]
    assert "across brand (configural, metric)" in plan.to_text()
    result = run_study(plan, tmp_path / "out")
    assert [s.name for s in result.invariances["main"].steps] == ["configural", "metric"]
    assert "tables/main_invariance.csv" in result.files
    said = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert said["models"]["main"]["invariance"]["glance"]["level"] == "metric"
    assert "Do the groups mean the same?" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Invariance across brand" in result.to_text()


def test_models_are_compared_by_their_titles(two, tmp_path):
    result = run_study(plan_of(two), tmp_path / "out")
    table = result.comparison.tidy()
    assert list(table["model"]) == ["Loyalty by service", "Nothing to do with each other"]
    assert table["relation"][1] == "nested"
    assert table["pvalue"][1] < 0.001
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "the data contradict what “Nothing to do with each other” leaves out" in page
    assert "### Loyalty by service" in page
    said = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert said["comparison"]["table"][1]["df_diff"] == 1
    assert "tables/comparison.csv" in result.files


def test_a_comparison_needs_models_that_exist(two):
    path = two
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("compare = true", 'compare = ["through", "appart"]'), encoding="utf-8")
    with pytest.raises(StudyError, match=r"line 1 \(compare\).*no model 'appart'.*'apart'"):
        plan_of(path)


def test_one_model_cannot_be_compared(edit):
    with pytest.raises(StudyError, match="'compare' needs two models or more"):
        plan_of(edit('title = "Service', 'compare = true\ntitle = "Service'))


def test_models_of_other_data_are_refused_at_the_line(two):
    text = two.read_text(encoding="utf-8").replace("  Loyalty =~ l1 + l2 + l3\n  Service ~~ 0*Loyalty\n", "")
    two.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"line 1 \(compare\)"):
        analyse(plan_of(two))


def test_ordinal_items_and_their_estimator(edit, folder):
    frame = answers()
    for name in [c for c in frame.columns if c != "brand"]:
        frame[name] = np.clip(np.round(frame[name] - frame[name].mean()), -2, 2)
    frame.to_csv(folder / "answers.csv", index=False)
    path = edit("[model]", '[model]\nordered = true\nparameterization = "theta"')
    plan = plan_of(path)
    assert "estimator WLSMV" in plan.to_text()
    fit = analyse(plan).fits["main"]
    assert (fit.estimator, fit.input.ordinal.parameterization) == ("WLSMV", "theta")


def test_estimator_missing_and_weights_reach_the_fit(edit, folder):
    frame = answers().assign(w=np.linspace(0.5, 1.5, 240))
    frame.loc[:20, "s1"] = np.nan
    frame.to_csv(folder / "answers.csv", index=False)
    path = edit("[model]", '[model]\nestimator = "MLR"\nmissing = "fiml"\nweights = "w"')
    fit = analyse(plan_of(path)).fits["main"]
    assert (fit.estimator, fit.nobs) == ("MLR", 240)
    assert fit.input.rows.weights is not None


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ('[model.invariance]\ngroup = "brnd"', "([model.invariance] group): the data have no column 'brnd'"),
        ('[model.invariance]\ngroup = "brand"\nsteps = ["weak"]', "'weak' is not one of configural"),
        ('[model.invariance]\ngroup = "brand"\nstep = 1', "unknown key 'step'"),
        ('[model.invariance]\nrule = "chisq"', "the key 'group' is missing"),
    ],
)
def test_a_wrong_invariance_table_is_refused_with_its_line(edit, option, told):
    message = refused(edit("[bootstrap]", f"{option}\n\n[bootstrap]"))
    assert told in message
    assert "line " in message


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ('estimator = "MRL"', "'MRL' is not one of ML,"),
        ('ordered = ["s1", "s9"]', "the data have no column 's9'"),
        ("ordered = 3", "give true, false or a list of names"),
        ('weights = "wt"', "([model] weights): the data have no column 'wt'"),
        ("weights = 2", "give true, false or the name of a column"),
        ('bounds = "some"', "'some' is not one of standard"),
    ],
)
def test_a_wrong_option_is_refused_with_its_line(edit, option, told):
    message = refused(edit("[model]", f"[model]\n{option}"))
    assert told in message
    assert "line 9" in message
