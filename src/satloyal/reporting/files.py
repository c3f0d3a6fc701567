"""Writing files: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from satloyal.errors import ReportError

__all__ = ["make_folder", "write_text"]


def write_text(path: str | os.PathLike[str], text: str, *, encoding: str = "utf-8") -> Path:
    """Write text beside its goal and rename it, so that an interrupted run leaves no half file.

    Parameters
    ----------
    path : str or path-like
        The goal.
    text : str
        The whole content.
    encoding : str
        Text encoding of the file.

    Returns
    -------
    Path
        The written file.

    Raises
    ------
    ReportError
        If the place cannot be written; says the path and what to do.
    """
    goal = Path(path)
    if goal.is_dir():
        raise ReportError(
            "is a folder, not a file", where=str(goal), fix=f"name a file, such as {goal / 'report.html'}"
        )
    try:
        handle, name = tempfile.mkstemp(prefix=f".{goal.name}.", suffix=".part", dir=goal.parent)
    except OSError as error:
        raise _unwritable(goal, error) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="\n") as stream:
            stream.write(text)
        part.chmod(0o666 & ~_umask())
        part.replace(goal)
    except OSError as error:
        raise _unwritable(goal, error) from error
    finally:
        part.unlink(missing_ok=True)
    return goal


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder, made if it does not exist.

    Raises
    ------
    ReportError
        If it cannot be made, or is a file.
    """
    goal = Path(path)
    try:
        goal.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(goal, error) from error
    return goal


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(goal: Path, error: OSError) -> ReportError:
    if not goal.parent.exists():
        return ReportError(
            f"the folder {goal.parent} does not exist",
            where=str(goal),
            fix="make the folder first, or name another place",
        )
    reason = error.strerror or type(error).__name__
    return ReportError(
        f"cannot be written ({reason})",
        where=str(goal),
        fix="name a place that you may write to and that has room left; nothing there was changed",
    )
