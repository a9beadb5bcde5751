"""Every message about a wrong file, word for word."""

# ruff: noqa: E501 - messages stand in one line, as users see them

from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.settings import ConfigErrors, load
from tests.support.settings import CONNECTORS, ENV, GOOD, project

BROKEN = {"sheets": "ImportError: No module named 'gspread'"}


def message(folder: Path, files: Mapping[str, str], env: Mapping[str, str] = ENV) -> str:
    """Return what is said about the good project with some files replaced."""
    with pytest.raises(ConfigErrors) as caught:
        load(project(folder, {**GOOD, **files}), CONNECTORS, env, broken=BROKEN)
    return str(caught.value)


# file, what is replaced in it, by what, the whole message without its last sentence
CASES = [
    (
        "letters",
        "segment =",
        "segmnet =",
        'config/letters.toml:7: unknown key "segmnet" in [[audience]]. Did you mean "segment"?',
    ),
    (
        "letters",
        "priority =",
        "zzz =",
        'config/letters.toml:14: unknown key "zzz" in [[audience]]. Known keys: name, segment, target, match_on, fields, consent, mode, exclude, priority, group, min_size, max_size, every.',
    ),
    (
        "letters",
        'segment = "vip"',
        "",
        'config/letters.toml:5: "segment" is missing in [[audience]]: Segment whose members are wanted.',
    ),
    (
        "letters",
        "list =",
        "lst =",
        'config/letters.toml:8: unknown key "lst" in [[audience]] target. Did you mean "list"?',
    ),
    (
        "letters",
        'target = { list = "Customers", tag = "win-back" }',
        "",
        'config/letters.toml:5: "target" is missing in [[audience]]: Where in the tool; keys of the connector.',
    ),
    (
        "letters",
        '{ list = "Customers", tag = "win-back" }',
        '"Customers"',
        'config/letters.toml:8: "target" in [[audience]]: expected a table, got "Customers".',
    ),
    (
        "letters",
        '"mirror"',
        '"miror"',
        'config/letters.toml:12: "mode" in [[audience]]: expected "mirror", "add_only" or "update_only", got "miror". Did you mean "mirror"?',
    ),
    (
        "letters",
        "priority = 10",
        'priority = "high"',
        'config/letters.toml:14: "priority" in [[audience]]: expected a whole number, got "high".',
    ),
    (
        "letters",
        "min_size = 200",
        "min_size = -1",
        'config/letters.toml:15: "min_size" in [[audience]]: expected greater than or equal to 0, got -1.',
    ),
    (
        "letters",
        'name = "win-back"',
        'name = "Win Back"',
        'config/letters.toml:6: "name" in [[audience]]: expected text that matches the pattern \'^[a-z0-9][a-z0-9_-]*$\', got "Win Back".',
    ),
    (
        "letters",
        'match_on = ["email"]',
        'match_on = "mia@shop.example"',
        'config/letters.toml:9: "match_on" in [[audience]]: expected a list, got "[email]".',
    ),
    (
        "letters",
        'match_on = ["email"]',
        'match_on = ["emial"]',
        'config/letters.toml:9: unknown address "emial". Did you mean "email"?',
    ),
    ("letters", '"vip"', '"vipp"', 'config/letters.toml:7: unknown segment "vipp". Did you mean "vip"?'),
    (
        "letters",
        'exclude = ["open_complaint"]',
        'exclude = ["xyz"]',
        'config/letters.toml:13: unknown segment "xyz". Known: open_complaint, vip.',
    ),
    (
        "letters",
        "${MAIL_KEY}",
        "made-up-literal",
        'config/letters.toml:3: this is a literal key. Put it in .env, write "${LETTERS_API_KEY}", and make a new one: this one may be in git.',
    ),
    (
        "letters",
        '"${MAIL_KEY}"',
        "12345678",
        'config/letters.toml:3: this is a literal key. Put it in .env, write "${LETTERS_API_KEY}", and make a new one: this one may be in git.',
    ),
    (
        "letters",
        'name = "win-back"',
        'name = "a"\n        name = "b"',
        "config/letters.toml:7: not valid TOML at column 11: Cannot overwrite a value. This key is given twice in the same table.",
    ),
    (
        "letters",
        'name = "win-back"',
        "name = win-back",
        'config/letters.toml:6: not valid TOML at column 8: Invalid value. Text needs quotes: country = "NO".',
    ),
    (
        "main",
        'every = "15 minutes"',
        'every = "15 mins"',
        'config/main.toml:8: "every" in [[source]]: expected a duration such as "15 minutes", "1 day" or "365 days", got "15 mins".',
    ),
    (
        "main",
        'stream = "orders"',
        'stream = "order"',
        'config/main.toml:15: unknown stream "order". Did you mean "orders"? shop has people, orders, order_lines.',
    ),
    (
        "main",
        'decimal = ","',
        'decimal = ";"',
        'config/main.toml:16: "decimal" in [[source]] format: expected "," or ".", got ";".',
    ),
    (
        "main",
        'connector = "shop"',
        'connector = "shpo"',
        'config/main.toml:2: unknown connector "shpo". Did you mean "shop"? Installed: folder, mail, shop. Disabled: sheets.',
    ),
    (
        "main",
        'connector = "shop"',
        'connector = "sheets"',
        "config/main.toml:2: connector \"sheets\" is disabled: ImportError: No module named 'gspread'.",
    ),
    (
        "main",
        'connector = "shop"\n',
        "\n",
        'config/main.toml:1: "connector" is missing in [connection]: which tool this is. Installed: folder, mail, shop. Disabled: sheets.',
    ),
    (
        "main",
        "${SHOP}",
        "${my shop}",
        'config/main.toml:3: "${my shop}" is not a reference: a name has letters, digits and underscores. Write "$${" where the text itself is meant.',
    ),
    (
        "hub",
        '"Europe/Berlin"',
        '"Europe/Berln"',
        'config/hub.toml:2: "timezone" in [shop]: expected an IANA time zone such as "Europe/Berlin", got "Europe/Berln". Did you mean "Europe/Berlin"?',
    ),
    (
        "hub",
        '"EUR"',
        '"euro"',
        'config/hub.toml:3: "currency" in [shop]: expected an ISO 4217 code such as "EUR", got "euro".',
    ),
    (
        "hub",
        '"DE"',
        "false",
        'config/hub.toml:4: "country" in [shop]: expected text, got false.',
    ),
    (
        "hub",
        '"04:15"',
        '"25:15"',
        'config/hub.toml:7: "full_at" in [schedule]: expected a time of day such as "03:30", got "25:15".',
    ),
    (
        "hub",
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - it is refused
        'config/hub.toml:10: "listen" in [web]: expected an address of this machine such as "127.0.0.1:8765", got "0.0.0.0:8765". Whoever reaches any other could read personal data, and there is no [web.login] yet. From elsewhere use an SSH tunnel.',
    ),
    (
        "hub",
        '"20 %"',
        "20",
        'config/hub.toml:14: "max_removals_per_day" in [safety]: expected a share such as "10 %" or "10 %, at least 50", got 20.',
    ),
    (
        "hub",
        '"2 audiences in 7 days"',
        '"2 audiences per week"',
        'config/hub.toml:18: "per_person" in [limits]: expected a cap such as "2 audiences in 7 days", got "2 audiences per week".',
    ),
    (
        "hub",
        'never = ["open_complaint"]',
        'never = ["open_complain"]',
        'config/hub.toml:19: unknown segment "open_complain". Did you mean "open_complaint"?',
    ),
    ("hub", '"letters"]', '"leters"]', 'config/hub.toml:22: unknown connection "leters". Did you mean "letters"?'),
    (
        "identity",
        'default = ["main"]',
        'default = ["mian"]',
        'config/identity.toml:11: unknown connection "mian". Did you mean "main"?',
    ),
    (
        "identity",
        'shared = ["email"',
        'shared = ["user_id", "email"',
        'config/identity.toml:1: "user_id" is in one_person and in shared. Keep it in one of them.',
    ),
    (
        "segments",
        "offer = 90, ",
        "",
        "config/segments.toml:9: [segment.vip.split]: expected at least two arms, such as { offer = 90, holdout = 10 }.",
    ),
    (
        "segments",
        "[segment.open_complaint]",
        '[segment."Open complaint"]',
        "config/segments.toml:12: [segment.Open complaint]: expected a name of lower-case letters, digits and underscores that starts with a letter.",
    ),
    ("stages", '"awareness"', '"retention"', 'config/stages.toml:7: stage "retention" is there already.'),
    (
        "stages",
        GOOD["stages"],
        '[stage]\nname = "a"\nwhen = "true"',
        "config/stages.toml:1: [stage] may be there several times: write [[stage]].",
    ),
    (
        "traits",
        'from = "orders"',
        "",
        'config/traits.toml:1: [spend_12m]: `where` and `within` choose rows, and no rows are named. Add `from`, such as from = "orders".',
    ),
    (
        "traits",
        'from = "orders"',
        'from = "order"',
        'config/traits.toml:4: "from" in [spend_12m]: expected a stream whose rows belong to people, got "order". Did you mean "orders"?',
    ),
]


