"""One registry: the reader that fits best reads, and a new one joins without a change to the others."""

from __future__ import annotations

import pandas as pd
import pytest

from satloyal.errors import SurveyError
from satloyal.survey.raw import RawTable
from satloyal.survey.readers import read_survey, registry
from satloyal.survey.readers.export import open_export
from satloyal.survey.readers.match import Match


class Vendor:
    """A vendor whose files begin with its name."""

    name = "vendor"

    def sniff(self, export):
        mine = export.is_table and export.grid.rows[0][0] == "VENDOR"
        return Match(
            0.9 if mine else 0.0, "the first cell says VENDOR" if mine else "no VENDOR in the first cell"
        )

    def read(self, export):
        rows = export.grid.rows[2:]
        return RawTable(pd.DataFrame(list(rows), columns=list(export.grid.rows[1])), export.grid.numbers[2:])


@pytest.fixture
def files(tmp_path):
    (tmp_path / "vendor.csv").write_text("VENDOR,x\nT1,T2\n1,2\n3,4\n")
    (tmp_path / "plain.csv").write_text("T1,T2\n1,2\n3,4\n")
    return tmp_path


def test_every_reader_has_the_shape_of_a_reader():
    assert all(isinstance(reader, registry.Reader) for reader in (*registry.READERS, Vendor()))
    names = registry.names()
    assert names[0] == "auto"
    assert names[-1] == "plain"  # of equals the first in the list wins, and a plain table is any table
    assert len(set(names)) == len(names)


def test_the_best_fit_wins_with_its_reason(files):
    readers = (*registry.READERS, Vendor())
    reader, match = registry.choose(open_export(files / "vendor.csv"), readers=readers)
    assert (reader.name, match.why) == ("vendor", "the first cell says VENDOR")
    assert registry.choose(open_export(files / "plain.csv"), readers=readers)[0].name == "plain"


def test_a_new_reader_serves_read_survey(files, monkeypatch):
    monkeypatch.setattr(registry, "READERS", (*registry.READERS, Vendor()))
    survey = read_survey(files / "vendor.csv")
    assert survey.frame["T1"].tolist() == [1.0, 3.0]
    assert survey.source.reader == "vendor"
    assert survey.source.why == "the first cell says VENDOR"


def test_a_reader_may_be_asked_for_by_name(files):
    assert read_survey(files / "plain.csv", vendor="plain").source.why == "vendor='plain' was asked for"
    with pytest.raises(SurveyError, match="vendor='spss' cannot read this file: no SPSS file"):
        read_survey(files / "plain.csv", vendor="spss")
    with pytest.raises(SurveyError, match=r"no reader 'spps' \(did you mean 'spss'\?\)"):
        read_survey(files / "plain.csv", vendor="spps")
