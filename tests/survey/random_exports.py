"""Exports of random surveys, as each vendor writes them, with the answers that must come out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from hypothesis import strategies as st

LABELS = {
    ("satisfaction", "en"): [
        "Very dissatisfied",
        "Dissatisfied",
        "Neither satisfied nor dissatisfied",
        "Satisfied",
        "Very satisfied",
    ],
    ("satisfaction", "zh-Hans"): ["非常不满意", "不满意", "一般", "满意", "非常满意"],
    ("satisfaction", "zh-Hant"): ["非常不滿意", "不滿意", "普通", "滿意", "非常滿意"],
    ("agreement", "en"): [
        "Strongly disagree",
        "Disagree",
        "Somewhat disagree",
        "Neither agree nor disagree",
        "Somewhat agree",
        "Agree",
        "Strongly agree",
    ],
    ("agreement", "zh-Hans"): ["非常不同意", "不同意", "比较不同意", "一般", "比较同意", "同意", "非常同意"],
    ("agreement", "zh-Hant"): ["非常不同意", "不同意", "有點不同意", "普通", "有點同意", "同意", "非常同意"],
}
UNSURE = {"en": "Don't know", "zh-Hans": "不清楚", "zh-Hant": "不清楚"}
STEMS = {
    "satisfaction": {
        "en": "How satisfied are you with each of these?",
        "zh-Hans": "您的满意程度",
        "zh-Hant": "您的滿意程度",
    },
    "agreement": {
        "en": "How much do you agree, on the whole?",
        "zh-Hans": "您的同意程度",
        "zh-Hant": "您的同意程度",
    },
}


@dataclass(frozen=True)
class Block:
    """Questions with one stem and one scale; an answer is a point, "skipped" or "dont_know"."""

    kind: str
    names: tuple[str, ...]
    answers: tuple[tuple[int | str, ...], ...]  # a row a respondent

    @property
    def points(self) -> int:
        return 5 if self.kind == "satisfaction" else 7


@dataclass(frozen=True)
class Made:
    """A random survey."""

    language: str
    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        return len(self.blocks[0].answers)

    @property
    def names(self) -> list[str]:
        return [name for block in self.blocks for name in block.names]

    def ids(self) -> list[str]:
        return [f"C{k:04d}" for k in range(self.size)]

    def text(self, block: Block, answer: int | str, *, blank: str = "") -> str:
        if answer == "skipped":
            return blank
        if answer == "dont_know":
            return UNSURE[self.language]
        return LABELS[block.kind, self.language][int(answer) - 1]

    def rows(self, cell: Callable[[Block, int | str], str]) -> list[list[str]]:
        return [
            [cell(block, answer) for block in self.blocks for answer in block.answers[k]]
            for k in range(self.size)
        ]


@st.composite
def surveys(draw: st.DrawFn) -> Made:
    """Two to four blocks of one to four questions, three to nine respondents, each last question answered."""
    language = draw(st.sampled_from(["en", "zh-Hans", "zh-Hant"]))
    kinds = draw(st.lists(st.sampled_from(["satisfaction", "agreement"]), min_size=2, max_size=4))
    size = draw(st.integers(3, 9))
    blocks = []
    for b, kind in enumerate(kinds):
        count = draw(st.integers(1, 4))
        points = 5 if kind == "satisfaction" else 7
        answer = st.one_of(st.integers(1, points), st.sampled_from(["skipped", "dont_know"]))
        rows = [tuple(draw(answer) for _ in range(count)) for _ in range(size)]
        names = tuple(f"{kind[:3].upper()}{b}_{k}" for k in range(count))
        blocks.append(Block(kind, names, tuple(rows)))
    last = blocks[-1]
    sure = tuple((*row[:-1], draw(st.integers(1, last.points))) for row in last.answers)  # nobody drops out
    return Made(language, (*blocks[:-1], Block(last.kind, last.names, sure)))


@dataclass(frozen=True)
class Export:
    """A file, and where its columns are."""

    name: str
    data: bytes
    first: int  # column of the first question
    id: int
    missing: dict[str, str]


def table(rows: Sequence[Sequence[str]], delimiter: str = ",", *, quoted: bool = False) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(
        rows
    )
    return out.getvalue()


def _questions(made: Made) -> list[tuple[Block, str, str]]:
    return [
        (block, STEMS[block.kind][made.language], f"row {name}")
        for block in made.blocks
        for name in block.names
    ]


def qualtrics(made: Made, *, numeric: bool, utf16: bool) -> Export:
    fixed = ["StartDate", "EndDate", "Status", "IPAddress", "Finished", "ResponseId", "ExternalReference"]
    codes, texts, ids = list(fixed), list(fixed), [f'{{"ImportId":"{n}"}}' for n in fixed]
    for b, block in enumerate(made.blocks, start=1):
        for k, name in enumerate(block.names, start=1):
            codes.append(f"Q{b}_{k}")
            texts.append(f"{STEMS[block.kind][made.language]} - row {name}")
            ids.append(f'{{"ImportId":"QID{b}_{k}"}}')

    def cell(block: Block, answer: int | str) -> str:
        if not numeric:
            return made.text(block, answer)
        return {"skipped": "-99", "dont_know": "99"}.get(str(answer), str(answer))

    dates = ["2024-03-11 09:09:00", "2024-03-11 09:11:32"]
    body = [
        [
            *dates,
            "0" if numeric else "IP Address",
            "203.0.113.9",
            "1" if numeric else "True",
            f"R_{k}",
            who,
            *row,
        ]
        for k, (who, row) in enumerate(zip(made.ids(), made.rows(cell), strict=True))
    ]
    preview = [*dates, "1" if numeric else "Survey Preview", "203.0.113.1", "1", "R_p", "", *(body[0][7:])]
    text = table([codes, texts, ids, preview, *body], "\t" if utf16 else ",")
    data = text.encode("utf-16") if utf16 else text.encode("utf-8")
    return Export("export.tsv" if utf16 else "export.csv", data, 7, 6, {"99": "dont_know"} if numeric else {})


def surveymonkey(made: Made) -> Export:
    meta = [
        "Respondent ID",
        "Collector ID",
        "Start Date",
        "End Date",
        "IP Address",
        "Email Address",
        "First Name",
        "Last Name",
        "Custom Data 1",
    ]
    first, second = list(meta), [""] * len(meta)
    for block in made.blocks:
        first += [STEMS[block.kind][made.language], *[""] * (len(block.names) - 1)]
        second += [f"row {name}" for name in block.names]
    start = ["09/15/2024 07:05:00 AM", "09/15/2024 07:07:14 AM", "203.0.113.48", "", "", ""]
    body = [
        [str(118731045919 + k), "418200002", *start, who, *row]
        for k, (who, row) in enumerate(zip(made.ids(), made.rows(made.text), strict=True))
    ]
    return Export("export.csv", table([first, second, *body]).encode("utf-8-sig"), 9, 8, {})


def google_forms(made: Made) -> Export:
    head = ["Timestamp", "Customer", *(f"{stem} [{row}]" for _, stem, row in _questions(made))]
    body = [
        ["2024/03/11 9:11:32 AM GMT+8", who, *row]
        for who, row in zip(made.ids(), made.rows(made.text), strict=True)
    ]
    return Export("export.csv", table([head, *body], quoted=True).encode(), 2, 1, {})


def microsoft_forms(made: Made) -> Export:
    head = ["ID", "Start time", "Completion time", "Email", "Name", "Customer",
            *(f"{row}\u00a0" for _, _, row in _questions(made))]  # fmt: skip
    body = [
        [
            k + 1,
            pd.Timestamp("2024-03-11 09:09"),
            pd.Timestamp("2024-03-11 09:11"),
            "anonymous",
            "",
            who,
            *row,
        ]
        for k, (who, row) in enumerate(zip(made.ids(), made.rows(made.text), strict=True))
    ]
    out = io.BytesIO()
    pd.DataFrame(body, columns=head).to_excel(out, index=False, engine="openpyxl", sheet_name="Sheet1")
    return Export("export.xlsx", out.getvalue(), 6, 5, {})


def limesurvey(made: Made) -> Export:
    head = ["id", "submitdate", "lastpage", "startlanguage", "seed", "token"]
    for b, block in enumerate(made.blocks, start=1):
        head += [f"G01Q{b:02d}[SQ{k:03d}]" for k in range(1, len(block.names) + 1)]

    def cell(block: Block, answer: int | str) -> str:
        return {"skipped": "", "dont_know": "A9"}.get(str(answer), f"A{answer}")

    body = [
        [str(k), "2024-03-11 09:11:32", "4", "en", "1000003", who, *row]
        for k, (who, row) in enumerate(zip(made.ids(), made.rows(cell), strict=True), start=11)
    ]
    text = table([head, *body], ";", quoted=True) + "\r\n"
    return Export("export.csv", text.encode("utf-8-sig"), 6, 5, {"A9": "dont_know"})


def wenjuanxing(made: Made, *, encoding: str) -> Export:
    head = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", "1、客户编号："]
    for b, block in enumerate(made.blocks, start=2):
        for k, name in enumerate(block.names):
            stem = f"{STEMS[block.kind][made.language]}—" if k == 0 else ""
            head.append(f"{b}、{stem}row {name}")

    def cell(block: Block, answer: int | str) -> str:
        return made.text(block, answer, blank="(空)")

    body = [
        [str(k), "2024/3/11 9:11:32", "152秒", "链接", "直接访问", "203.0.113.9(广东-深圳)", who, *row]
        for k, (who, row) in enumerate(zip(made.ids(), made.rows(cell), strict=True), start=1)
    ]
    return Export("export.csv", table([head, *body]).encode(encoding), 7, 6, {})


def tencent(made: Made) -> Export:
    head = ["编号", "开始答题时间", "结束答题时间", "答题时长", "地理位置国家和地区", "1.客户编号"]
    for b, (_, stem, row) in enumerate(_questions(made), start=2):
        head.append(f"{b}.{stem}：{row}")
    body = [
        [str(k), "02-Feb-2021 20:26:58", "02-Feb-2021 20:27:09", "11", "中国", who, *row, ""]
        for k, (who, row) in enumerate(zip(made.ids(), made.rows(made.text), strict=True), start=1)
    ]
    return Export("export.csv", table([[*head, ""], *body], quoted=True).encode("utf-8-sig"), 6, 5, {})


def plain(made: Made, *, numeric: bool, delimiter: str, encoding: str) -> Export:
    def cell(block: Block, answer: int | str) -> str:
        if not numeric:
            return made.text(block, answer)
        return {"skipped": "", "dont_know": "99"}.get(str(answer), str(answer))

    head = ["cid", *(f"item {name}" for name in made.names)]
    body = [[who, *row] for who, row in zip(made.ids(), made.rows(cell), strict=True)]
    text = table([head, *body], delimiter)
    return Export("export.csv", text.encode(encoding), 1, 0, {"99": "dont_know"} if numeric else {})


@st.composite
def exports(draw: st.DrawFn) -> tuple[Made, str, Export]:
    """A random survey in a random vendor's file."""
    made = draw(surveys())
    vendor = draw(
        st.sampled_from(
            [
                "qualtrics",
                "surveymonkey",
                "google_forms",
                "microsoft_forms",
                "limesurvey",
                "wenjuanxing",
                "tencent",
                "plain",
            ]
        )
    )
    if vendor == "qualtrics":
        return made, vendor, qualtrics(made, numeric=draw(st.booleans()), utf16=draw(st.booleans()))
    if vendor == "wenjuanxing":
        encodings = ["utf-8-sig", "utf-8"] + ["gb18030"] * (made.language == "zh-Hans")
        return made, vendor, wenjuanxing(made, encoding=draw(st.sampled_from(encodings)))
    if vendor == "plain":
        numeric = draw(st.booleans())
        encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
        return (
            made,
            vendor,
            plain(made, numeric=numeric, delimiter=draw(st.sampled_from(",;\t")), encoding=encoding),
        )
    writers: dict[str, Callable[[Made], Export]] = {
        "surveymonkey": surveymonkey, "google_forms": google_forms, "microsoft_forms": microsoft_forms,
        "limesurvey": limesurvey, "tencent": tencent,
    }  # fmt: skip
    return made, vendor, writers[vendor](made)
