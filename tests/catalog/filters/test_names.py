"""Which names a filter reads."""

from __future__ import annotations

from aspara.catalog.filters.expression import parse


def test_names_are_without_scopes_functions_and_backticks():
    """Each name once; of a scoped one both readings."""
    expression = parse("min(loss) < 1 and loss > 0 and `learning rate` == 2 and summary.acc > 1 and `a``b` in [1]")
    assert ("loss", "learning rate", "summary.acc", "acc", "a`b") == expression.names
