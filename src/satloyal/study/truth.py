"""The known truth of simulated data, for the report's appendix."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satloyal.errors import StudyError
from satloyal.survey.samples import sample_folder

__all__ = ["SIMULATED", "read_about", "read_truth", "sample_truth"]

SIMULATED = ("simulated_retail",)
"""The simulated samples; each has its truth in its folder."""


def sample_truth(name: str) -> Path | None:
    """Return the truth of a simulated sample; ``None`` for a real one.

    Examples
    --------
    >>> sample_truth("simulated_retail").name
    'truth.json'
    """
    return sample_folder(name) / "truth.json" if name in SIMULATED else None


def read_truth(path: Path) -> dict[str | tuple[str, str, str], float]:
    """Read the true values of a simulation.

    Parameters
    ----------
    path : Path
        JSON with ``parameters``: a list of objects with ``lhs``, ``op``, ``rhs`` and ``population``, the
        unstandardised value that the analysis estimates (``null``: fixed, not estimated).

    Returns
    -------
    dict
        By (lhs, op, rhs), or by the name of a defined effect.

    Raises
    ------
    StudyError
        If the file cannot be read or is no such list.

    Examples
    --------
    >>> truth = read_truth(sample_truth("simulated_retail"))
    >>> round(truth["Loyalty", "~", "Belonging"], 2) > 0
    True
    """
    try:
        rows = _read(path)["parameters"]
        return {_key(row): float(row["population"]) for row in rows if row["population"] is not None}
    except (KeyError, TypeError, ValueError) as error:
        raise _no_truth(path, error) from None


def read_about(path: Path) -> str:
    """Return what the file says about its values, in a sentence or two; empty if it says nothing.

    Raises
    ------
    StudyError
        As :func:`read_truth`.
    """
    return str(_read(path).get("about", ""))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"the truth cannot be read ({error.strerror})", where=str(path)) from None
    except ValueError as error:
        raise _no_truth(path, error) from None
    if not isinstance(content, dict):
        raise _no_truth(path, TypeError("not an object"))
    return content


def _no_truth(path: Path, error: Exception) -> StudyError:
    return StudyError(
        f"this is no truth of a simulation ({type(error).__name__}: {error})",
        where=str(path),
        fix='give {"parameters": [{"lhs": …, "op": …, "rhs": …, "population": …}, …]}',
    )


def _key(row: Mapping[str, Any]) -> str | tuple[str, str, str]:
    return str(row["lhs"]) if row["op"] == ":=" else (str(row["lhs"]), str(row["op"]), str(row["rhs"]))
