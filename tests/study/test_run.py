"""A run writes what its study asks for, completely, and the same again for the same seed."""

import csv
import json

import pytest

from satloyal.errors import SatloyalError
from satloyal.study.output import file_hash
from satloyal.study.plan import make_plan
from satloyal.study.run import analyse, run_study
from study.small import impossible_answers


class Listener:
    def __init__(self, stop_at=None):
        self.steps, self.pieces, self.outcomes, self.stop_at = [], [], [], stop_at

    def begin(self, step, number, total):
        self.steps.append((step.kind, number, total))
        if step.kind == self.stop_at:
            raise KeyboardInterrupt

    def advance(self, done, total):
        self.pieces.append((done, total))

    def end(self, outcome):
        self.outcomes.append(outcome)


@pytest.fixture
def results(folder, tmp_path):
    run_study(folder / "study.toml", tmp_path / "out")
    return json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))


def test_everything_asked_for_is_written(folder, tmp_path):
    result = run_study(folder / "study.toml", tmp_path / "out")
    written = {
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    assert set(result.files) == written
    assert {"report.html", "report.md", "report.tex", "results.json", "run.json"} <= written
    assert {"tables/main_estimates.csv", "tables/main_bootstrap.csv", "tables/propositions.csv"} <= written
    assert "Does service reach loyalty?" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert str(tmp_path / "out" / "report.html") in result.to_text()


def test_only_what_is_asked_for_is_written(edit, tmp_path):
    edit('formats = ["html", "csv", "json", "markdown", "latex"]', 'formats = "json"\ndir = "deep/down"')
    result = run_study(edit('title = "Service', 'title = "Our service'), tmp_path / "out")
    assert result.files == ("deep/down/results.json", "run.json")


def test_numbers_are_in_the_results_with_full_precision(results):
    main = results["models"]["main"]
    path = next(r for r in main["fit"]["estimates"] if r["op"] == "~")
    doubled = next(r for r in main["fit"]["estimates"] if r["lhs"] == "doubled")
    assert doubled["est"] == pytest.approx(2 * path["est"], rel=1e-12)
    assert main["bootstrap"]["replicates"]["requested"] == 60
    assert main["bootstrap"]["seed"] == 3
    assert results["curves"][0]["best"] in {"linear", "quadratic"}
    assert results["data"]["rows"] == 240
    assert len(results["data"]["sha256"]) == 64
    assert [p["outcome"] for p in results["propositions"]] == ["supported", "not supported"]


def test_tables_agree_with_the_results(results, tmp_path):
    with (tmp_path / "out" / "tables" / "main_estimates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    estimates = results["models"]["main"]["fit"]["estimates"]
    assert [r["op"] for r in rows] == [e["op"] for e in estimates]
    assert [float(r["est"]) for r in rows] == [e["est"] for e in estimates]


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    run_study(folder / "study.toml", tmp_path / "one")
    run_study(folder / "study.toml", tmp_path / "two")
    for name in ("results.json", "report.html", "report.md", "tables/main_bootstrap.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_another_seed_moves_the_intervals_and_not_the_estimates(edit, folder, results):
    other = analyse(edit("seed = 3", "seed = 4")).bootstraps["main"].tidy()
    first = results["models"]["main"]["bootstrap"]["estimates"]
    assert [r["est"] for r in first if r["op"] == "~"] == other[other["op"] == "~"]["est"].tolist()
    assert [r["ci_lower"] for r in first if r["op"] == "~"] != other[other["op"] == "~"]["ci_lower"].tolist()


def test_the_record_lists_every_file_with_its_hash(folder, tmp_path):
    run_study(folder / "study.toml", tmp_path / "out")
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    listed = {entry["path"]: entry["sha256"] for entry in record["files"]}
    assert all(file_hash(tmp_path / "out" / name) == sha256 for name, sha256 in listed.items())
    assert "results.json" in listed
    assert len(record["steps"]) == 5


def test_a_listener_hears_every_step_and_every_replicate(folder, tmp_path):
    listener = Listener()
    run_study(folder / "study.toml", tmp_path / "out", progress=listener)
    kinds = ["read", "fit", "bootstrap", "curve", "judge", "write"]
    assert listener.steps == [(kind, number, 6) for number, kind in enumerate(kinds, 1)]
    assert listener.pieces[-1] == (60, 60)
    assert listener.outcomes[4] == "1 supported, 1 not supported"


@pytest.mark.parametrize("step", ["read", "fit", "bootstrap", "curve", "write"])
def test_an_interrupted_run_leaves_nothing_behind(folder, tmp_path, step):
    with pytest.raises(KeyboardInterrupt):
        run_study(folder / "study.toml", tmp_path / "new" / "out", progress=Listener(stop_at=step))
    assert not (tmp_path / "new").exists()


def test_an_analysis_writes_nothing(folder):
    before = sorted(folder.rglob("*"))
    result = analyse(make_plan(folder / "study.toml", replicates=0))
    assert result.out is None
    assert result.bootstraps == {}
    assert sorted(folder.rglob("*")) == before


def test_a_failed_check_makes_the_result_unsound(edit, folder):
    assert analyse(make_plan(edit("replicates = 60", "replicates = 50"), replicates=0)).sound
    impossible_answers().to_csv(folder / "answers.csv", index=False)
    bad = analyse(make_plan(folder / "study.toml", replicates=0))
    assert not bad.sound
    assert ("model 'main'", "variances") in {(name, check.name) for name, check in bad.failed_checks()}
    assert {j.verdict.outcome for j in bad.propositions} == {"not testable"}
    assert "Failed checks:" in bad.to_text()


def test_groups_give_one_verdict_each(edit):
    edit("[model]", '[model]\ngroup = "brand"')
    edit("Loyalty ~ b*Service\n  doubled := 2*b", "Loyalty ~ c(b1, b2)*Service\n  doubled := b1 + b2")
    result = analyse(make_plan(edit("replicates = 60", "replicates = 50")))
    assert sorted(j.verdict.claim.group for j in result.propositions) == ["", "Ada", "Bo"]


def test_an_error_in_the_fit_points_at_the_study_file(edit):
    with pytest.raises(SatloyalError, match=r"study\.toml, line 9 \(\[model\] text\)"):
        analyse(
            make_plan(
                edit(
                    "Service =~ s1 + s2 + s3\n  Loyalty =~ l1 + l2 + l3",
                    "Service =~ s1\n  Loyalty =~ l1\n s1 ~~ s1",
                )
            )
        )


def test_free_text_never_becomes_a_spreadsheet_formula(edit, tmp_path):
    run_study(edit("Service raises loyalty.", "=cmd|' /C calc'!A0"), tmp_path / "out")
    text = (tmp_path / "out" / "tables" / "propositions.csv").read_text(encoding="utf-8")
    assert ",'=cmd" in text
    assert ",=cmd" not in text


def test_markup_in_the_study_is_escaped(edit, tmp_path):
    run_study(edit("Service raises loyalty.", "<script>alert(1)</script>"), tmp_path / "out")
    assert "<script>alert" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        ("b", "supported"),
        ("Loyalty ~ Service", "supported"),
        ('Service -> Loyalty"\nkind = "total', "supported"),
        ("Service =~ s2", "not testable"),
        ("Service =~ s1", "not testable"),
    ],
)
def test_each_way_of_naming_an_effect_gives_its_verdict(edit, effect, outcome):
    result = analyse(make_plan(edit("Service -> Loyalty", effect), replicates=0))
    judged = result.propositions[0]
    assert judged.verdict.outcome == outcome
    assert (judged.to_dict()["est"] is None) == (outcome == "not testable")


def test_a_chain_is_judged_by_the_product_of_its_paths(edit):
    edit("Loyalty =~ l1 + l2 + l3", "Loyalty =~ l1 + l2")
    edit("Loyalty ~ b*Service", "Loyalty ~ b*Service\n  Stay =~ 1*l3\n  Stay ~ Loyalty")
    path = edit("Service -> Loyalty", "Service -> Loyalty -> Stay")
    judged = analyse(make_plan(path, replicates=0)).propositions[0]
    assert judged.verdict.outcome == "supported"
    assert judged.to_dict()["effect"] == "Service → Loyalty → Stay"


def test_a_study_may_ask_for_all_rows_with_help_from_beside_the_model(folder, tmp_path):
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("[model]\n", '[model]\nmissing = "fiml"\nauxiliary = ["extra"]\n'), encoding="utf-8"
    )
    answers = folder / "answers.csv"
    rows = answers.read_text(encoding="utf-8").splitlines()
    columns = rows[0].split(",")
    out = [rows[0] + ",extra"]
    for i, row in enumerate(rows[1:]):
        cells = row.split(",")
        if i % 7 == 0:
            cells[columns.index("s2")] = ""
        out.append(",".join([*cells, str(i % 5)]))
    answers.write_text("\n".join(out) + "\n", encoding="utf-8")
    run_study(file, tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    told = json.dumps(results)
    assert "uses all" in told
    assert "extra beside the model" in told
