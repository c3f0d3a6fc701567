"""Studies that ship with satloyal: templates, and editable copies of them with their data."""

from __future__ import annotations

import shutil
from pathlib import Path

from satloyal.errors import StudyError
from satloyal.study.file import suggest
from satloyal.study.truth import SIMULATED
from satloyal.survey.samples import list_samples, sample_folder

__all__ = ["STUDY_SAMPLES", "demo_sample", "study_template", "write_study_folder"]

STUDY_SAMPLES = ("ecsi_mobile", "simulated_retail")
_TEMPLATES = Path(__file__).resolve().parent / "data"


def study_template(name: str) -> Path:
    """Return the ``study.toml`` of a sample study.

    Parameters
    ----------
    name : {"ecsi_mobile", "simulated_retail"}
        The sample.

    Raises
    ------
    StudyError
        If there is no such study.

    Examples
    --------
    >>> study_template("ecsi_mobile").name
    'study.toml'
    """
    if name not in STUDY_SAMPLES:
        near = suggest(name, STUDY_SAMPLES, what="sample study")
        raise StudyError(f"there is no sample study {name!r}", fix=near)
    return _TEMPLATES / name / "study.toml"


def demo_sample(asked: str | None = None) -> str:
    """Return the sample that a demonstration uses: the real one where it is, else the simulated one.

    Parameters
    ----------
    asked : str, optional
        A sample by name.

    Raises
    ------
    StudyError
        If there is no study of that name.

    Examples
    --------
    >>> demo_sample("simulated_retail")
    'simulated_retail'
    """
    if asked is not None:
        study_template(asked)
        return asked
    here = list_samples()
    return next(name for name in STUDY_SAMPLES if name in here)


def write_study_folder(name: str, folder: Path) -> tuple[Path, ...]:
    """Write an editable copy of a sample study: study file, codebook, data, card.

    Parameters
    ----------
    name : {"ecsi_mobile", "simulated_retail"}
        The sample.
    folder : Path
        Made if it does not exist.

    Returns
    -------
    tuple of Path
        The written files, the study file first.

    Raises
    ------
    StudyError
        If a file of the same name is there already, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> [p.name for p in write_study_folder("simulated_retail", Path(tempfile.mkdtemp()))]
    ['study.toml', 'codebook.toml', 'simulated_retail.csv', 'card.md', 'truth.json']
    """
    source = sample_folder(name)
    study = folder / "study.toml"
    copies = {folder / part: source / part for part in ("codebook.toml", f"{name}.csv", "card.md")}
    keys = [f'file = "{name}.csv"', 'codebook = "codebook.toml"']
    if name in SIMULATED:
        copies[folder / "truth.json"] = source / "truth.json"
        keys.append('truth = "truth.json"')
    text = study_template(name).read_text(encoding="utf-8")
    text = text.replace(f'sample = "{name}"', "\n".join(keys))
    there = [path for path in (study, *copies) if path.exists()]
    if there:
        raise StudyError(
            "is there already; nothing was written", where=str(there[0]), fix="name a new folder with --study"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, original in copies.items():
            shutil.copyfile(original, target)
        study.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StudyError(
            f"the study cannot be written ({error.strerror})", where=str(folder), fix="name another folder"
        ) from None
    return (study, *copies)
