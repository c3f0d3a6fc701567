"""The report: immutable, complete, the same every time, and silent where nothing may be said."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from tests.reporting.conftest import FORMULA_GROUP, HOSTILE_COLUMN, HOSTILE_GROUP

import satloyal as sl
from satloyal.errors import ReportError
from satloyal.reporting.blocks import BLOCKS
from satloyal.reporting.document import report
from satloyal.reporting.parts import Paragraph, Section
from satloyal.reporting.references import REFERENCES

VOID = {"meta", "img", "br", "wbr", "hr", "input", "link"}


@pytest.fixture(scope="module")
def full(fit, boot, curve, survey):
    return report(fit, boot, curve, survey=survey, title="Mobile phones", date=dt.date(2026, 1, 31))


@pytest.fixture(scope="module")
def page(full):
    return full.to_html()


class Outline(HTMLParser):
    """Headings, images, captions and balance of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(text):
    found = Outline()
    found.feed(text)
    assert found.open == []
    return found.tags


def test_sections_stand_in_reading_order(full):
    assert [s.key for s in full.sections] == [
        "verdicts",
        "data",
        "measurement",
        "model",
        "effects",
        "curves",
        "misfit",
        "checks",
        "estimates",
        "methods",
        "provenance",
    ]


def test_the_same_inputs_give_the_same_bytes(full, fit, boot, curve, survey):
    again = report(fit, boot, curve, survey=survey, title="Mobile phones", date="2026-01-31")
    assert again.to_html() == full.to_html()
    assert again.to_json() == full.to_json()
    assert again.to_markdown() == full.to_markdown()
    assert again.to_latex() == full.to_latex()


def test_steps_return_new_reports(full):
    section = Section("extra", "Extra", (Paragraph("More."),))
    assert "extra" not in [s.key for s in full.sections]
    longer = full.with_section(section, before="data").with_title("Other").without("curves")
    assert [s.key for s in longer.sections][:3] == ["verdicts", "extra", "data"]
    assert (longer.title, full.title) == ("Other", "Mobile phones")
    with pytest.raises(FrozenInstanceError):
        full.title = "changed"


def test_a_section_that_is_not_there_is_named(full):
    with pytest.raises(ReportError, match=r"no section 'curvs'.*use one of"):
        full.without("curvs")


def test_the_page_is_well_formed_and_accessible(page):
    tags = outline(page)
    html = next(attrs for tag, attrs in tags if tag == "html")
    assert html["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for tag, attrs in tags:
        if tag == "svg":
            assert attrs["role"] == "img"
            assert attrs.get("aria-labelledby") or attrs.get("aria-hidden") == "true"
        if tag == "img":
            assert attrs.get("alt")
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "caption" for tag, _ in tags)
    assert all(attrs.get("scope") in ("row", "col") for tag, attrs in tags if tag == "th")


def test_identifiers_are_unique_and_links_lead_somewhere(page):
    tags = outline(page)
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    inner = [attrs["href"][1:] for tag, attrs in tags if tag == "a"]
    assert set(inner) <= set(ids)


def test_the_page_needs_no_network(page):
    found = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert found <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    for tag, attrs in outline(page):
        assert tag not in ("script", "link", "iframe", "object", "embed")
        assert not any(key.startswith("on") for key in attrs)
        for key in ("src", "href", "xlink:href"):
            assert (attrs.get(key) or "#").startswith("#")
    assert "@import" not in page
    assert "url(" not in page.replace("url(#", "")


def test_names_that_would_run_are_harmless(hostile):
    fit = sl.fit_sem("F =~ S1 + S2 + S3", hostile)
    made = report(fit, survey=hostile, title=HOSTILE_GROUP, date="<em>today</em>")
    page = made.to_html()
    tags = outline(page)
    assert not any(tag in ("script", "img", "em", "i") for tag, _ in tags)
    assert "&lt;script&gt;" in page
    text = made.to_markdown()
    assert "<script" not in text
    assert "<img" not in text
    assert HOSTILE_COLUMN in json.loads(made.to_json())["tables"]["groups_1"]["caption"]


