"""Every kind of result has a section that begins with what may be said, and a view in a notebook."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.reporting.conftest import ECSI
from tests.reporting.test_report import outline

import satloyal as sl
from satloyal.errors import ReportError
from satloyal.reporting.blocks.kinds import KINDS, kind_of
from satloyal.reporting.document import report
from satloyal.reporting.parts import Callout, Heading, Paragraph, Picture
from satloyal.reporting.table import Table

TWO = "S =~ s1 + s2 + s3\nL =~ l1 + l2 + l3\nL ~ S"


def people(n=600, seed=1, shift=0.0, slope=0.6):
    """Two groups that answer alike, but for a shift of one item in the second."""
    rng = np.random.default_rng(seed)
    group = np.repeat(["north", "south"], n // 2)
    s = rng.normal(size=n) + 0.5 * (group == "south")
    loyal = slope * s + 0.8 * rng.normal(size=n)
    data = {f"s{i}": s + 0.6 * rng.normal(size=n) for i in (1, 2, 3)}
    data |= {f"l{i}": loyal + 0.6 * rng.normal(size=n) for i in (1, 2, 3)}
    frame = pd.DataFrame(data).assign(region=group)
    frame.loc[frame["region"] == "south", "s3"] += shift
    return frame


@pytest.fixture(scope="module")
def alike():
    return sl.fit_invariance(TWO, people(), "region")


@pytest.fixture(scope="module")
def shifted():
    return sl.fit_invariance(TWO, people(shift=1.5), "region")


@pytest.fixture(scope="module")
def interaction():
    rng = np.random.default_rng(6)
    F = rng.normal(size=(500, 2))
    items = np.repeat(F, 2, axis=1) + 0.5 * rng.normal(size=(500, 4))
    data = pd.DataFrame(items, columns=["s1", "s2", "v1", "v2"])
    data["loyalty"] = F @ [0.4, -0.2] + 0.3 * F[:, 0] * F[:, 1] + 0.5 * rng.normal(size=500)
    made = sl.products(data, ["s1", "s2"], ["v1", "v2"])
    fit = sl.fit_sem(f"S =~ s1 + s2\nV =~ v1 + v2\nloyalty ~ S + V + XZ\n{made.text}", made.frame)
    return sl.probe_interaction(fit, "loyalty", "S", "V", "XZ")


@pytest.fixture(scope="module")
def rounding():
    names = ["Satisfaction", "Trust", "Loyalty"]
    matrix = [[1, 0.66, 0.57], [0.66, 1, 0.53], [0.57, 0.53, 1]]
    moments = sl.Moments.from_matrix(matrix, 476, names=names, kind="cor", decimals=2)
    return sl.fit_sem("Trust ~ Satisfaction\nLoyalty ~ Trust + Satisfaction", moments).rounding(100)


@pytest.fixture(scope="module")
def power():
    text = "S =~ 0.8*s1 + 0.8*s2 + 0.7*s3\nL =~ 0.8*l1 + 0.7*l2 + 0.7*l3\nL ~ b*0.3*S"
    return sl.power(text, [100, 250], replicates=60, seed=1)


@pytest.fixture(scope="module")
def comparison(fit, survey):
    longer = sl.fit_sem(ECSI.replace("s*Satisfaction\n", "s*Satisfaction + Value\n", 1), survey)
    return sl.compare(fit, longer, names=["short", "long"])


@pytest.fixture(scope="module")
def sam():
    return sl.fit_sam(TWO, people())


@pytest.fixture(scope="module")
def method():
    return sl.method_variance(TWO, people(), shares=(0.1,))


@pytest.fixture(scope="module")
def influence(fit):
    return fit.influence()


@pytest.fixture(scope="module")
def crosscheck(fit):
    return fit.crosscheck()


@pytest.fixture(scope="module")
def drivers():
    names = [f"q{i}" for i in range(2, 11)]
    return sl.fit_drivers(sl.load_sample("customer_satisfaction"), "q1", names, replicates=200)


@pytest.fixture(scope="module")
def necessity():
    data = people(200).rename(columns={"s1": "satisfied", "l1": "loyal"})
    return sl.fit_necessity(data, "satisfied", "loyal", permutations=199)


@pytest.fixture(scope="module")
def metric():
    data = people(400).assign(again=lambda d: (50 + 25 * d["l1"]).clip(0, 100).round())
    return sl.repurchase(data, "again", group="region")


@pytest.fixture(scope="module")
def differences(metric):
    return metric.differences()


@pytest.fixture(scope="module")
def control(metric):
    return metric.control_chart()


@pytest.fixture(scope="module")
def value(metric):
    return metric.expected_value({"low": 1, "middle": 2, "high": 5}, {("low", "middle"): 0.1})


ALL = [
    "alike", "shifted", "comparison", "sam", "interaction", "method", "rounding", "power", "influence",
    "crosscheck", "necessity", "drivers",
    "metric", "differences", "control", "value",
]  # fmt: skip


def test_every_kind_is_looked_at_here(request):
    assert {kind_of(request.getfixturevalue(name)).key for name in ALL} == {kind.key for kind in KINDS}


@pytest.mark.parametrize("name", ALL)
def test_a_section_begins_with_a_sentence(name, request):
    result = request.getfixturevalue(name)
    made = report(result)
    section = made.section(kind_of(result).key)
    first = section.parts[0]
    assert isinstance(first, Paragraph | Callout)
    assert first.text.endswith((".", "!"))
    assert any(isinstance(p, Table) for p in section.parts)
    outline(made.to_html())
    names = [t.name for t in made.tables]
    assert len(set(names)) == len(names)
    pictures = [p.name for p in made.pictures]
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("name", ALL)
def test_every_form_carries_the_section(name, request, tmp_path):
    result = request.getfixturevalue(name)
    made = report(result)
    section = made.section(kind_of(result).key)
    own = [p for p in section.parts if isinstance(p, Table)]
    text, latex, values = made.to_markdown(), made.to_latex(), json.loads(made.to_json())
    assert f"## {section.title}" in text
    written = {path.stem for path in made.to_csv(tmp_path / "csv")}
    for table in own:
        assert table.name in written
        assert values["tables"][table.name]["rows"] == json.loads(json.dumps(table.records()))
        assert r"\label{tab:" + table.name.replace("_", "-") in latex


@pytest.mark.parametrize("name", ALL)
def test_a_notebook_shows_the_same_parts(name, request):
    result = request.getfixturevalue(name)
    text = result._repr_html_()
    tags = outline(text)
    assert tags[0][0] == "div"
    assert text == result._repr_html_()
    assert "<table" in text
    for figure in result.figures():
        assert isinstance(result.figure(figure), Figure)
    with pytest.raises(ReportError, match="no figure 'nothing'"):
        result.figure("nothing")


@pytest.mark.parametrize("name", ALL)
def test_negative_numbers_have_a_minus_sign(name, request):
    page = report(request.getfixturevalue(name)).to_markdown()
    body = page.split("## Methods and references")[0]
    assert not [line for line in body.splitlines() if " -0." in line or " -." in line or "[-" in line]


# -- what may be said ----------------------------------------------------------------------------------------


def test_sentences(request, snapshot):
    said = {}
    for name in ALL:
        result = request.getfixturevalue(name)
        parts = report(result).section(kind_of(result).key).parts
        said[name] = [p.text for p in parts if isinstance(p, Paragraph | Callout)]
    assert said == snapshot


def test_means_are_compared_only_where_intercepts_are_equal(alike, shifted):
    assert "latent_means" in [t.name for t in report(alike).tables]
    made = report(shifted)
    assert "latent_means" not in [t.name for t in made.tables]
    callouts = [p for p in made.section("invariance").parts if isinstance(p, Callout)]
    assert "Latent means are not compared" in [c.title for c in callouts]
    free = next(c.text for c in callouts if c.title.startswith("A way out"))
    assert "the intercept of s3" in free


def test_paths_of_groups_are_refused_where_loadings_differ():
    frame = people()
    made = report(sl.fit_sem(TWO, frame, group="region"))
    parts = made.section("group_paths").parts
    assert [p.title for p in parts if isinstance(p, Callout)] == ["Paths of groups must not be compared"]
    assert not [p for p in parts if isinstance(p, Picture | Table)]
    assert all("must not be compared" in v.caution for v in made.verdicts)


def test_paths_of_groups_with_equal_loadings_say_whether_that_was_tested(alike):
    frame = people()
    fit = sl.fit_sem(TWO, frame, group="region", group_equal="loadings")
    bare, tested = report(fit), report(fit, alike)
    assert "Equal loadings are assumed" in [
        p.title for p in bare.section("group_paths").parts if isinstance(p, Callout)
    ]
    assert not [p for p in tested.section("group_paths").parts if isinstance(p, Callout)]
    assert {"group_paths", "group_differences"} <= {t.name for t in tested.tables}
    assert not any(v.caution for v in tested.verdicts)


def test_paths_are_refused_where_the_test_of_invariance_found_unequal_loadings():
    frame = people(slope=0.6)
    south = frame["region"] == "south"
    frame.loc[south, "s2"] *= 0.2
    tested = sl.fit_invariance(TWO, frame, "region")
    assert "loadings" not in {kind for step in tested.held for kind in step.equal}
    made = report(sl.fit_sem(TWO, frame, group="region", group_equal="loadings"), tested)
    parts = made.section("group_paths").parts
    assert [p.title for p in parts if isinstance(p, Callout)] == ["Paths of groups must not be compared"]
    assert not [p for p in parts if isinstance(p, Picture | Table)]


def test_a_failed_structural_part_makes_no_claim(sam):
    failed = replace(sam, structural=replace(sam.structural, solved=False))
    made = report(failed)
    assert made.alerts[0].title == "Structural-after-measurement fit may not be used"
    assert not made.verdicts
    assert 'class="headline bad"' in failed._repr_html_()


def test_an_interaction_of_a_failed_fit_makes_no_claim(interaction):
    failed = replace(interaction, fit=replace(interaction.fit, solved=False))
    made = report(failed)
    assert made.alerts
    assert not made.pictures
    assert "nothing is said" in made.to_markdown()


def test_a_model_that_did_not_converge_is_listed_and_not_compared(fit, unsolved):
    made = report(fit, unsolved, names=["one", "other"])
    text = made.section("comparison").parts[0].text
    assert "“other” did not converge and is not compared" in text
    assert "comparison_paths" not in [t.name for t in made.tables]
    assert all(v.outcome == "not testable" for v in made.verdicts if v.claim.model == "other")


def test_models_of_other_data_are_not_compared(fit, observed):
    parts = report(fit, observed).section("comparison").parts
    assert parts[0].title == "Fit of these models is not comparable"


def test_a_saturated_model_has_no_figures_of_fit(observed):
    table = next(t for t in report(observed).tables if t.name == "fit_measures")
    values = {row[0].value: row[1] for row in table.rows}
    for measure in ("CFI", "TLI", "SRMR", "p of exact fit"):
        assert values[measure].value is None
        assert values[measure].reason == "the model is saturated: it fits any data"


# -- names ---------------------------------------------------------------------------------------------------


def test_models_are_called_by_their_names(fit, boot, comparison, survey):
    longer = sl.fit_sem(ECSI.replace("s*Satisfaction\n", "s*Satisfaction + Value\n", 1), survey)
    made = report(fit, boot, longer, names=["Short", "Long"])
    headings = [p.text for p in made.section("verdicts").parts if isinstance(p, Heading)]
    assert headings == ["Short", "Long"]
    assert {v.claim.model for v in made.verdicts} == {"Short", "Long"}
    assert "Model" in [c.label for c in made.tables[0].columns]
    same = report(fit, boot, longer, names={"Long": longer, "Short": fit})
    assert [p.text for p in same.section("verdicts").parts if isinstance(p, Heading)] == headings
    half = report(fit, longer, names={"Long": longer})
    assert [name for name, _ in half.fits] == ["Model 1", "Long"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["one"], "1 names for 2 results"),
        ("one", "1 names for 2 results"),
        (["one", "one"], "'one' is the name of two results"),
        (["one", " "], "a name is empty"),
    ],
)
def test_names_that_do_not_fit_are_refused(fit, power, names, told):
    with pytest.raises(ReportError, match=told):
        report(fit, power, names=names)


def test_a_name_for_what_was_not_given_is_refused(fit, power):
    with pytest.raises(ReportError, match="'x' names a result that was not given"):
        report(fit, names={"x": power})


# -- how it was estimated ------------------------------------------------------------------------------------


def test_ordinal_and_incomplete_fits_say_their_test_and_errors():
    frame = people(300).drop(columns="region")
    coded = frame.apply(lambda column: pd.cut(column, [-9, -1, 0, 1, 9], labels=False))
    ordinal = report(sl.fit_sem(TWO, coded, ordered=True))
    text = ordinal.to_markdown()
    assert "ordinal items: WLSMV, scaled and shifted χ², robust (sandwich) standard errors" in text
    assert {"thresholds", "polychorics"} <= {t.name for t in ordinal.tables}
    gaps = frame.mask(np.random.default_rng(2).random(frame.shape) < 0.1)
    fiml = report(sl.fit_sem(TWO, gaps, missing="fiml", estimator="MLR"))
    text = fiml.to_markdown()
    assert "incomplete rows kept (FIML): MLR, scaled χ² (Yuan-Bentler), robust (sandwich)" in text
    patterns = next(t for t in fiml.tables if t.name == "missing_patterns")
    counts = [row[1].value for row in patterns.rows]
    assert counts[0] == int(gaps.notna().all(axis=1).sum())


def test_weights_and_clusters_are_told():
    frame = people(400).assign(w=np.tile([0.5, 1.5], 200), store=np.repeat(np.arange(40), 10))
    text = report(sl.fit_sem(TWO, frame, weights="w", cluster="store")).to_markdown()
    assert "cluster-robust standard errors (40 clusters)" in text
    assert "respondents are weighted by their sampling weights" in text


def test_lost_replicates_are_told(fit, boot):
    lost = replace(boot, theta_star=boot.theta_star[:980])
    parts = report(fit, lost).section("effects").parts
    told = next(p for p in parts if isinstance(p, Callout) and "replicates" in p.title)
    assert "20 of 1,000 replicates (2.0 %) did not converge" in told.text


def test_a_panel_says_what_feeds_what():
    rng = np.random.default_rng(4)
    s, loyal = rng.normal(size=(2, 500))
    data = {}
    for t in (1, 2, 3):
        data |= {f"s{t}": s.copy(), f"l{t}": loyal.copy()}
        s, loyal = 0.4 * s + 0.9 * rng.normal(size=500), 0.4 * loyal + 0.3 * s + 0.8 * rng.normal(size=500)
    model = sl.clpm({"satisfaction": ["s1", "s2", "s3"], "loyalty": ["l1", "l2", "l3"]}, equal_paths=True)
    made = report(sl.fit_sem(model, pd.DataFrame(data)))
    section = made.section("panel")
    assert section.parts[0].text.startswith("Whether loyalty feeds satisfaction is not settled")
    assert "more satisfaction is followed by more loyalty" in section.parts[0].text
    assert "Between or within?" in [p.title for p in section.parts if isinstance(p, Callout)]
