"""The same 48 people in forms of export of which there is no sample: the same numbers, the same reasons."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from satloyal.survey.codebook import Codebook

from .test_exports import CHANNELS, MANIFEST, PEOPLE, REASONS, SEGMENT, TRUTH, quiet

ITEMS, BOXES, OPTIONS = TRUTH["items"], TRUTH["channels"], CHANNELS["en"]
STAMP = "2024-03-11 09:05:00"
MONKEY = [
    "Respondent ID",
    "Collector ID",
    "Start Date",
    "End Date",
    "IP Address",
    "Email Address",
    "Custom Data 1",
]
LEGACY = ["ResponseID", "ResponseSet", "Name", "ExternalDataReference", "EmailAddress", "IPAddress", "Status"]
LEGACY += ["StartDate", "EndDate", "Finished"]


def scale_of(item):
    """Return the labels of an item, or nothing where it is answered by numbers."""
    if item in ("SAT1", "NPS"):
        return None
    name = {"TRU": "A7", "LOY": "A7", "SAT": "A5"}.get(item[:3], "S5")
    return name, MANIFEST["_scales"][name]["en"]


def stem_of(item):
    known = scale_of(item)
    alone = "How likely is it that you would recommend us?" if item == "NPS" else "How satisfied overall?"
    if known is None:
        return alone
    return "How satisfied are you with each?" if known[0] == "S5" else "How much do you agree - on the whole?"


def point(cid, item):
    text = PEOPLE[cid]["SAT3_raw" if item == "SAT3" else item]
    return int(float(text)) if text else None


def words(cid, item):
    value, known = point(cid, item), scale_of(item)
    if value is None:
        return "Don't know" if REASONS.get((cid, item)) == "dont_know" else ""
    return str(value) if known is None else known[1][value - 1]


def numbers(cid, item):
    """Return the position of the option: "don't know" comes after the last."""
    value = point(cid, item)
    if value is None:
        return str(TRUTH["range"][item][1] + 1) if REASONS.get((cid, item)) == "dont_know" else ""
    return str(value)


def boxes(person, marks, empty=""):
    return [mark if person[box] == "1" else empty for mark, box in zip(marks, BOXES, strict=True)]


def typeform():
    end = [
        "Response Type",
        "Start Date (UTC)",
        "Stage Date (UTC)",
        "Submit Date (UTC)",
        "Network ID",
        "Tags",
        "Ending",
    ]
    header = ["#", "Customer", "Business?", *OPTIONS, "Other", *ITEMS, *end]
    rows = []
    for k, (cid, p) in enumerate(PEOPLE.items()):
        state = "completed" if p["finished"] == "1" else "partial"
        answers = [words(cid, item) for item in ITEMS]
        who = ["Retail", "Business"][int(p["segment"])]
        rows.append(
            [f"{k:032x}", cid, who, *boxes(p, OPTIONS), "", *answers, state, STAMP, "", STAMP, "f0", "", "x"]
        )
    return [header, *rows], {"cid": 1, "segment": 2, "CH": 3, "items": 8, "finished": 8 + len(ITEMS)}


def limesurvey_in_full():
    meta = ["Response ID", "Date submitted", "Last page", "Start language", "Seed", "Access code"]
    asked = [f"{stem_of(n)} [{n} text]" if scale_of(n) else stem_of(n) for n in ITEMS]
    rows = [[*meta, "Business?", *(f"Which channels? [{option}]" for option in OPTIONS), *asked]]
    for k, (cid, p) in enumerate(PEOPLE.items()):
        sent = STAMP if p["finished"] == "1" else ""
        who = ["Retail", "Business"][int(p["segment"])]
        rows.append(
            [k, sent, 4, "en", 1, cid, who, *boxes(p, ["Yes"] * 4, "No"), *(words(cid, n) for n in ITEMS)]
        )
    return rows, {"finished": 1, "cid": 5, "segment": 6, "CH": 7, "items": 11}


def surveymonkey_in_numbers(shift=0):
    top, below = [*MONKEY, "Business?", "", "Which channels?", "", "", ""], [""] * len(MONKEY)
    below += ["Response", "Other (please specify)", *OPTIONS]
    before = None
    for item in ITEMS:
        key = scale_of(item) and scale_of(item)[0]
        top.append("" if key and key == before else stem_of(item))
        below.append(f"{item} text" if key else "Response")
        before = key
    rows = [top, below]
    for k, (cid, p) in enumerate(PEOPLE.items()):
        answers = [numbers(cid, item) for item in ITEMS]
        answers[-1] = str(int(answers[-1]) + shift) if answers[-1] else ""
        meta = [
            118731045919 + k,
            41,
            "09/15/2024 07:05:00 AM",
            "09/15/2024 07:07:14 AM",
            "203.0.113.4",
            "",
            cid,
        ]
        rows.append([*meta, str(int(p["segment"]) + 1), "", *boxes(p, "1234"), *answers])
    return rows, {"cid": 6, "segment": 7, "CH": 9, "items": 13}


def surveymonkey_counted_from_one():
    return surveymonkey_in_numbers(1)


def qualtrics_of_old():
    texts = [f"{stem_of(n)}-{n} text" if scale_of(n) else stem_of(n) for n in ITEMS]
    rows = [
        [*(f"V{k}" for k in range(1, 11)), "Q1", *(f"Q2_{k}" for k in range(1, 5)), *ITEMS, ""],
        [*LEGACY, "Business?", *(f"Which channels?-{option}" for option in OPTIONS), *texts, ""],
    ]
    for k, (cid, p) in enumerate(PEOPLE.items()):
        meta = [f"R_{k}", "Default", "Anonymous", cid, "", "203.0.113.4", "0", STAMP, STAMP, p["finished"]]
        answers = [numbers(cid, item) for item in ITEMS]
        rows.append([*meta, str(int(p["segment"]) + 1), *boxes(p, "1111"), *answers, ""])
    return rows, {"cid": 3, "finished": 9, "segment": 10, "CH": 11, "items": 15}


FORMS = [
    (typeform, "typeform", ",", "utf-8", {}),
    (limesurvey_in_full, "limesurvey", ";", "utf-8-sig", {}),
    (surveymonkey_in_numbers, "surveymonkey", ",", "utf-8-sig", {6: "dont_know", 8: "dont_know"}),
    (surveymonkey_counted_from_one, "surveymonkey", ",", "utf-8", {6: "dont_know", 8: "dont_know"}),
    (qualtrics_of_old, "qualtrics", ",", "utf-8-sig", {6: "dont_know", 8: "dont_know"}),
    (qualtrics_of_old, "qualtrics", "\t", "utf-16", {6: "dont_know", 8: "dont_know"}),
]


@pytest.mark.parametrize(("made", "vendor", "delimiter", "encoding", "missing"), FORMS)
def test_every_form_of_export_holds_the_same_answers(tmp_path, made, vendor, delimiter, encoding, missing):
    rows, at = made()
    path = tmp_path / "download.bin"
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    columns = {"cid": at["cid"], "segment": {"column": at["segment"], "values": SEGMENT}}
    columns |= {"finished": at["finished"]} if "finished" in at else {}
    columns |= {box: at["CH"] + k for k, box in enumerate(BOXES)}
    columns |= {item: at["items"] + k for k, item in enumerate(ITEMS)}
    items = {n: {"scale": TRUTH["range"][n], "reverse": n in TRUTH["reverse_worded"]} for n in ITEMS}
    book = Codebook.from_dict(
        {"columns": columns, "id": "cid", "group": ["segment"], "items": items, "missing": missing}
    )
    survey = quiet(path, book)
    assert survey.source.reader == vendor
    frame = survey.frame.set_index("cid")
    assert sorted(frame.index) == sorted(PEOPLE)
    for column in [*ITEMS, *BOXES, "segment", *(["finished"] if "finished" in at else [])]:
        true = np.array([float(PEOPLE[cid][column] or "nan") for cid in frame.index])
        np.testing.assert_array_equal(frame[column].to_numpy(dtype=float), true, err_msg=column)
    reasons = survey.missing_reasons.set_axis(frame.index)
    for (cid, item), reason in REASONS.items():
        assert reasons.at[cid, item] == reason, (cid, item)
