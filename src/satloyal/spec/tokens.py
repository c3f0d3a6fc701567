"""Tokens: the first stage of the model language, text to pieces that know where they stood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from satloyal.spec.source import Source, Span

__all__ = ["RELATIONS", "Kind", "Token", "is_name", "quote", "tokenize"]

Kind = Literal["name", "number", "string", "operator", "end"]

RELATIONS = ("=~", "<~", "~~", "~", "|", ":=", "==", "<", ">")
"""What a statement can say, longest first where one begins another."""

_OPERATORS = ("=~", "<~", "~~", ":=", "==", "<=", ">=", "**", "~", "|", "<", ">", *"+-*/^(),?")
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SYMBOLS = frozenset("=~<>|:+-*/^?@%&$")
_CLOSERS = frozenset({")", ","})


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the model text.

    Parameters
    ----------
    kind : {"name", "number", "string", "operator", "end"}
        ``"end"`` closes a statement.
    text : str
        The piece without its quotes.
    span : Span
        Where it stood.
    quoted : bool
        Whether a name stood in backticks.
    """

    kind: Kind
    text: str
    span: Span
    quoted: bool = False

    def is_operator(self, *texts: str) -> bool:
        """Whether this is one of these operators."""
        return self.kind == "operator" and self.text in texts


def tokenize(source: Source) -> tuple[Token, ...]:
    r"""Cut a model text into tokens; a statement that goes on over lines becomes one run of tokens.

    Comments run from ``#`` or ``!`` to the end of the line; a line end or ``;`` ends a statement, except that
    a line end inside parentheses, after an operator or before one does not.

    Parameters
    ----------
    source : Source
        The model text.

    Returns
    -------
    tuple of Token
        The last one is of kind ``"end"``.

    Raises
    ------
    SpecError
        At a character or quotation that belongs to no token.

    Examples
    --------
    >>> [t.text for t in tokenize(Source("f =~ x1 +  # first\n 0.5*x2"))]
    ['f', '=~', 'x1', '+', '0.5', '*', 'x2', '\n']
    """
    tokens: list[Token] = []
    at, text = 0, source.text
    while at < len(text):
        c = text[at]
        if c in "\n;":
            tokens.append(Token("end", c, Span(at, at + 1)))
            at += 1
        elif c.isspace() or c == "\ufeff":
            at += 1
        elif c in "#!":
            stop = text.find("\n", at)
            at = len(text) if stop < 0 else stop
        else:
            tokens.append(_next_token(source, at))
            at = tokens[-1].span.end
    tokens.append(Token("end", "\n", Span(len(text), len(text))))
    return tuple(_join_lines(tokens))


def is_name(text: str) -> bool:
    """Whether a text can stand in a model as a name without backticks.

    Examples
    --------
    >>> is_name("满意度_1"), is_name("net promoter"), is_name("1st"), is_name(".p3.")
    (True, False, False, True)
    """
    return bool(text) and _starts_name(text, 0) and all(_in_name(c) for c in text)


def quote(name: str) -> str:
    """Write a name as the model language needs it.

    Examples
    --------
    >>> quote("SAT_1"), quote("Q1. How satisfied?"), quote("NA")
    ('SAT_1', '`Q1. How satisfied?`', '`NA`')
    """
    return name if is_name(name) and name != "NA" else f"`{name}`"


def _in_name(c: str) -> bool:
    return c.isalnum() or c in "._" or unicodedata.category(c)[0] == "M"


def _starts_name(text: str, at: int) -> bool:
    c = text[at]
    if c == ".":
        return at + 1 >= len(text) or not text[at + 1].isdigit()
    return c == "_" or c.isalpha()


def _name_end(text: str, at: int) -> int:
    end = at + 1
    while end < len(text) and _in_name(text[end]):
        end += 1
    return end


def _next_token(source: Source, at: int) -> Token:
    text = source.text
    c = text[at]
    if c in "\"'`":
        return _quotation(source, at)
    if _starts_name(text, at):
        end = _name_end(text, at)
        while text.startswith(":", end) and end + 1 < len(text) and _starts_name(text, end + 1):
            end = _name_end(text, end + 1)  # a product of constructs, as in Satisfaction:Trust
        return Token("name", text[at:end], Span(at, end))
    if match := _NUMBER.match(text, at):
        return _number(source, at, match.end())
    for operator in _OPERATORS:
        if text.startswith(operator, at):
            return _operator(source, at, operator)
    raise _stray(source, at)


