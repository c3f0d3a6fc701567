"""Whoever listens to a run hears what suits the place: a bar, lines, or nothing."""

import io

from satloyal.study import progress as module
from satloyal.study.plan import Step
from satloyal.study.progress import listener


class Terminal(io.StringIO):
    def isatty(self):
        return True


def play(stream, **options):
    with listener(stream, **options) as progress:
        progress.begin(Step("bootstrap", "main", "bootstrap [main]: 100 replicates", 100), 1, 2)
        progress.advance(40, 100)
        progress.advance(100, 100)
        progress.end("100 of 100 [are] used")
        progress.begin(Step("write", "outputs", "write"), 2, 2)
        progress.end("")
    return stream.getvalue()


def test_a_pipe_gets_plain_lines():
    text = play(io.StringIO())
    assert text == "[1/2] bootstrap [main]: 100 replicates\n      100 of 100 [are] used\n[2/2] write\n"


def test_a_long_step_reports_now_and_then(monkeypatch):
    monkeypatch.setattr(module, "LINE_EVERY", 0.0)
    assert "      40 of 100\n" in play(io.StringIO())


def test_a_terminal_gets_a_bar_and_the_users_brackets_stay_brackets():
    text = play(Terminal())
    assert "[1/2] bootstrap [main]: 100 replicates" in text
    assert "100 of 100 [are] used" in text


def test_quiet_says_nothing():
    assert play(Terminal(), quiet=True) == ""