def test_groups_that_would_run_in_a_spreadsheet_are_disarmed(hostile, tmp_path):
    report(survey=hostile).to_csv(tmp_path)
    rows = list(csv.reader((tmp_path / "groups_1.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {row[1] for row in rows[1:]} == {f"'{FORMULA_GROUP}", HOSTILE_GROUP}
    assert {p.suffix for p in tmp_path.iterdir()} == {".csv"}


@pytest.mark.parametrize(("name", "word"), [("unsolved", "did not converge"), ("heywood", "is inadmissible")])
def test_a_fit_that_may_not_be_used_is_the_first_thing_said(name, word, request):
    made = report(request.getfixturevalue(name))
    page = made.to_html()
    assert page.index(word) < page.index("<nav")
    assert {v.outcome for v in made.verdicts} <= {"not testable"}
    assert " supported" not in made.sections[0].parts[0].text.replace("not supported", "")


def test_nothing_is_numbered_that_did_not_converge(unsolved):
    made = report(unsolved)
    assert all(
        cell.value is None or not isinstance(cell.value, float)
        for t in made.tables
        if t.name == "paths"
        for row in t.rows
        for cell in row
    )
    assert "residuals" not in made.to_html()


def test_simulated_data_are_announced_first(observed):
    made = report(observed, truth={("Trust", "~", "Satisfaction"): 0.5, "through": 9.0})
    page = made.to_html()
    assert page.index("simulated") < page.index("<h1")
    assert "simulated" in made.to_markdown().split("\n\n")[1]
    table = made.section("truth").tables[0]
    assert [row[-1].value for row in table.rows] == ["yes", "no"]
    assert "1 of 2 intervals" in table.notes[0]


def test_real_data_are_not_called_simulated(page):
    assert "simulated" not in page


def test_every_method_that_is_described_was_used(full, observed):
    methods = full.section("methods").parts[0].items
    assert any("1,000 replicates with seed 1" in text for text in methods)
    alone = report(observed)
    assert not any("bootstrap" in text.lower() for text in alone.section("methods").parts[0].items)
    assert not any("Efron" in text for part in alone.section("methods").parts for text in part.items)


def test_provenance_holds_hash_seed_versions_and_date(full, survey):
    facts = {row[0].value: row[1].value for row in full.section("provenance").tables[0].rows}
    assert facts["SHA-256 of the data file"] == survey.source.sha256
    assert facts["Seed of the bootstrap of the model"] == "1"
    assert facts["Date"] == "2026-01-31"
    assert "numpy" in facts["Versions"]


def test_json_is_strict_and_full(full):
    found = json.loads(full.to_json(), parse_constant=pytest.fail)
    assert found["tables"]["paths"]["rows"][0]["est"] == pytest.approx(1.002, abs=1e-3)
    assert [f["name"] for f in found["fits"]] == [
        "The model",
        "Bootstrap of the model",
        "Response of Loyalty to Satisfaction",
    ]


def test_csv_files_hold_every_table(full, tmp_path):
    files = full.to_csv(tmp_path / "tables")
    assert len({f.name for f in files}) == len(full.tables)
    assert {"verdicts.csv", "checks.csv", "paths.csv", "effects.csv"} <= {f.name for f in files}


def test_markdown_has_its_figures_beside_it(full, tmp_path):
    path = full.to_markdown(tmp_path / "report.md")
    named = re.findall(r"\]\((report_figures/[^)]+)\)", path.read_text(encoding="utf-8"))
    assert len(named) == len(full.pictures)
    assert all((tmp_path / name).read_text(encoding="utf-8").startswith("<svg") for name in named)


def test_latex_is_balanced(full):
    text = full.to_latex()
    assert text.count(r"\begin{") == text.count(r"\end{")
    bare = re.sub(r"\\[{}\\]", "", text)
    assert bare.count("{") == bare.count("}")


def test_an_unwritable_place_is_one_clear_error(full, tmp_path):
    with pytest.raises(ReportError, match=r"does not exist.*make the folder first"):
        full.to_html(tmp_path / "missing" / "report.html")
    with pytest.raises(ReportError, match="is a folder"):
        full.to_html(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ReportError, match=r"cannot be written|is a file"):
        full.to_csv(tmp_path / "file")


def test_an_interrupted_writing_leaves_the_old_file(full, tmp_path, monkeypatch):
    goal = tmp_path / "report.html"
    goal.write_text("old")
    monkeypatch.setattr(
        "os.fdopen", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(ReportError, match="No space left"):
        full.to_html(goal)
    assert goal.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_bootstrap_brings_its_fit(fit, boot):
    made = report(boot)
    assert [name for name, _ in made.fits] == ["The model", "Bootstrap of the model"]
    assert report(fit, boot).to_json() == made.to_json()


def test_what_is_no_fit_is_refused(survey, boot, fit):
    with pytest.raises(ReportError, match=r"argument 1 is a Survey, not a fit.*survey="):
        report(survey)
    with pytest.raises(ReportError, match="nothing to report on"):
        report()
    with pytest.raises(ReportError, match="two bootstraps"):
        report(fit, boot, fit.bootstrap(20, seed=2))


def test_two_models_are_told_apart(fit, observed):
    made = report(fit, observed)
    names = [t.name for t in made.tables]
    assert len(names) == len(set(names))
    assert {"paths_1", "paths_2"} <= set(names)
    outline(made.to_html())


def test_a_block_is_one_function(observed):
    def extra(inputs):
        return Section(
            "extra", "Extra", (Paragraph(f"{len(inputs.subjects)} model"),), ("Counted.",), ("cohen1988",)
        )

    made = report(observed, blocks=(*BLOCKS, extra))
    assert made.section("extra").parts[0].text == "1 model"
    assert "Counted." in made.section("methods").parts[0].items
    assert REFERENCES["cohen1988"] in made.section("methods").parts[1].items


def test_a_measurement_model_alone_has_a_report(survey):
    made = report(sl.fit_sem("Q =~ PERQ1 + PERQ2 + PERQ3\nS =~ CUSA1 + CUSA2 + CUSA3", survey))
    assert "effects" not in [s.key for s in made.sections]
    assert made.verdicts == ()
    outline(made.to_html())


def test_groups_of_a_fit_have_a_diagram_each(survey):
    frame = survey.frame.assign(half=["a", "b"] * (len(survey.frame) // 2))
    fit = sl.fit_sem("S =~ CUSA1 + CUSA2 + CUSA3\nV =~ PERV1 + PERV2\nS ~ V", frame, group="half")
    made = report(fit)
    assert {"paths_g1", "paths_g2"} <= {p.name for p in made.pictures}
    assert {v.claim.group for v in made.verdicts} == {"a", "b"}
    outline(made.to_html())


def test_parts(full, snapshot):
    assert {v.claim.name: (v.outcome, v.sentence, v.caution) for v in full.verdicts} == snapshot(
        name="verdicts"
    )
    tables = {t.name: t for t in full.tables}
    for name in ("fit_measures", "reliability", "htmt", "fornell_larcker", "paths", "defined_effects"):
        assert tables[name].to_markdown() == snapshot(name=name)
    assert [p.caption for p in full.pictures] == snapshot(name="captions")
    assert full.section("methods").parts[0].items[:2] == snapshot(name="methods")


def test_missing_answers_stand_by_their_reasons():
    survey = sl.load_sample("simulated_retail")
    made = report(survey=survey)
    assert made.banner
    assert [s.key for s in made.sections] == ["data", "groups", "methods", "provenance"]
    table = next(t for t in made.tables if t.name == "missing")
    assert {"Don't know", "Refused", "Skipped"} <= {c.label for c in table.columns}
    for row in table.rows:
        assert row[1].value == sum(cell.value for cell in row[3:])
    assert any("store as clusters" in text for text in made.section("methods").parts[0].items)


def test_a_fit_of_another_family_has_its_estimates_and_checks(curve):
    made = report(curve.bootstrap(50, seed=1))
    assert "checks" in [s.key for s in made.sections]
    assert any(t.name.startswith("estimates_") for t in made.tables)
    outline(made.to_html())


def test_a_matrix_alone_has_a_report_without_data_of_its_own(observed):
    made = report(observed)
    assert "published moments" in " ".join(made.section("methods").parts[0].items)
    assert made.facts == ("The model: n = 300",)
    assert "measurement" not in [s.key for s in made.sections]
