"""The text of a rule: every character is accounted for before a parser sees it, and nesting is bounded.

sqlglot is a parser, not a guard: it reads `a = 1; drop table x`, treats a no-break space as a space and a zero-width
space as part of a name, and recurses as deep as the text does.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from hub.lang.problem import Problem

MAX_TEXT = 20_000
MAX_TOKENS = 5_000
MAX_DEPTH = 60

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\s+[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
_NUMBER = re.compile(r"[0-9][0-9_]*([.][0-9_]*)?([eE][+-]?[0-9]+)?", re.ASCII)
_GAP = re.compile(r"([ \t\r\n]|--[^\n]*(\n|$))*")
_SYMBOL = re.compile(r"[(),.=<>+\-*/%]|==|<>|!=|<=|>=|//|\|\||::|=>")
_PREFIXES = frozenset({"not", "-", "+"})
_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED = {
    ";": "one expression, so no semicolon",
    "#": "no columns by position; write the trait's name",
    "$": "no parameters and no dollar quotes; text goes in 'single quotes'",
    "?": "no parameters; write the value",
    "@": "no parameters; write the value",
    "`": "no back quotes; a trait is written without quotes, text in 'single quotes'",
    "[": "no lists and no look-up in a value; attribute('key') reads a field of attributes",
    "{": "no structs and no templates",
    "->>": "no JSON operators; attribute('key') reads a field of attributes",
    "->": "no lambdas; attribute('key') reads a field of attributes",
    ":": "no parameters and no slices",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its tokens."""

    text: str
    tokens: Sequence[Token]

    def slice(self, tokens: Sequence[Token]) -> str:
        """Give the user's text of some neighbouring tokens, comments and line breaks as one space."""
        parts = [self.text[tokens[0].start : tokens[0].end + 1]]
        for before, after in pairwise(tokens):
            parts.append(" " if after.start > before.end + 1 else "")
            parts.append(self.text[after.start : after.end + 1])
        return "".join(parts)


def read(text: str, *, query: bool = False) -> Source:
    """Tokenise `text` and refuse what no rule may contain.

    Args:
        text: What the user wrote.
        query: Whether it is a plugin's SELECT, in which quoted names may stand.

    Raises:
        Problem: It is empty, too long, too deep, or holds a character that means nothing in a rule.
    """
    _check_characters(text)
    tokens = _tokenise(text)
    if not tokens:
        raise Problem("an expression is expected, this is empty")
    _check_gaps(text, tokens)
    for token in tokens:
        _check_token(token, text[token.start : token.end + 1], query=query)
    _check_neighbours(source := Source(text, tokens))
    _check_size(tokens)
    return source


def parse(source: Source) -> exp.Expr:
    """Parse one expression.

    Raises:
        Problem: It is not one, or nested too deeply.
    """
    try:
        trees = DuckDB().parse_into(exp.Condition, source.text)
    except RecursionError:
        raise Problem("it is nested too deeply", hint="Split it into two segments.") from None
    except ParseError as error:
        raise Problem(syntax(error)) from None
    except (SqlglotError, ValueError, TypeError, AttributeError, LookupError):
        raise Problem("it cannot be read as an expression") from None
    if len(trees) != 1 or trees[0] is None:
        raise Problem("one expression is expected")
    check_tree(trees[0])
    return trees[0]


def check_tree(tree: exp.Expr) -> None:
    """Bound the depth of a tree; a chain of ands, or of ors, counts once. Does not recurse.

    Raises:
        Problem: It is too deep.
    """
    stack: list[tuple[exp.Expr, int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise Problem(f"it is nested more than {MAX_DEPTH} deep", hint="Split it into two segments.")
        for child in node.iter_expressions():
            chained = isinstance(node, exp.And | exp.Or) and type(child) is type(node)
            stack.append((child, depth if chained else depth + 1))


def nesting(tokens: Sequence[Token]) -> Iterator[int]:
    """Give for each token how many parentheses and `case` are open around it; a bracket counts itself out."""
    depth = 0
    for token in tokens:
        depth -= token.token_type in {TokenType.R_PAREN, TokenType.END}
        yield depth
        depth += token.token_type in {TokenType.L_PAREN, TokenType.CASE}


def _check_characters(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise Problem(f"{len(text):,} characters, at most {MAX_TEXT:,} are allowed")
    for character in text:
        if character in "\t\n\r":
            continue
        if character in _BIDIRECTIONAL or unicodedata.category(character) in {"Cc", "Cs"}:
            raise Problem(f"the invisible character U+{ord(character):04X} is not allowed", hint="Delete it.")


def _tokenise(text: str) -> list[Token]:
    try:
        return DuckDB().tokenize(text)
    except (SqlglotError, ValueError, TypeError, LookupError):
        raise Problem("it cannot be read", hint="Is a quote left open? Text goes in 'single quotes'.") from None


def _check_gaps(text: str, tokens: Sequence[Token]) -> None:
    ends = [0, *(token.end + 1 for token in tokens)]
    starts = [*(token.start for token in tokens), len(text)]
    for end, start in zip(ends, starts, strict=True):
        gap = text[end:start]
        if _GAP.fullmatch(gap):
            continue
        if "/*" in gap:
            raise Problem("block comments are not allowed", hint="Use -- up to the end of the line.")
        raise Problem(f"unexpected {_name_characters(gap)} between words")


def _name_characters(text: str) -> str:
    strange = [c for c in text if c not in " \t\r\n"]
    return ", ".join(f"{c!r} (U+{ord(c):04X})" for c in strange[:3]) or "space"


def _check_token(token: Token, text: str, *, query: bool) -> None:
    if token.token_type == TokenType.STRING and text.startswith("'"):
        return
    if token.token_type == TokenType.IDENTIFIER and text.startswith('"'):
        if query:
            return
        raise Problem(f"{text} in double quotes", hint=f"Text goes in single quotes: '{text[1:-1]}'; a trait in none.")
    if _SYMBOL.fullmatch(text) or _WORD.fullmatch(text) or _NUMBER.fullmatch(text):
        return
    for start, reason in _REFUSED.items():
        if text.startswith(start):
            raise Problem(f"unexpected {text!r}: {reason}")
    raise Problem(f"unexpected {text!r}", hint="Names are plain letters, digits and _; text goes in 'single quotes'.")


def _check_neighbours(source: Source) -> None:
    """Refuse two texts side by side: SQL joins them, who wrote them forgot a comma."""
    for pair in pairwise(source.tokens):
        if all(token.token_type == TokenType.STRING for token in pair):
            raise Problem(f"a comma or an operator is missing in {source.slice(pair)}", hint='"||" joins texts.')


def _check_size(tokens: Sequence[Token]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise Problem(f"{len(tokens):,} words and signs, at most {MAX_TOKENS:,} are allowed")
    if sum((token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN) for token in tokens):
        raise Problem("not every parenthesis has its other one")
    run = 0
    for token, depth in zip(tokens, nesting(tokens), strict=True):
        run = run + 1 if token.text.lower() in _PREFIXES else 0
        if depth + run > MAX_DEPTH:
            raise Problem(f"it is nested more than {MAX_DEPTH} deep", hint="Split it into two segments.")


def syntax(error: ParseError) -> str:
    """Say where a text stops being readable."""
    first = error.errors[0] if error.errors else {}
    near = str(first.get("highlight") or "").strip()
    line, column = first.get("line"), first.get("col")
    place = f" near {near!r} (line {line}, column {column})" if near else ""
    if "Required keyword" in str(first.get("description")):
        return f"a value is missing{place}"
    return f"it cannot be read as one expression{place}"