@pytest.mark.parametrize(("stem", "old", "new", "expected"), CASES)
def test_a_wrong_file_is_explained(stem: str, old: str, new: str, expected: str, tmp_path: Path) -> None:
    """A mistake gets one message with place, fact and next step, and says that nothing was run."""
    text = GOOD[stem].replace(old, new, 1)
    assert text != GOOD[stem], "the case must change something"
    assert f"{expected} Nothing was run." == message(tmp_path, {stem: text})


def test_a_missing_variable_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """The only secret of a connection may be called like the connection in the keyring; one of several may not."""
    shop, mail = (message(tmp_path, {}, {**ENV, name: ""}) for name in ("SHOP_SECRET", "MAIL_KEY"))
    looked = "is not set. Looked in: environment, .env. Set it there, or use"
    assert [shop, mail] == [
        f'config/main.toml:4: SHOP_SECRET {looked} "keyring:main". Nothing was run.',
        f'config/letters.toml:3: MAIL_KEY {looked} "keyring:letters_api_key". Nothing was run.',
    ]


def test_a_variable_outside_secrets_is_not_sent_to_the_keyring(tmp_path: Path) -> None:
    """Only secrets can be in the keyring, so a plain text's message does not name it."""
    expected = "config/main.toml:3: SHOP is not set. Looked in: environment, .env. Set it there. Nothing was run."
    assert expected == message(tmp_path, {}, {**ENV, "SHOP": ""})


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Problems of several files and kinds come together, in the order of files and lines."""
    files = {
        "hub": GOOD["hub"].replace('"EUR"', '"euro"'),
        "letters": GOOD["letters"].replace('"vip"', '"vap"').replace("${MAIL_KEY}", "literal"),
        "stages": "x = ",
    }
    lines = message(tmp_path, files).splitlines()
    places = ["config/hub.toml:3", "config/letters.toml:3", "config/stages.toml:1"]
    assert places == [line.split(": ")[0] for line in lines]


def test_names_are_checked_in_the_files_that_are_right(tmp_path: Path) -> None:
    """One broken file does not hide an unknown name in another, nor make a known one unknown."""
    files = {
        "main": GOOD["main"].replace("15 minutes", "15 mins"),
        "letters": GOOD["letters"].replace('"vip"', '"vap"'),
    }
    places = [line.split(": ")[0] for line in message(tmp_path, files).splitlines()]
    assert places == ["config/letters.toml:7", "config/main.toml:8"]


def test_unreadable_segments_make_no_unknown_ones(tmp_path: Path) -> None:
    """When segments.toml cannot be read, audiences are not blamed for naming its segments."""
    expected = "config/segments.toml:1: not valid TOML at column 1: Invalid statement. Nothing was run."
    assert expected == message(tmp_path, {"segments": "?"})


def test_an_audience_has_one_place(tmp_path: Path) -> None:
    """The second audience of a name is refused, with the place of the first."""
    expected = (
        'config/more.toml:6: audience "win-back" is there already, in config/letters.toml:6. '
        "Names are unique over all files. Nothing was run."
    )
    assert expected == message(tmp_path, {"more": GOOD["letters"]})


def test_a_connector_does_only_what_it_can(tmp_path: Path) -> None:
    """Entries that the connector has no use for are refused by name."""
    one_way = "[connection]\nconnector = 'folder'\n\n[[source]]\nstream = 'all'\n"
    both = GOOD["main"] + "\n        [[audience]]\n        name = 'x'\n        segment = 'vip'\n"
    assert message(tmp_path, {"out": one_way, "main": both}) == (
        'config/main.toml:18: connector "shop" delivers nothing. Remove [[audience]].\n'
        'config/out.toml:4: connector "folder" reads nothing. Remove [[source]]. Nothing was run.'
    )


def test_a_file_name_is_a_connection_name(tmp_path: Path) -> None:
    """A stem that cannot name a connection is refused."""
    files = {"My-Shop": GOOD["main"].replace("SHOP_SECRET", "SHOP")}
    expected = (
        'config/My-Shop.toml: "My-Shop" names the connection; use lower-case letters, digits, "_" and "-", '
        "a letter first. Nothing was run."
    )
    assert expected == message(tmp_path, files)


def test_a_misnamed_common_file_is_recognised(tmp_path: Path) -> None:
    """segment.toml is not a connection without a connector: segments.toml was meant."""
    expected = (
        'config/segment.toml:1: "connector" is missing in [connection]: which tool this is. '
        'Did you mean "segments.toml"? Nothing was run.'
    )
    assert expected == message(tmp_path, {"segment": GOOD["segments"]})


def test_a_folder_without_config_says_how_to_make_one(tmp_path: Path) -> None:
    """A folder that is no project is named as such."""
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path, CONNECTORS, ENV)
    assert str(caught.value) == "config: there is no such folder here. `hub init` makes one. Nothing was run."
