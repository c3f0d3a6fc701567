"""Categories: what was never chosen is said, groups share their thresholds, nonsense is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from satloyal.core.categories import Categories
from satloyal.core.ordinal_estimate import ordinal_moments
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError


def coded(values, groups=None, labels=("",), empty="merge"):
    """Categories of one item."""
    column = np.asarray(values, dtype=float)[:, None]
    return Categories.of(column, ["SAT"], ["SAT"], groups=groups, labels=labels, empty=empty)


def test_a_value_that_nobody_chose_is_no_category():
    found = coded([1, 3, 4, 4])
    assert found.codes.ravel().tolist() == [0, 1, 2, 2]
    assert found.levels[0].tolist() == [1, 3, 4]
    (note,) = found.notes
    assert "SAT 2" in note.message
    assert note.count == 1


def test_fractions_have_no_gaps():
    assert coded([0.5, 1.5, 4]).notes == ()


def test_a_category_missing_in_one_group_is_merged_in_all():
    found = coded([1, 2, 3, 1, 3, 3], np.array([0, 0, 0, 1, 1, 1]), ("north", "south"))
    assert found.levels[0].tolist() == [1, 2]
    assert found.codes.ravel().tolist() == [0, 1, 1, 0, 1, 1]
    (note,) = found.notes
    assert "SAT 2 in group south" in note.message
    assert note.step == "empty categories"


def test_an_end_category_missing_in_one_group_joins_its_neighbour():
    found = coded([1, 2, 3, 1, 2, 2], np.array([0, 0, 0, 1, 1, 1]), ("north", "south"))
    assert found.codes.ravel().tolist() == [0, 1, 1, 0, 1, 1]
    found = coded([1, 2, 3, 2, 3, 3], np.array([0, 0, 0, 1, 1, 1]), ("north", "south"))
    assert found.codes.ravel().tolist() == [0, 0, 1, 0, 1, 1]


def test_merging_can_be_refused():
    with pytest.raises(FitError, match="SAT 2 in group south") as caught:
        coded([1, 2, 3, 1, 3, 3], np.array([0, 0, 0, 1, 1, 1]), ("north", "south"), "error")
    assert "merge" in caught.value.fix


def test_groups_without_two_common_categories_are_refused():
    with pytest.raises(FitError, match="no two categories are chosen in every group"):
        coded([1, 1, 2, 2, 3], np.array([0, 0, 1, 1, 1]), ("north", "south"))


@pytest.mark.parametrize(
    ("values", "words"),
    [([3, 3, 3], "every answer is 3"), (np.arange(70.0), "70 different values")],
)
def test_an_item_that_is_no_scale_is_refused(values, words):
    with pytest.raises(FitError, match=words):
        coded(values)


def test_an_ordered_name_must_be_a_variable():
    with pytest.raises(FitError, match="'LOY' is no variable"):
        Categories.of(np.array([[1.0], [2.0]]), ["SAT"], ["LOY"])


def test_the_empty_rule_is_one_of_two():
    with pytest.raises(FitError, match="'ignore'"):
        coded([1, 2], empty="ignore")


def test_groups_have_the_same_statistics_after_merging():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(1, 5, (120, 3)), columns=["a", "b", "c"])
    group = np.repeat(["north", "south"], 60)
    frame.loc[(group == "south") & (frame["a"] == 4), "a"] = 3
    north, south = ordinal_moments(CompleteRows.of(frame, ["a", "b", "c"], group=group), ["a", "b", "c"])
    assert north.layout.labels == south.layout.labels
    assert "a|t3" not in north.layout.labels
    assert north.gamma.shape == south.gamma.shape
    assert any("a 4 in group south" in note.message for note in north.notes)
