"""Every export of the same 48 people gives the same numbers, cell by cell, with the same reasons."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from satloyal.errors import SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey

EXPORTS = Path(__file__).parent / "exports"
MANIFEST = json.loads((EXPORTS / "manifest.json").read_text(encoding="utf-8"))
FILES, TRUTH = MANIFEST["files"], MANIFEST["truth"]
CHANNELS = {
    "en": ["Branch", "Mobile app", "Website", "Call centre"],
    "zhs": ["网点", "手机应用", "网站", "客服电话"],
}
SEGMENT = {
    **{"Retail": 0, "Business": 1, "AO01": 0, "AO02": 1, "1": 0, "2": 1},
    **{"个人": 0, "企业": 1, "个人客户": 0, "企业客户": 1},
}
OTHERS = ("wave", "segment", "weight", "finished", "duration_s")


def rows_of(name):
    with (EXPORTS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


PEOPLE = {row["cid"]: row for row in rows_of("truth.csv")}
REASONS = {(row["cid"], row["item"]): row["reason"] for row in rows_of("truth_missing.csv")}


def codebook_of(name, *, missing=True):
    """Return a codebook with what the manifest says may be known of a file, and nothing more."""
    entry = FILES[name]
    columns, known = {}, set(entry["columns"])
    for column, place in entry["columns"].items():
        at = place.get("col", place.get("name"))
        if "sep" in place:
            choices = CHANNELS[entry["coding"].split(":")[-1]]
            columns["CH"] = {"column": at, "split": place["sep"], "choices": choices}
        elif column == "segment":
            columns[column] = {"column": at, "values": SEGMENT}
        else:
            columns[column] = at
    items = {
        item: {"scale": TRUTH["range"][item], "reverse": item in TRUTH["reverse_worded"]}
        for item in TRUTH["items"]
        if item in known
    }
    body = {"columns": columns, "id": "cid", "items": items}
    body |= {role: role for role in ("wave", "weight") if role in known}
    body |= {"group": ["segment"]} if "segment" in known else {}
    body |= {"missing": entry["missing_codes"]} if missing and entry.get("missing_codes") else {}
    return Codebook.from_dict(body), known


def quiet(path, book):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        return read_survey(path, book)


@pytest.mark.parametrize("name", FILES)
def test_every_cell_is_true_and_every_gap_has_its_reason(name):
    book, known = codebook_of(name)
    survey = quiet(EXPORTS / name, book)
    assert survey.source.reader in (FILES[name]["vendor"], "plain")
    frame = survey.frame.set_index(survey.frame["cid"].astype(str))
    reasons = survey.missing_reasons.set_axis(frame.index)
    assert sorted(frame.index) == sorted(PEOPLE)
    named = known - {"CH*", "cid", "comment"} | ({*TRUTH["channels"]} if "CH*" in known else set())
    assert named <= set(frame.columns)
    wrong, compared = [], 0
    for cid, person in PEOPLE.items():
        for column in sorted(named & {*TRUTH["items"], *TRUTH["channels"], *OTHERS}):
            cell, true = frame.at[cid, column], person[column]
            compared += 1
            if true:
                if not np.isclose(float(cell), float(true), rtol=0, atol=1e-9):
                    wrong.append((cid, column, cell, true))
            elif not np.isnan(cell):
                wrong.append((cid, column, cell, "missing"))
            elif (cid, column) in REASONS and reasons.at[cid, column] != REASONS[cid, column]:
                wrong.append((cid, column, reasons.at[cid, column], REASONS[cid, column]))
    assert not wrong
    assert compared >= 48 * (len(TRUTH["items"]) + len(TRUTH["channels"]))


@pytest.mark.parametrize("name", FILES)
def test_what_people_wrote_is_kept_and_who_they_are_is_not(name):
    book, known = codebook_of(name)
    survey = quiet(EXPORTS / name, book)
    if "comment" in known:
        frame = survey.frame.set_index(survey.frame["cid"].astype(str))
        for cid, person in PEOPLE.items():
            cell = frame.at[cid, "comment"]
            kept = "" if cell is None else " ".join(str(cell).split())
            true = " ".join(person["comment"].split())
            assert kept in (
                true,
                "(空)" if not true else "",
                "".join(c for c in true if ord(c) < 0xFFFF).strip(),
            )
    said = " ".join(map(str, survey.notes)) + str(survey)
    assert "203.0.113" not in said


@pytest.mark.parametrize("name", FILES)
def test_a_file_read_without_a_codebook_shows_the_answers_as_numbers(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        survey = read_survey(EXPORTS / name)
    assert survey.n == 48
    assert len(survey.items) >= len(TRUTH["items"]) - 2


def test_a_codebook_without_missing_codes_is_told_of_every_cell_outside_its_scale():
    book, _ = codebook_of("qualtrics_numeric.csv", missing=False)
    with pytest.warns(SurveyWarning) as caught:
        survey = read_survey(EXPORTS / "qualtrics_numeric.csv", book)
    told = " ".join(str(w.message) for w in caught)
    lost = {item for (cid, item), reason in REASONS.items() if reason == "dont_know"}
    assert lost
    for item in lost:
        assert f"'{item}'" in told
        assert (survey.missing_reasons[item] == "invalid").sum() == sum(
            why == "dont_know" for (_, of), why in REASONS.items() if of == item
        )


def ordinal_rows(*, reversed_items=()):
    """Return the answers as positions of the options: "don't know" is the option after the last."""
    header = [*TRUTH["items"]]
    out = [["cid", *header]]
    for cid, person in PEOPLE.items():
        row = [cid]
        for item in header:
            low, high = TRUTH["range"][item]
            text = person["SAT3_raw"] if item == "SAT3" else person[item]
            value = float(text) if text else None
            if value is not None and item in reversed_items:
                value = low + high - value
            if value is None and REASONS.get((cid, item)) == "dont_know":
                value = high + 1
            row.append("" if value is None else f"{value:g}")
        out.append(row)
    return out


def warned(path, book=None):
    with pytest.warns(SurveyWarning) as caught:
        survey = read_survey(path, book)
    return survey, [str(w.message) for w in caught]


@pytest.mark.parametrize("with_scales", [True, False])
def test_a_choice_beside_the_scale_is_warned_about(tmp_path, with_scales):
    path = tmp_path / "ordinal.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(ordinal_rows())
    book = None
    if with_scales:
        scales = {n: {"scale": TRUTH["range"][n]} for n in TRUTH["items"]}
        book = Codebook.from_dict({"id": "cid", "items": scales})
    survey, told = warned(path, book)
    six = {item for (_, item), why in REASONS.items() if why == "dont_know" and TRUTH["range"][item][1] == 5}
    eight = {
        item for (_, item), why in REASONS.items() if why == "dont_know" and TRUTH["range"][item][1] == 7
    }
    assert len(six) > 2
    assert len(eight) > 1
    for item, choice in [*((n, "6") for n in six), *((n, "8") for n in eight)]:
        assert any(item in message and choice in message for message in told), (item, told)
    if with_scales:
        assert (survey.missing_reasons[sorted(six | eight)] == "invalid").sum().sum() == 10


def test_an_item_whose_options_ran_the_other_way_is_warned_about(tmp_path):
    path = tmp_path / "turned.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(ordinal_rows(reversed_items=("SAT1",)))
    _, told = warned(path)
    assert any("'SAT1'" in message and "against" in message for message in told), told
