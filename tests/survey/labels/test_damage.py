"""Text that was decoded wrongly before it was saved is refused; foreign words are not."""

from __future__ import annotations

import pytest

from satloyal.errors import SurveyError
from satloyal.survey.labels import known_sets
from satloyal.survey.labels.damage import damaged_cells
from satloyal.survey.readers.encoding import decode

CHINESE = ["非常满意", "满意", "一般", "不满意", "非常不满意"]
TABLE = "客户编号,总体满意度,评语\n" + "".join(f"C{k:03},{CHINESE[k % 5]},服务很好\n" for k in range(20))
HANT = "客戶編號,整體滿意度\n" + "".join(
    f"C{k:03},{('非常滿意', '滿意', '普通')[k % 3]}\n" for k in range(12)
)


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "gb18030", "big5", "mac-roman"])
def test_labels_read_wrongly_are_found(wrong):
    cells = [label.encode().decode(wrong, errors="replace") for label in CHINESE]
    assert damaged_cells([*cells, "8", "fine"])


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "gb18030"])
def test_a_file_of_damaged_text_is_refused(wrong):
    text = TABLE.encode().decode(wrong, errors="replace")
    with pytest.raises(SurveyError) as told:
        decode(text.encode())
    assert "damaged before this file was saved" in str(told.value)
    assert "export again" in str(told.value)


def test_accents_read_wrongly_are_found():
    cells = [word.encode().decode("cp1252") for word in ("Café", "très bien", "über", "señor")]
    assert len(damaged_cells(cells)) == 4


@pytest.mark.parametrize(
    "cells",
    [
        [
            "Café",
            "très bien",
            "Ça va",
            "À bientôt",
            "naïve",
            "Ärger",
            "São Paulo",
            "Łódź",
            "“quoted” – text",
            "5 € ½",
        ],
        [name for known in known_sets() for name in known],
        [
            "Отлично",
            "Хорошо",
            "très bien 👍",
            "服務人員態度親切；等候時間太長",
            "日本語",
            "한국어",
            "ไทย",
            "اردو",
        ],
        ["Ã", "a � b"],
        [],
    ],
)
def test_words_of_any_language_are_not_damaged(cells):
    assert damaged_cells(cells) == ()


@pytest.mark.parametrize(("text", "encoding"), [(TABLE, "gb18030"), (HANT, "big5")])
def test_chinese_encodings_are_told_apart_by_known_answers(text, encoding):
    data = text.encode("gbk" if encoding == "gb18030" else encoding)
    found, used, findings = decode(data)
    assert (found, used) == (text, encoding)
    assert encoding in findings[0].note.message
    assert findings[0].eye


def test_a_mixture_of_encodings_is_refused():
    data = TABLE.encode() + TABLE.encode("gbk") + b"\xff\xfe\x81"
    with pytest.raises(SurveyError, match="encoding"):
        decode(data)


def test_text_in_a_single_byte_encoding_is_read_as_a_guess():
    text = "id;réponse\n" + "".join(f"{k};Très satisfait, déjà vu à l'été\n" for k in range(30))
    found, used, findings = decode(text.encode("cp1252"))
    assert len(found) == len(text)
    assert "satisfait" in found
    assert findings[0].eye
    assert f"{used}, which is a guess" in findings[0].note.message
