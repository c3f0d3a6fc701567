"""Samples: surveys and published tables to try things on.

A sample is a folder with ``NAME.csv``, ``codebook.toml`` and ``card.md`` (a survey), or ``matrix.csv``,
``matrix.toml`` and ``card.md`` (a printed table). Simulated ones ship with the package; real ones lie in
``data/samples`` of the repository.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.readers import read_survey
from satloyal.survey.survey import Survey

__all__ = ["PublishedMatrix", "list_samples", "load_sample", "sample_folder"]

REAL = ("customer_satisfaction", "ecsi_mobile", "gidakovic_zabkar_2021")
"""Samples that never travel in the wheel, as their data have no licence that allows it."""

_PACKAGED = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True, eq=False)
class PublishedMatrix:
    """A covariance or correlation matrix as a paper prints it.

    Parameters
    ----------
    name : str
        Name of the sample.
    names : tuple of str
        Variables.
    matrix : ndarray, shape (p, p)
        Symmetric, not writeable.
    n : int
        Sample size.
    kind : {"cor", "cov"}
        What the matrix holds.
    citation : str
        Paper and table.
    card : str
        Where it comes from and what may be done with it (Markdown).

    Examples
    --------
    >>> PublishedMatrix("two", ("a", "b"), np.array([[1.0, 0.5], [0.5, 1.0]]), 100, "cor", "Table 1")
    PublishedMatrix('two': 2 × 2 correlations, n = 100; Table 1)
    """

    name: str
    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    n: int
    kind: Literal["cor", "cov"]
    citation: str
    card: str = ""

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        p = len(self.names)
        if matrix.shape != (p, p) or not np.array_equal(matrix, matrix.T):
            raise SurveyError(
                f"a published matrix of {p} names must be {p} × {p} and symmetric", where=self.name
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    def __repr__(self) -> str:
        what = "correlations" if self.kind == "cor" else "covariances"
        p = len(self.names)
        return f"PublishedMatrix({self.name!r}: {p} × {p} {what}, n = {self.n}; {self.citation})"


@overload
def load_sample(name: Literal["customer_satisfaction", "ecsi_mobile", "simulated_retail"]) -> Survey: ...
@overload
def load_sample(name: Literal["gidakovic_zabkar_2021"]) -> PublishedMatrix: ...
@overload
def load_sample(name: str) -> Any: ...
def load_sample(name: str) -> Any:
    """Load a sample.

    Parameters
    ----------
    name : str
        One of :func:`list_samples`: ``"ecsi_mobile"`` (250 customers of mobile phone operators, real),
        ``"customer_satisfaction"`` (1,811 business customers, ten items, real), ``"simulated_retail"`` (ships
        with the package), ``"gidakovic_zabkar_2021"`` (a printed correlation matrix).

    Returns
    -------
    Survey or PublishedMatrix
        A printed table goes on as ``Moments.from_matrix(m.matrix, m.n, names=m.names, kind=m.kind)``.

    Raises
    ------
    SurveyError
        If there is no such sample, or it is a real one and the package was installed without the repository.

    Examples
    --------
    >>> survey = load_sample("simulated_retail")
    >>> survey.source.name
    'simulated_retail.csv'
    """
    folder = sample_folder(name)
    if (folder / "matrix.toml").is_file():
        return _matrix(folder)
    return _survey(folder)


def list_samples() -> tuple[str, ...]:
    """Return the names of the samples that are here.

    Examples
    --------
    >>> "simulated_retail" in list_samples()
    True
    """
    found: dict[str, None] = {}
    for root in _roots():
        if root.is_dir():
            found |= dict.fromkeys(sorted(path.name for path in root.iterdir() if _is_sample(path)))
    return tuple(found)


def sample_folder(name: str) -> Path:
    """Return the folder of a sample.

    Raises
    ------
    SurveyError
        If there is no such sample here; the message says which there are.

    Examples
    --------
    >>> sample_folder("simulated_retail").name
    'simulated_retail'
    """
    here = list_samples()
    if name in here:
        return next(root / name for root in _roots() if _is_sample(root / name))
    known = f"available here: {', '.join(here) or 'none'}"
    if name in REAL:
        raise SurveyError(
            f"the sample {name!r} does not travel with the installed package: its real data have no licence "
            f"for that; {known}",
            fix="run from a clone of the repository, or let the environment variable SATLOYAL_SAMPLES name a "
            "folder with data/samples",
        )
    raise SurveyError(
        f"there is no sample {name!r}{did_you_mean(str(name), (*here, *REAL))}; {known}",
        fix="use one of these",
    )


def _roots() -> Iterator[Path]:
    """Yield the folders that may hold samples: the user's, the package's, the clone's."""
    told = os.environ.get("SATLOYAL_SAMPLES")
    if told:
        yield Path(told)
    yield _PACKAGED
    # A package installed from a clone (pip install .) is elsewhere; then the clone is where one works.
    for place in (Path(__file__).resolve(), Path.cwd()):
        for parent in (place, *place.parents):
            # Only our own repository counts, not whatever folder happens to be called data/samples.
            if (parent / "src" / "satloyal").is_dir():
                yield parent / "data" / "samples"


def _is_sample(folder: Path) -> bool:
    return any((folder / part).is_file() for part in ("codebook.toml", "matrix.toml"))


def _card(folder: Path) -> str:
    path = folder / "card.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _survey(folder: Path) -> Survey:
    named = [folder / f"{folder.name}.csv", folder / "data.csv"]
    data = next((path for path in named if path.is_file()), None)
    if data is None:
        raise SurveyError(f"the sample has no {named[0].name}", where=str(folder))
    survey = read_survey(data, folder / "codebook.toml")
    # The card's bold line says in one sentence what the data are: the first thing to know from the notes.
    said = next((line.strip("* ") for line in _card(folder).splitlines() if line.startswith("**")), None)
    return survey if said is None else replace(survey, notes=(Note("sample", said), *survey.notes))


def _matrix(folder: Path) -> PublishedMatrix:
    facts = tomllib.loads((folder / "matrix.toml").read_text(encoding="utf-8"))
    with (folder / "matrix.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    names = tuple(head[1:])
    lower = np.zeros((len(names), len(names)))
    for i, row in enumerate(rows):
        if row[0] != names[i]:
            raise SurveyError(
                f"row {i + 2} is {row[0]!r} where {names[i]!r} is due", where=str(folder / "matrix.csv")
            )
        lower[i, : i + 1] = [float(cell) for cell in row[1 : i + 2]]
    matrix = lower + np.tril(lower, -1).T
    return PublishedMatrix(
        folder.name, names, matrix, int(facts["n"]), facts["kind"], str(facts["citation"]), _card(folder)
    )
