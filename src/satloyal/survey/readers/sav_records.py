"""SAV records: the dictionary of an SPSS system file, walked before anyone else reads it.

ReadStat reads memory that is not its own where a value label points to no variable, so that a damaged file
would end the process; such a file is refused here. Layout: B. Pfaff and others, "System File Format", in:
PSPP Developers Guide.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from satloyal.errors import SurveyError

__all__ = ["Dictionary", "read_dictionary"]

_HEADER = 176
_VARIABLE, _LABELS, _TARGETS, _DOCUMENT, _EXTENSION, _END = 2, 3, 4, 6, 7, 999
_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What the records say.

    Parameters
    ----------
    widths : tuple of int
        One a variable record: 0 for a number, its bytes for text, −1 for what continues a text.
    weight : int
        Record, from 1, of the variable that weights the cases; 0 where none does.
    """

    widths: tuple[int, ...]
    weight: int

    def weight_name(self, names: list[str]) -> str | None:
        """Return which of the file's variables weights the cases, or ``None``.

        Examples
        --------
        >>> Dictionary((16, -1, 0), 3).weight_name(["name", "w"])
        'w'
        """
        if not 0 < self.weight <= len(self.widths) or self.widths[self.weight - 1] != 0:
            return None
        place = sum(width >= 0 for width in self.widths[: self.weight]) - 1
        return names[place] if place < len(names) else None


def read_dictionary(data: bytes) -> Dictionary:
    """Walk the records from the header to the first case.

    Raises
    ------
    SurveyError
        If a record is cut off, is of no known kind, or labels a variable that is not there.
    """
    try:
        return _walk(data)
    except struct.error:
        raise _damaged("its dictionary is cut off") from None


def _damaged(why: str) -> SurveyError:
    return SurveyError(f"the .sav file is damaged: {why}", fix="export it again")


def _walk(data: bytes) -> Dictionary:
    order = "<" if struct.unpack_from("<i", data, 64)[0] in (2, 3) else ">"

    def number(at: int) -> int:
        return int(struct.unpack_from(f"{order}i", data, at)[0])

    widths: list[int] = []
    place = _HEADER
    while (kind := number(place)) != _END:
        if kind == _VARIABLE:
            widths.append(number(place + 4))
            labelled, missing = number(place + 8), number(place + 12)
            place += 32
            if labelled:
                place += 4 + _padded(_count(number(place)), 4)
            if not -3 <= missing <= 3:
                raise _damaged(f"a variable has {missing} missing values")
            place += abs(missing) * 8
        elif kind == _LABELS:
            place = _labels(data, place + 8, _count(number(place + 4)))
            place = _targets(number, place, widths)
        elif kind == _DOCUMENT:
            place += 8 + _count(number(place + 4)) * 80
        elif kind == _EXTENSION:
            place += 16 + _count(number(place + 8)) * _count(number(place + 12))
        else:
            raise _damaged(f"its dictionary has a record of kind {kind}")
    return Dictionary(tuple(widths), number(76))


def _count(number: int) -> int:
    if not 0 <= number <= _MOST:
        raise _damaged("a record has an impossible length")
    return number


def _padded(length: int, to: int) -> int:
    return -(-length // to) * to


def _labels(data: bytes, place: int, count: int) -> int:
    """Pass over values and their labels: eight bytes, a length, and text filled up to eights."""
    for _ in range(count):
        (length,) = struct.unpack_from("B", data, place + 8)
        place += 8 + _padded(1 + length, 8)
    return place


def _targets(number: Callable[[int], int], place: int, widths: list[int]) -> int:
    """Pass over the variables that labels belong to; each must be there."""
    if number(place) != _TARGETS:
        raise _damaged("labels belong to no variable")
    count = _count(number(place + 4))
    for k in range(count):
        index = number(place + 8 + 4 * k)
        if not 0 < index <= len(widths) or widths[index - 1] < 0:
            raise _damaged(f"labels belong to variable {index}, which is not there")
    return place + 8 + 4 * count
