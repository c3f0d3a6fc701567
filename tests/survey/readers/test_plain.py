"""Text files and workbooks: the same answers come out, whatever the file is called or how it is written."""

from __future__ import annotations

import contextlib
import datetime as dt
import warnings
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satloyal.errors import SatloyalError, SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey
from satloyal.survey.readers.encoding import decode
from satloyal.survey.readers.text import delimiter_of

BOOK = Codebook.from_text('id = "cid"\n[constructs.T]\nitems = ["T1", "T2"]\nscale = [1, 5]\n')
CSV = 'cid,T1,T2,comment\nC1,1,2,fine\nC2,,3,"two\nlines, one cell"\nC3,5,4,\n'


def write(folder, text, name="export.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def workbook(folder, sheets, name="export.xlsx"):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


def test_a_text_file_is_read_with_its_provenance(tmp_path):
    survey = read_survey(write(tmp_path, CSV), BOOK)
    assert survey.frame["T1"].tolist()[::2] == [1.0, 5.0]
    assert survey.frame["comment"].tolist() == ["fine", "two\nlines, one cell", None]
    source = survey.source
    assert (source.name, source.reader, source.container) == ("export.csv", "plain", "text")
    assert (source.encoding, source.delimiter, source.rows, source.columns) == ("utf-8", ",", 3, 4)
    assert len(source.sha256) == 64


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_common_way_of_writing_a_table_gives_the_same_survey(tmp_path, encoding, delimiter, newline):
    rows = [["cid", "T1", "T2", "品牌"], ["C1", "1", "2", "é"], ["C2", "4", "3", "满意"]]
    text = newline.join(delimiter.join(row) for row in rows) + newline
    survey = read_survey(write(tmp_path, text, encoding=encoding), BOOK)
    assert survey.frame["T1"].tolist() == [1.0, 4.0]
    assert survey.frame["品牌"].tolist() == ["é", "满意"]
    assert survey.source.delimiter == delimiter


columns = st.lists(
    st.text(st.characters(codec="utf-8", categories=("L", "Nd")), min_size=2, max_size=6),
    min_size=1,
    max_size=4,
    unique=True,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    names=columns,
    data=st.data(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_a_random_survey_survives_writing_and_reading(tmp_path, names, data, delimiter, encoding):
    names = [f"q{name}" for name in names]
    answers = st.one_of(st.none(), st.integers(1, 7).map(float))
    rows = data.draw(st.integers(1, 12))
    frame = pd.DataFrame({n: [data.draw(answers) for _ in range(rows)] for n in names}, dtype=float)
    frame["id"] = [f"C{i}" for i in range(rows)]
    path = tmp_path / "random.csv"
    frame.to_csv(path, index=False, sep=delimiter, encoding=encoding)
    book = Codebook.from_dict({"id": "id", "items": {n: {"scale": [1, 7]} for n in names}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        survey = read_survey(path, book)
    pd.testing.assert_frame_equal(survey.frame[[*names, "id"]], frame, check_dtype=False)
    assert survey.missing_reasons[names].notna().equals(frame[names].isna())


def test_a_decimal_comma_is_read_where_the_delimiter_allows_it_and_refused_elsewhere(tmp_path):
    book = Codebook.from_text('weight = "w"\n[items.T]\n')
    survey = read_survey(write(tmp_path, "T;w\n1;0,5\n2;1,25\n"), book)
    assert survey.weights.tolist() == [0.5, 1.25]
    assert any(note.step == "decimal comma" for note in survey.notes)
    with pytest.raises(
        SurveyError, match="decimal comma is understood only in files separated by semicolons"
    ):
        read_survey(write(tmp_path, 'T,w\n1,"0,5"\n2,"1,25"\n'), book)
    with pytest.raises(SurveyError, match="'0,5' in row 2"):
        read_survey(write(tmp_path, "T;w\n1;0,5\n2;1.25\n"), book)


def test_row_numbers_are_those_of_a_spreadsheet(tmp_path):
    text = 'cid,T1,T2\n"C\n1",1,2\n\nC2,x,3\n'
    with pytest.raises(SurveyError, match=r"export\.csv: column 'T1'.*'x' in row 4"):
        read_survey(write(tmp_path, text), BOOK)


def test_duplicated_headers_keep_every_column_but_a_codebook_cannot_mean_two(tmp_path):
    path = write(tmp_path, "cid,T1,T1,T2\nC1,1,2,3\nC2,2,3,4\n")
    with pytest.warns(SurveyWarning, match="'T1' is now T1, T1__2"):
        survey = read_survey(path)
    assert survey.frame["T1__2"].tolist() == [2.0, 3.0]
    with pytest.raises(SurveyError, match="2 duplicated columns of that name"):
        read_survey(path, BOOK)


def test_columns_without_a_name_are_kept_and_named_by_their_place(tmp_path):
    with pytest.warns(SurveyWarning, match="now column_2"):
        survey = read_survey(write(tmp_path, "T1,,T2,\n1,5,2,\n2,4,3,\n"))
    assert list(survey.frame) == ["T1", "column_2", "T2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("a,b\n", "no responses"),
        ("C1,1,2\nC2,3,4\n", "no header"),
        ("a,b\n1\n1,2\n1,2,3\n", "row 2 has 1, row 4 has 3"),
        ('a,b\n1,2\n3,"4\n5,6\n', "the quote opened in the row that begins at line 3"),
        ('a,b\n1,"2"x\n', "quotation marks do not match in the row from line 2"),
        ("<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        (b"%PDF-1.4 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n0000", "a picture"),
        (b"\x00\x01\x02\x03" * 50, "NUL"),
        (b"PK\x03\x04 cut off", "damaged ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"$FL2@(#) SPSS DATA FILE but not really", r"\.sav file"),
        (b"<stata_dta><header>broken", r"\.dta file"),
        (b"\xff\xfea\x00,\x00b", "should be utf-16-le"),
    ],
)
def test_what_is_no_survey_gets_one_clear_error(tmp_path, text, said):
    path = write(tmp_path, text)
    if isinstance(text, bytes) and text.startswith(b"\xff\xfe"):
        path.write_bytes(text + b"\x00\x00\xd8")
    with pytest.raises(SurveyError, match=said):
        read_survey(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)),
    st.sampled_from([b"", b"PK\x03\x04", b"$FL2", b"<stata_dta>", b"\xff\xfe"]),
)
def test_no_bytes_at_all_let_another_error_escape(tmp_path, data, start):
    path = write(tmp_path, start + data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        try:
            survey = read_survey(path)
        except SatloyalError:
            return
    assert survey.n > 0


def test_the_content_decides_not_the_name(tmp_path):
    rows = [["cid", "T1", "T2"], ["C1", 1, 2], ["C2", 3, 4]]
    lying = workbook(tmp_path, {"S": rows}).rename(tmp_path / "export.csv")
    with pytest.warns(SurveyWarning, match=r"ends in \.csv but this is \.xlsx content"):
        assert read_survey(lying, BOOK).frame["T1"].tolist() == [1.0, 3.0]
    lying = write(tmp_path, CSV, "text.xlsx")
    with pytest.warns(SurveyWarning, match=r"ends in \.xlsx but this is CSV text"):
        assert read_survey(lying, BOOK).n == 3
    assert read_survey(write(tmp_path, CSV, "export.dat"), BOOK).n == 3


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(SurveyError, match="no such file"):
        read_survey(tmp_path / "none.csv")
    with pytest.raises(SurveyError, match="folder"):
        read_survey(tmp_path)
    with pytest.raises(SurveyError, match="from_frame"):
        read_survey(pd.DataFrame())
    with pytest.raises(SurveyError, match="no path"):
        read_survey("a\0b")


# ---- encodings -------------------------------------------------------------------------------------------


def test_an_encoding_that_must_be_guessed_is_warned_about(tmp_path):
    text = "cid,T1,T2,备注\n" + "".join(f"C{i},1,2,非常满意服务很好\n" for i in range(30))
    with pytest.warns(SurveyWarning) as caught:
        survey = read_survey(write(tmp_path, text, encoding="gbk"))
    assert any("gb18030" in str(w.message) for w in caught)
    assert survey.frame["备注"].iloc[0] == "非常满意服务很好"


def test_a_stated_encoding_is_believed_or_refused(tmp_path):
    path = write(tmp_path, "T,x\n1,é\n2,è\n", encoding="cp1252")
    assert read_survey(path, encoding="cp1252").frame["x"].tolist() == ["é", "è"]
    with pytest.raises(SurveyError, match=r"not utf-8 text: byte 6 \(line 2\)"):
        read_survey(path, encoding="utf-8")
    with pytest.raises(SurveyError, match="no text encoding 'utf-9'"):
        read_survey(path, encoding="utf-9")


def test_a_few_stray_nul_characters_are_taken_out_with_a_warning(tmp_path):
    text = "cid,T1,T2\nC1\0,1,2\n" + "".join(f"C{i},2,3\n" for i in range(2, 9))
    with pytest.warns(SurveyWarning, match="1 NUL character taken out"):
        assert read_survey(write(tmp_path, text), BOOK).frame["cid"].iloc[0] == "C1"


def test_repeated_byte_order_marks_do_not_stick_to_the_first_name():
    assert decode("\ufeff\ufeffcid".encode())[0] == "cid"


def test_the_delimiter_is_the_one_that_makes_rows_equal():
    assert delimiter_of('a;b\n"x, y, z";1\n"p, q";2\n') == ";"
    assert delimiter_of("a,b,c\n1,2;3,4\n") == ","


# ---- workbooks -------------------------------------------------------------------------------------------


def test_a_workbook_keeps_numbers_dates_and_rows(tmp_path):
    rows = [
        ["cid", "T1", "T2", "when"],
        ["C1", 1, "2", dt.datetime(2024, 3, 11)],
        [],
        ["C2", None, 4.0, dt.datetime(2024, 3, 12)],
    ]
    survey = read_survey(workbook(tmp_path, {"Data": rows, "Empty": []}), BOOK)
    assert survey.source.sheet == "Data"
    assert survey.frame["T2"].tolist() == [2.0, 4.0]
    assert str(survey.frame["when"].dtype).startswith("datetime64")
    assert any(note.step == "empty rows" and note.count == 1 for note in survey.notes)


def test_text_in_a_workbook_is_told_with_the_row_of_the_sheet(tmp_path):
    rows = [[], [], ["cid", "T1", "T2"], ["C1", 1, 2], ["C2", True, 3], ["C3", dt.date(2024, 5, 3), 4]]
    with pytest.raises(SurveyError, match=r"'TRUE' in row 5, 2024-05-03 \(a date\) in row 6"):
        read_survey(workbook(tmp_path, {"S": rows}), BOOK)


def test_answers_that_a_spreadsheet_made_into_dates_are_pointed_out(tmp_path):
    rows = [["visits", "T"], ["0", 1], [dt.date(2024, 5, 3), 2], ["6-10", 3]]
    with pytest.warns(SurveyWarning, match="'visits' mixes dates with other answers"):
        survey = read_survey(workbook(tmp_path, {"S": rows}))
    assert survey.frame["visits"].tolist() == ["0", "2024-05-03", "6-10"]


def test_several_sheets_need_a_choice(tmp_path):
    rows = [["cid", "T1", "T2"], ["C1", 1, 2], ["C2", 2, 3]]
    path = workbook(tmp_path, {"Wave 1": rows, "Wave 2": [*rows, ["C3", 5, 5]]})
    with pytest.raises(SurveyError, match="'Wave 1', 'Wave 2'"):
        read_survey(path, BOOK)
    assert read_survey(path, BOOK, sheet="Wave 2").n == 3
    assert read_survey(path, BOOK, sheet=0).source.sheet == "Wave 1"
    with pytest.raises(SurveyError, match=r"no sheet 'wave2' .*did you mean 'Wave 2'"):
        read_survey(path, BOOK, sheet="wave2")
    with pytest.raises(SurveyError, match="no sheet number 5"):
        read_survey(path, BOOK, sheet=5)


def test_an_empty_workbook_and_one_made_to_inflate_are_refused(tmp_path):
    with pytest.raises(SurveyError, match="workbook is empty"):
        read_survey(workbook(tmp_path, {"S": []}))
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    with pytest.raises(SurveyError, match="too large"):
        read_survey(bomb)


def test_an_archive_names_its_members(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.csv", "w") as archive:
        archive.writestr("survey.csv", CSV)
    with pytest.raises(SurveyError, match=r"ZIP archive with survey\.csv"):
        read_survey(tmp_path / "a.csv")


def test_a_workbook_with_broken_insides_is_damaged(tmp_path):
    path = workbook(tmp_path, {"S": [["a"], [1]]})
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    for name in members:
        with zipfile.ZipFile(tmp_path / "broken.xlsx", "w") as archive:
            for other, data in members.items():
                archive.writestr(other, data[: len(data) // 2] if other == name else data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SurveyWarning)
            # some parts (a theme, say) are not needed for reading; whatever breaks must break as ours
            with contextlib.suppress(SurveyError):
                read_survey(tmp_path / "broken.xlsx")


def test_formulas_and_markup_are_only_text(tmp_path):
    survey = read_survey(write(tmp_path, 'T,note\n1,=1+1\n2,"<script>alert(1)</script>"\n'))
    assert survey.frame["note"].tolist() == ["=1+1", "<script>alert(1)</script>"]


def test_numbers_as_wide_as_a_chinese_keyboard_makes_them(tmp_path):
    survey = read_survey(write(tmp_path, "T1,T2\n４,5（非常满意）\n２,1 - 非常不满意\n"))
    assert survey.frame["T2"].tolist() == [5.0, 1.0]
    assert np.array_equal(survey.frame["T1"], [4, 2])
