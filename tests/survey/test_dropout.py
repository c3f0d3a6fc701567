"""What was not reached is told from what was skipped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from satloyal.survey.dropout import finished_flag, mark_dropouts
from satloyal.survey.raw import RawTable

NAN = np.nan
ANSWERS = pd.DataFrame(
    {
        "A": [1.0, 1.0, NAN, NAN, 1.0],
        "B": [1.0, NAN, 1.0, NAN, NAN],
        "C": [NAN, NAN, NAN, NAN, NAN],
    }
)


def reasons() -> pd.DataFrame:
    table = ANSWERS.isna().astype(object).replace({True: "skipped", False: None})
    table.loc[4, "C"] = "refused"
    return table


def test_two_blanks_at_the_end_are_a_dropout_and_one_is_a_skip():
    told, findings = mark_dropouts(ANSWERS, reasons(), ["A", "B", "C"])
    assert told.loc[0].tolist() == [None, None, "skipped"]
    assert told.loc[1].tolist() == [None, "dropout", "dropout"]
    assert told.loc[2].tolist() == ["skipped", None, "skipped"]
    assert told.loc[3].tolist() == ["skipped"] * 3  # who answered nothing has not left on the way
    assert told.loc[4].tolist() == [None, "skipped", "refused"]
    assert findings[0].note.count == 1


def test_the_file_knows_better_who_finished():
    finished = np.array([False, True, True, True, False])
    told, _ = mark_dropouts(ANSWERS, reasons(), ["A", "B", "C"], finished)
    assert told.loc[0].tolist() == [None, None, "dropout"]
    assert told.loc[1].tolist() == [None, "skipped", "skipped"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["True", "False", ""], [True, False, False]),
        ([1, 0, NAN], [True, False, False]),
        (["completed", "partial", None], [True, False, False]),
        (["2024-03-11 09:11:32", "1980-01-01 00:00:00", None], [True, True, False]),
    ],
)
def test_who_finished_is_read_from_what_vendors_write(cells, expected):
    raw = RawTable(pd.DataFrame({"f": pd.Series(cells, dtype=object)}), (1, 2, 3), kinds={"f": "finished"})
    assert finished_flag(raw).tolist() == expected
    assert finished_flag(RawTable(raw.frame, raw.rows)) is None
