"""Take rules apart for `hub why`, and put them in order."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sqlglot.tokenizer_core import Token, TokenType

from hub.lang.compiler import compile_part, located
from hub.lang.model import Catalogue, Condition, Rule
from hub.lang.source import Source, nesting, read
from hub.sdk.errors import ConfigError


def explain(rule: Rule) -> Condition:
    """Give the tree of a rule: `and`, `or` and `not` down to the comparisons, each with the user's own text."""
    source = read(rule.text)
    return located(rule.where, lambda: _condition(source, source.tokens, rule.catalogue))


def order(rules: Mapping[str, Rule]) -> list[str]:
    """Sort segments so that each comes after those that it names by `in_segment`.

    Raises:
        ConfigError: Some name each other in a circle.
    """
    graph = {name: sorted(rule.segments & rules.keys()) for name, rule in rules.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        where = rules[error.args[1][0]].where
        message = f"segments name each other in a circle: {circle}."
        raise ConfigError(message, where=where, hint="Take one in_segment() out.") from None


def _condition(source: Source, tokens: Sequence[Token], catalogue: Catalogue) -> Condition:
    tokens = _without_parentheses(tokens)
    text = source.slice(tokens)
    compiled = compile_part(text, catalogue)
    for kind, word in (("or", TokenType.OR), ("and", TokenType.AND)):
        parts = _split(tokens, word)
        if len(parts) > 1:
            children = tuple(_condition(source, part, catalogue) for part in parts)
            return Condition("or" if kind == "or" else "and", text, compiled.sql, compiled.traits, children)
    if tokens[0].token_type == TokenType.NOT:
        child = _condition(source, tokens[1:], catalogue)
        return Condition("not", text, compiled.sql, compiled.traits, (child,))
    return Condition("leaf", text, compiled.sql, compiled.traits)


def _split(tokens: Sequence[Token], word: TokenType) -> list[Sequence[Token]]:
    """Split at a connector outside of parentheses and `case`; the `and` of a `between` belongs to it."""
    starts, ends, betweens = [0], [], 0
    for index, (token, depth) in enumerate(zip(tokens, nesting(tokens), strict=True)):
        if depth:
            continue
        if token.token_type == TokenType.AND and betweens:
            betweens -= 1
        elif token.token_type == word:
            ends.append(index)
            starts.append(index + 1)
        betweens += token.token_type == TokenType.BETWEEN
    return [tokens[start:end] for start, end in zip(starts, [*ends, len(tokens)], strict=True)]


def _without_parentheses(tokens: Sequence[Token]) -> Sequence[Token]:
    while tokens[0].token_type == TokenType.L_PAREN and 0 not in list(nesting(tokens))[1:-1]:
        tokens = tokens[1:-1]
    return tokens
