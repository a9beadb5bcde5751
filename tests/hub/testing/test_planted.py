"""The suite is only as good as what it catches: wrong connectors, each with a planted bug, and who sees it."""

from pathlib import Path

import pytest

from hub.testing import CHECKS, Bench, Violation
from tests.support.planted import Bug, planted

BUGS = (
    Bug(
        "looks back at nothing",
        "source.py",
        "last - self.settings.lookback if last else None",
        "last",
        "late_commits_are_not_lost",
    ),
    Bug(
        "skips ties",
        "source.py",
        "last - self.settings.lookback if last else None",
        "last + __import__('datetime').timedelta(microseconds=1) if last else None",
        "ties_are_not_skipped",
    ),
    Bug(
        "saves the cursor before the page",
        "source.py",
        (
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            '            yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
        ),
        (
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            '            yield Page(cursor={"changed": '
            "self.context.now.isoformat()})\n"
            "            yield _page(found, cursor=None)\n"
        ),
        "a_full_read_can_end_after_any_page",
    ),
    Bug(
        "saves now as the cursor",
        "source.py",
        "seen = [each for each in (last, *map(_changed, found)) if each]",
        "seen = [self.context.now]",
        "a_full_read_can_end_after_any_page",
    ),
    Bug(
        "gives no cursor",
        "source.py",
        'cursor={"changed": last.isoformat()} if last else None',
        "cursor=None",
        "reading_again_changes_nothing",
    ),
    Bug(
        "drops the last page",
        "client.py",
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n"),
        (
            "        for page in pages(ask, _next):\n"
            "            if _next(page) or not cursor_seen:\n"
            "                yield _customers(page)\n"
            "            cursor_seen = True\n"
        ),
        "a_full_read_brings_everything",
    ),
    Bug(
        "reads one page alone",
        "client.py",
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n"),
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n            return\n"),
        "a_full_read_brings_everything",
    ),
    Bug(
        "takes an empty page for the end",
        "client.py",
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n"),
        (
            "        for page in pages(ask, _next):\n"
            "            if not _customers(page):\n"
            "                return\n"
            "            yield _customers(page)\n"
        ),
        "an_empty_page_is_not_the_end",
    ),
    Bug(
        "takes a short page for the end",
        "client.py",
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n"),
        (
            "        for page in pages(ask, _next):\n"
            "            yield _customers(page)\n"
            "            if len(_customers(page)) < PAGE:\n"
            "                return\n"
        ),
        "an_empty_page_is_not_the_end",
    ),
    Bug(
        "goes round in circles",
        "client.py",
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n"),
        (
            "        cursor = None\n"
            "        while True:\n"
            "            page = ask(cursor)\n"
            "            yield _customers(page)\n"
            "            cursor = _next(page)\n"
            "            if cursor is None:\n"
            "                return\n"
        ),
        "a_vendor_that_is_stuck_does_not_hold_us",
    ),
    Bug(
        "takes 429 for the end",
        "client.py",
        ("        for page in pages(ask, _next):\n            yield _customers(page)\n"),
        (
            "        try:\n"
            "            for page in pages(ask, _next):\n"
            "                yield _customers(page)\n"
            "        except __import__('hub.sdk.errors').sdk.errors.RetryLater:\n"
            "            return\n"
        ),
        "a_vendor_that_stays_down_ends_the_read",
    ),
    Bug(
        "takes every error for the end",
        "source.py",
        (
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            '            yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
        ),
        (
            "        try:\n"
            "            for found in Client(self.settings).customers(start):\n"
            "                last = self._later(last, found)\n"
            '                yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
            "        except HubError:\n"
            "            return\n"
        ),
        "wrong_credentials_are_told",
    ),
    Bug(
        "lets the list stand for a login page",
        "client.py",
        '    raise BadData(f"{response.request}: expected a list of customers.")',
        "    return []",
        "a_value_of_another_type_costs_at_most_its_record",
    ),
    Bug(
        "takes anything for an empty page",
        "client.py",
        "response.json_object()",
        """({"customers": []} if b"{" not in response.body[:1] else response.json())""",
        "an_answer_of_another_kind_is_no_page",
    ),
    Bug(
        "never tries again",
        "client.py",
        "describe=_code)",
        "describe=_code, retry=__import__('hub.sdk.http').sdk.http.Retry(1))",
        "an_answer_that_is_lost_is_asked_for_again",
    ),
    Bug(
        "says complete after half a read",
        "source.py",
        "        if since is None:  #",
        "        if True:  #",
        "a_full_read_can_end_after_any_page",
    ),
    Bug(
        "takes deleted customers for living ones",
        "source.py",
        'if each.get("deleted") is True:',
        "if False:",
        "deletions_are_seen",
    ),
    Bug(
        "forgets to tell of deletions",
        "source.py",
        'deleted={"people": gone} if gone else {},',
        "",
        "deletions_are_seen",
    ),
    Bug(
        "lets one bad record void its page",
        "source.py",
        "            refused.append(",
        "            raise HubError('bad record') from misfit\n            refused.append(",
        "a_value_of_another_type_costs_at_most_its_record",
    ),
    Bug(
        "loses bad records without a word",
        "source.py",
        '            refused.append(refusal("people", each, misfit.field, str(misfit)))',
        "            del misfit",
        "a_value_of_another_type_costs_at_most_its_record",
    ),
    Bug(
        "crashes on an odd value",
        "people.py",
        '    raise Misfit(name, "text")\n',
        "    return value.strip()  # type: ignore\n",
        "a_value_of_another_type_costs_at_most_its_record",
    ),
    Bug(
        "takes local time for UTC",
        "people.py",
        ".astimezone(UTC)",
        ".replace(tzinfo=UTC)",
        "times_are_utc",
    ),
    Bug(
        "cuts text",
        "people.py",
        "        return value or None",
        "        return value[:40] or None",
        "text_arrives_whole",
    ),
    Bug(
        "speaks ASCII",
        "people.py",
        "        return value or None",
        '        return value.encode("ascii", "replace").decode() or None',
        "text_arrives_whole",
    ),
    Bug(
        "keeps all pages",
        "source.py",
        (
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            '            yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
        ),
        (
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            "            kept = [*locals().get('kept', []), found]\n"
            '            yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
        ),
        "many_records_are_read_in_little_memory",
    ),
    Bug(
        "keeps all tables",
        "source.py",
        (
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            '            yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
        ),
        (
            "        kept = []\n"
            "        for found in Client(self.settings).customers(start):\n"
            "            last = self._later(last, found)\n"
            "            kept.append(_page(found, None))\n"
            '            yield _page(found, cursor={"changed": last.isoformat()} if last else None)\n'
        ),
        "many_records_are_read_in_little_memory",
    ),
    Bug(
        "reads all before it gives anything",
        "source.py",
        "for found in Client(self.settings).customers(start):",
        "for found in list(Client(self.settings).customers(start)):",
        "many_records_are_read_in_little_memory",
    ),
    Bug(
        "puts the key into the address",
        "client.py",
        '"limit": str(limit)})',
        '"limit": str(limit), "key": "example-key-0000"})',
        "nothing_secret_is_told",
    ),
    Bug(
        "logs customers",
        "source.py",
        "            last = self._later(last, found)\n",
        (
            "            last = self._later(last, found)\n"
            "            __import__('logging').getLogger('x').debug('%s', found)\n"
        ),
        "nothing_secret_is_told",
    ),
    Bug(
        "tells the key in an error",
        "source.py",
        'yield Fact("error", str(error))',
        'yield Fact("error", f"{error} {self.settings.api_key.reveal()}")',
        "wrong_credentials_are_told",
    ),
    Bug(
        "raises where check should tell",
        "source.py",
        'yield Fact("error", str(error))',
        "raise",
        "wrong_credentials_are_told",
    ),
    Bug(
        "lets the future hide the present",
        "source.py",
        "min(max(seen), self.context.now)",
        "max(seen)",
        "a_record_from_the_future_hides_nothing",
    ),
    Bug(
        "gives another key to every read",
        "people.py",
        '"record_id": key(found)',
        '"record_id": key(found) + str(id(found))',
        "a_full_read_brings_everything",
    ),
    Bug(
        "leaves out the first row",
        "source.py",
        "    for each in found:\n",
        "    for each in found[1:]:\n",
        "a_full_read_brings_everything",
    ),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_each_planted_bug_is_caught(bug: Bug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check that is named fails, and says what is wrong."""
    monkeypatch.syspath_prepend(tmp_path)
    with planted("source", tmp_path, bug) as (source, sandbox):
        bench = Bench(source.ExampleSource, sandbox.ExampleSandbox, many=3_000)
        with pytest.raises(Violation) as caught:
            CHECKS[bug.caught_by](bench)
    assert str(caught.value)


def test_there_are_enough_of_them() -> None:
    """At least twenty, each named once, and most checks have caught one."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 20
