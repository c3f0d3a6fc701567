"""Answers are remembered for an object itself, not for its equals."""

from __future__ import annotations

from satloyal.core.memo import remembered


def test_equal_objects_are_asked_about_each() -> None:
    asked = []

    @remembered(4)
    def size(values: list[int]) -> int:
        asked.append(values)
        return len(values)

    one, same = [1, 2], [1, 2]
    assert [size(one), size(one), size(same)] == [2, 2, 2]
    assert [id(values) for values in asked] == [id(one), id(same)]


def test_only_the_latest_answers_are_kept() -> None:
    asked = []

    @remembered(2)
    def first(values: list[int]) -> int:
        asked.append(values[0])
        return values[0]

    lists = [[1], [2], [3]]
    for values in (*lists, lists[0]):
        first(values)
    assert asked == [1, 2, 3, 1]
