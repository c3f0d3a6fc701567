"""An inspection says what was detected, in plain text that lines up."""

import pandas as pd

from satloyal.study.inspect import inspection, text_table
from satloyal.survey.samples import load_sample


def test_columns_are_listed_with_role_kind_and_question():
    lines = inspection(load_sample("simulated_retail")).splitlines()
    row = {line.split()[0]: line for line in lines if line}
    assert "weight" in row["weight"].split()[1]
    assert row["brand"].split()[1:3] == ["group", "text"]
    assert row["REL3"].split()[1:3] == ["item", "number"]
    assert row["SAT1"].endswith("Overall, how satisfied are you with this shop?")
    assert any(line.startswith("Note: reverse coding") for line in lines)
    assert any(line.startswith("Satisfaction") and "SAT1, SAT2, SAT3" in line for line in lines)


def test_a_table_lines_up_and_leaves_the_undefined_empty():
    frame = pd.DataFrame({"name": ["a", "long"], "mean": [1.0, float("nan")], "n": [5, 10]})
    assert text_table(frame).splitlines() == ["name  mean   n", "a     1.00   5", "long        10"]