def _quotation(source: Source, at: int) -> Token:
    mark = source.text[at]
    line_end = source.text.find("\n", at)
    line_end = len(source.text) if line_end < 0 else line_end
    close = source.text.find(mark, at + 1, line_end)
    what = "name" if mark == "`" else "text"
    if close < 0:
        msg = f"a {what} in {mark} is opened but not closed on the same line"
        raise source.error(msg, Span(at, line_end), f"add the closing {mark}")
    span, inner = Span(at, close + 1), source.text[at + 1 : close]
    if mark != "`":
        return Token("string", inner, span)
    if not inner.strip():
        raise source.error("an empty name", span, "write the column's name between the backticks")
    return Token("name", inner, span, quoted=True)


def _number(source: Source, at: int, end: int) -> Token:
    text = source.text
    stop = end
    while stop < len(text) and _in_name(text[stop]):
        stop += 1
    if stop > end:
        piece = text[at:stop]
        fix = f"if it is a name, write `{piece}` in backticks; if a number times a variable, put * between"
        raise source.error(f"'{piece}' is neither a number nor a name", Span(at, stop), fix)
    return Token("number", text[at:end], Span(at, end))


def _operator(source: Source, at: int, operator: str) -> Token:
    end = at + len(operator)
    if operator in ("<=", ">="):
        msg = f"'{operator}' is not an operator of the model language"
        fix = f"write '{operator[0]}'; for estimates the two mean the same"
        raise source.error(msg, Span(at, end), fix)
    return Token("operator", operator, Span(at, end))


def _stray(source: Source, at: int) -> Exception:
    text = source.text
    end = at
    while end < len(text) and text[end] in _SYMBOLS:
        end += 1
    if end > at:
        while at > 0 and text[at - 1] in _SYMBOLS:
            at -= 1
        run = text[at:end]
        known = next(iter(get_close_matches(run, RELATIONS, n=1, cutoff=0.4)), None)
        known_text = f"did you mean '{known}'? " if known else ""
        fix = f"{known_text}The operators are {'  '.join(RELATIONS)}"
        if run == ":":
            fix = _colon(text, at)
        return source.error(f"unknown operator '{run}'", Span(at, end), fix)
    c = text[at]
    plain = unicodedata.normalize("NFKC", c)
    if plain != c and plain.isascii() and plain.strip():
        fix = f"write the plain '{plain}' (this is its full-width or typographic form)"
    elif c in "“”„«»‘’":
        fix = "write plain quotation marks"
    else:
        fix = "leave it out, or write a name that holds it in backticks, as in `my column`"
    return source.error(f"the character '{c}' does not belong here", Span(at, at + 1), fix)


def _colon(text: str, at: int) -> str:
    """Say what to write where a ``:`` stands alone."""
    block = text[text.rfind("\n", 0, at) + 1 : at].strip()
    if block in ("group", "block"):
        return "there are no blocks; write one model, with c(...) for what differs between groups"
    if block == "level":
        return "there are no multilevel models; cluster= makes standard errors allow for clusters"
    return "a product of constructs is written without blanks, as in Satisfaction:Trust, for fit_sam"


def _join_lines(tokens: list[Token]) -> list[Token]:
    """Drop the line ends that do not end a statement, and statement ends that end nothing."""
    kept: list[Token] = []
    depth = 0
    for token, following in zip(tokens, _next_significant(tokens), strict=True):
        if token.kind != "end":
            depth += token.is_operator("(") - token.is_operator(")")
            kept.append(token)
        elif token.text == ";" or following is None:
            depth = 0
            kept.append(token)
        elif not (depth > 0 or _open(kept) or _continues(following)):
            kept.append(token)
    return kept


def _next_significant(tokens: list[Token]) -> list[Token | None]:
    """For each token the next one that is not a line end; None where a ``;`` or the end comes first."""
    out: list[Token | None] = []
    following: Token | None = None
    for token in reversed(tokens):
        out.append(following)
        if token.kind != "end":
            following = token
        elif token.text == ";":
            following = None
    return out[::-1]


def _open(kept: list[Token]) -> bool:
    return bool(kept) and kept[-1].kind == "operator" and kept[-1].text != ")"


def _continues(token: Token) -> bool:
    return token.kind == "operator" and token.text != "("
