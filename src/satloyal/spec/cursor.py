"""A place in a run of tokens: what the parsers move along."""

from __future__ import annotations

import math

from satloyal.spec.source import Source, Span
from satloyal.spec.tokens import Token

__all__ = ["Cursor"]


class Cursor:
    """Reads tokens one after the other; made for one parse and thrown away.

    Parameters
    ----------
    source : Source
        The text, for error marks.
    tokens : tuple of Token
        Ends with a token of kind ``"end"``.
    """

    __slots__ = ("at", "source", "tokens")

    def __init__(self, source: Source, tokens: tuple[Token, ...]) -> None:
        self.source = source
        self.tokens = tokens
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return the token here, or some places ahead, without moving."""
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the token here and move past it."""
        token = self.peek()
        self.at = min(self.at + 1, len(self.tokens) - 1) if token.kind == "end" else self.at + 1
        return token

    def at_last(self) -> bool:
        """Whether this is the end of the text."""
        return self.at >= len(self.tokens) - 1

    def expect(self, operator: str, opening: Token) -> Token:
        """Take a closing operator, or say what was opened and not closed."""
        token = self.peek()
        if not token.is_operator(operator):
            msg = f"'{opening.text}' is not closed"
            raise self.source.error(msg, opening.span, f"add '{operator}'")
        return self.take()

    def mark(self, token: Token) -> Span:
        """Span to mark for a token; an end is marked at the last thing before it."""
        if token.kind != "end":
            return token.span
        before = [t for t in self.tokens if t.span.end <= token.span.start and t.kind != "end"]
        return before[-1].span if before else token.span

    def number(self, token: Token) -> float:
        """Value of a number token."""
        value = float(token.text)
        if not math.isfinite(value):
            raise self.source.error(f"the number {token.text} is too large", token.span)
        return value
