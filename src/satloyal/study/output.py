"""The output folder: everything of a run appears together, or nothing does.

A run writes into a hidden folder beside its goal (or inside it, if the goal exists already) and moves the
files into place when all of them are complete. A run that is interrupted leaves the goal as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from satloyal.errors import StudyError

__all__ = ["RUN", "file_hash", "staged_folder"]

RUN = "run.json"
"""The record of a run: its files with their hashes, and how long each step took."""


@contextmanager
def staged_folder(goal: Path) -> Iterator[Path]:
    """Give a folder to write into; on success its files move to ``goal``, on any exception they vanish.

    Parameters
    ----------
    goal : Path
        The folder the user asked for. It is made, with its parents, only on success. Files of a former run
        that this run does not write again are removed if nobody has changed them since; nothing else is
        touched.

    Yields
    ------
    Path
        An empty folder on the same file system.

    Raises
    ------
    StudyError
        If the goal is a file or cannot be written; before anything is computed.

    Examples
    --------
    >>> import tempfile
    >>> goal = Path(tempfile.mkdtemp()) / "out"
    >>> with staged_folder(goal) as stage:
    ...     _ = (stage / "report.html").write_text("done")
    ...     goal.exists()
    False
    >>> (goal / "report.html").read_text()
    'done'
    """
    if goal.exists() and not goal.is_dir():
        raise StudyError("is a file, not a folder", where=str(goal), fix="name a folder with --out")
    made = _missing_parents(goal)
    stage = _make_stage(goal)
    try:
        yield stage
        _move_into_place(stage, goal)
    except BaseException:
        _remove_empty(made)
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(made)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _missing_parents(goal: Path) -> list[Path]:
    """Return the parents that have to be made, the innermost first."""
    return [p for p in goal.parents if not p.exists()]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _make_stage(goal: Path) -> Path:
    home = goal if goal.is_dir() else goal.parent
    try:
        home.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".satloyal-", suffix=".part", dir=home))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StudyError(
            f"the output folder cannot be written ({reason})",
            where=str(goal),
            fix="name a folder with --out that you may write to; nothing was computed or changed",
        ) from None


def _move_into_place(stage: Path, goal: Path) -> None:
    try:
        stage.chmod(0o777 & ~_umask())
        if goal.is_dir():
            _merge(stage, goal)
        else:
            stage.rename(goal)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StudyError(f"the results cannot be moved into place ({reason})", where=str(goal)) from None


def _merge(stage: Path, goal: Path) -> None:
    """Replace file by file, each whole at any moment; the record, which lists them, comes last."""
    files = sorted(p.relative_to(stage) for p in stage.rglob("*") if p.is_file())
    files.sort(key=lambda name: name.name == RUN)
    stale = _stale(goal, {f.as_posix() for f in files})
    for name in files:
        (goal / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(goal / name)
    for path in stale:
        path.unlink(missing_ok=True)
        _remove_empty([path.parent] if path.parent != goal else [])


def _stale(goal: Path, fresh: set[str]) -> list[Path]:
    """Return files that the former run lists with their hash, that are unchanged, and that this run lacks."""
    try:
        listed = json.loads((goal / RUN).read_text(encoding="utf-8"))["files"]
        former = {str(entry["path"]): str(entry["sha256"]) for entry in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return []
    inside = goal.resolve()
    found = []
    for name, sha256 in former.items():
        path = goal / name
        below = inside in path.resolve().parents
        if name not in fresh and below and path.is_file() and file_hash(path) == sha256:
            found.append(path)
    return found


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
