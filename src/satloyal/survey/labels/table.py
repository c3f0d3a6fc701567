"""The table of known answer scales, read once from ``scales.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from satloyal.survey.labels.labelset import LabelSet

__all__ = ["known_labels", "known_sets"]


@cache
def known_sets() -> tuple[LabelSet, ...]:
    """Return every known set of labels, in the order of the table.

    Examples
    --------
    >>> [s.name for s in known_sets() if s.family == "agreement7"]
    ['agreement7.en', 'agreement7.en.moderately', 'agreement7.zh-Hans', 'agreement7.zh-Hant']
    """
    text = files("satloyal.survey.labels").joinpath("scales.toml").read_text(encoding="utf-8")
    out = []
    for family, body in tomllib.loads(text).items():
        low = body.pop("low", 1)
        for style, labels in body.items():
            name, language = f"{family}.{style}", style.split(".")[0]
            out.append(LabelSet.from_mapping(name, {"low": low, "labels": labels, "language": language}))
    return tuple(out)


@cache
def known_labels() -> frozenset[str]:
    """Return every label of the table, normalised.

    Examples
    --------
    >>> "very satisfied" in known_labels(), "满意" in known_labels(), "satisf" in known_labels()
    (True, True, False)
    """
    return frozenset(label for known in known_sets() for label in known.numbers)
