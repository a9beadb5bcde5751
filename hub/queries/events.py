"""Which events there are, so that a misspelt one is noticed: to a rule it is something that nobody ever did."""

from hub.engine import Engine
from hub.lang import Expression
from hub.settings.problems import nearest


def events(engine: Engine) -> list[str]:
    """Return the names that `did()` and `count_of()` can find in the data; none before the first run."""
    if not engine.columns("activity"):
        return []
    return sorted(str(row[0]) for row in engine.run("select distinct name from activity") if row[0])


def never_done(rule: Expression, known: list[str]) -> list[str]:
    """Return a sentence for each event of a rule that nobody in the data ever did."""
    wanted = sorted({activity.event for activity in rule.activities} - set(known))
    return [f'Nobody ever did "{event}".{nearest(event, known)}' for event in wanted]
