"""Progress: what a run tells while it works, and to whom.

A run knows only the :class:`Progress` protocol. Here are three listeners: silence, plain lines for a pipe,
and a bar for a terminal.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from satloyal.study.plan import Step

__all__ = ["Lines", "Progress", "Silent", "listener"]

# A pipe gets a line about a long step no more often than this (seconds): a log should stay readable.
LINE_EVERY = 5.0


class Progress(Protocol):
    """A listener of a run. The run calls :meth:`begin`, any number of :meth:`advance`, then :meth:`end`."""

    def begin(self, step: Step, number: int, total: int) -> None:
        """Step ``number`` of ``total`` (from 1) begins."""
        ...

    def advance(self, done: int, total: int) -> None:
        """``done`` of ``total`` pieces of the current step are done."""
        ...

    def end(self, outcome: str) -> None:
        """Hear that the current step is done, and in a sentence what came of it."""
        ...


class Silent:
    """A listener that says nothing.

    Examples
    --------
    >>> Silent().advance(1, 10)
    """

    def begin(self, step: Step, number: int, total: int) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""

    def end(self, outcome: str) -> None:
        """Say nothing."""


class Lines:
    """A listener that writes plain lines, for pipes and logs.

    Parameters
    ----------
    stream : text stream
        Where the lines go.

    Examples
    --------
    >>> import sys
    >>> from satloyal.study.plan import Step
    >>> lines = Lines(sys.stdout)
    >>> lines.begin(Step("fit", "main", "fit the model 'main'"), 2, 6)
    [2/6] fit the model 'main'
    >>> lines.end("Converged.")
          Converged.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told = time.monotonic()

    def begin(self, step: Step, number: int, total: int) -> None:
        """Write the step."""
        self._told = time.monotonic()
        self._write(f"[{number}/{total}] {step.text}")

    def advance(self, done: int, total: int) -> None:
        """Write how far a long step has come, now and then."""
        now = time.monotonic()
        if now - self._told >= LINE_EVERY and done < total:
            self._told = now
            self._write(f"      {done:,} of {total:,}")

    def end(self, outcome: str) -> None:
        """Write what came of the step."""
        if outcome:
            self._write(f"      {outcome}")

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class _Bar:
    """A listener that keeps one moving bar under the finished steps of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def begin(self, step: Step, number: int, total: int) -> None:
        self._bar.reset(self._task, description=f"[{number}/{total}] {step.text}", total=step.size or 1)

    def advance(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)

    def end(self, outcome: str) -> None:
        line = self._bar.tasks[0].description + (f"\n      {outcome}" if outcome else "")
        self._bar.console.print(line, markup=False, highlight=False)


@contextmanager
def listener(stream: TextIO, *, quiet: bool = False) -> Iterator[Progress]:
    """Give the listener that suits a stream: a bar on a terminal, lines in a pipe, silence if asked.

    Parameters
    ----------
    stream : text stream
        Where progress is shown, usually standard error.
    quiet : bool
        Whether to say nothing.

    Yields
    ------
    Progress
        For the time of a run.

    Examples
    --------
    >>> import io
    >>> with listener(io.StringIO()) as progress:
    ...     type(progress).__name__
    'Lines'
    """
    if quiet:
        yield Silent()
    elif stream.isatty():
        shown = _Bar(stream)
        with shown._bar:
            yield shown
    else:
        yield Lines(stream)
