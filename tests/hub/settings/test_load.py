"""What a project's files come to when they are right."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.settings import Cap, ConfigErrors, HubSettings, IdentitySettings, ProjectSettings, Share, load
from tests.support.settings import CONNECTORS, ENV, GOOD, MailTarget, good, project


def test_an_empty_folder_has_defaults(tmp_path: Path) -> None:
    """Every file is optional: without any, the defaults stand."""
    settings = load(project(tmp_path, {}), CONNECTORS, {})
    assert [HubSettings(), IdentitySettings(), {}, (), {}, {}] == [
        settings.hub,
        settings.identity,
        settings.segments,
        settings.stages,
        settings.traits,
        settings.connections,
    ]


def test_the_defaults_are_safe() -> None:
    """Without a word from the user, mass removals are held, and only this machine is served."""
    hub = HubSettings()
    assert [Share(10, 50), Share(20), Share(1), "127.0.0.1:8765", time(3, 30)] == [
        hub.safety.max_removals_per_run,
        hub.safety.max_removals_per_day,
        hub.safety.max_quarantine,
        hub.web.listen,
        hub.schedule.full_at,
    ]


def test_hub_file(tmp_path: Path) -> None:
    """Values in words become values to compute with."""
    hub = good(tmp_path).hub
    assert ["Europe/Berlin", "EUR", "DE", time(4, 15)] == [
        hub.shop.timezone,
        hub.shop.currency,
        hub.shop.country,
        hub.schedule.full_at,
    ]
    assert Share(0.5) == hub.safety.max_quarantine
    assert Cap(2, timedelta(days=7)) == hub.limits.per_person
    assert hub.consent == {"email": ("main", "letters")}


@pytest.mark.parametrize("listen", ["localhost:1", "127.8.9.1:65535", "[::1]:8765"])
def test_addresses_of_this_machine_are_allowed(listen: str, tmp_path: Path) -> None:
    """Every loopback address may be listened on."""
    settings = load(project(tmp_path, {"hub": f'[web]\nlisten = "{listen}"'}), CONNECTORS, {})
    assert listen == settings.hub.web.listen


@pytest.mark.parametrize(
    "listen", ["8765", "127.0.0.1", "127.0.0.1:65536", "192.168.1.2:80", "[::]:80", "shop.example:80"]
)
def test_other_addresses_are_refused(listen: str, tmp_path: Path) -> None:
    """What is not an address of this machine with a port is an error."""
    with pytest.raises(ConfigErrors):
        load(project(tmp_path, {"hub": f'[web]\nlisten = "{listen}"'}), CONNECTORS, {})


def test_a_share_has_a_floor() -> None:
    """A share allows its part of the whole, rounded down, and never less than its floor."""
    share = Share(10, 50)
    assert [share.of(0), share.of(500), share.of(629), share.of(6210)] == [50, 50, 62, 621]


def test_limits_per_person_keep_their_defaults(tmp_path: Path) -> None:
    """Naming one namespace does not take the limits of the others away."""
    assert good(tmp_path).identity.max_per_person == {"email": 7, "phone": 3, "ga_client": 50}


def test_segments_stages_and_traits(tmp_path: Path) -> None:
    """Rules keep their text, dates and durations are typed, stages keep their order."""
    settings = good(tmp_path)
    vip, trait = settings.segments["vip"], settings.traits["spend_12m"]
    assert vip.split == {"offer": 90, "holdout": 10}
    assert date(2027, 1, 31) == vip.review
    assert vip.where.endswith('-- "quoted"')
    assert [stage.name for stage in settings.stages] == ["retention", "awareness"]
    assert ("orders", timedelta(days=365)) == (trait.stream, trait.within)
    assert settings.traits["spends_much"].stream is None


def test_connections(tmp_path: Path) -> None:
    """Sources and audiences are typed by the connector's own models."""
    settings = good(tmp_path)
    main, letters = settings.connections["main"], settings.connections["letters"]
    assert [
        main.settings.shop,  # type: ignore[attr-defined]  # of ShopSettings
        main.settings.client_secret.reveal(),  # type: ignore[attr-defined]
    ] == ["acme.shop.example", "made-up-secret-1"]
    assert [source.stream for source in main.sources] == ["all", "orders"]
    assert date(2022, 1, 1) == main.sources[0].since  # type: ignore[attr-defined]  # of ShopSource
    assert MailTarget(list="Customers", tag="win-back") == letters.audiences[0].target
    assert {"win-back": (letters, letters.audiences[0])} == settings.audiences()


def test_a_target_whose_keys_may_all_be_left_out_may_be_left_out(tmp_path: Path) -> None:
    """An audience needs no `target` where the connector needs none."""
    text = "[connection]\nconnector = 'folder'\n[[audience]]\nname = 'x'\nsegment = 'vip'\n"
    settings = good(tmp_path, out=text)
    assert settings.connections["out"].audiences[0].target.model_dump() == {}


def test_places_of_rules_are_known(tmp_path: Path) -> None:
    """Whoever checks rules later can say where they stand."""
    settings = good(tmp_path)
    assert [
        settings.where("segments", "segment", "vip", "where"),
        settings.where("stages", "stage", 1, "when"),
        settings.where("nowhere", "x"),
    ] == ["config/segments.toml:4", "config/stages.toml:8", "config/nowhere.toml"]


def test_hidden_files_and_other_suffixes_are_not_read(tmp_path: Path) -> None:
    """An editor's hidden copy and a note beside the files are no connections."""
    folder = project(tmp_path, {**GOOD, ".#main": "not toml"})
    (folder / "config" / "notes.md").write_text("not toml")
    assert {"main", "letters"} == set(load(folder, CONNECTORS, ENV).connections)


def hash_of(settings: ProjectSettings) -> str:
    """Return what the approval of the good project's audience is bound to."""
    connection, audience = settings.audiences()["win-back"]
    return settings.config_hash(audience, connection)


BOUND = [
    ("segments", "monetary_score = 5", "monetary_score >= 4"),
    ("segments", "csat <= 2", "csat <= 1"),
    ("segments", "offer = 90, holdout = 10", "offer = 80, holdout = 20"),
    ("letters", '"Customers"', '"Suppliers"'),
    ("letters", 'OFFER = "split_arm"', 'OFFER = "income"'),
    ("letters", 'consent = { channel = "email", purpose = "marketing" }', ""),
    ("letters", '"mirror"', '"add_only"'),
    ("letters", 'exclude = ["open_complaint"]', ""),
    ("letters", 'match_on = ["email"]', 'match_on = ["phone"]'),
    ("hub", '["main", "letters"]', '["main"]'),
]
FREE = [
    ("letters", 'every = "1 hour"', 'every = "2 hours"'),
    ("letters", 'mode = "mirror"', ""),
    ("segments", "Spent most", "Spent very much"),
    ("segments", "mia@shop.example", "tom@shop.example"),
    ("segments", "2027-01-31", "2028-01-31"),
    ("traits", "sum(total - refunded)", "sum(total)"),
    ("hub", "Europe/Berlin", "Europe/Paris"),
]


def changed(folder: Path, case: tuple[str, str, str]) -> str:
    """Return the hash of the good project with one text replaced."""
    stem, old, new = case
    assert old in GOOD[stem]
    return hash_of(good(folder, **{stem: GOOD[stem].replace(old, new)}))


@pytest.mark.parametrize("case", BOUND)
def test_an_approval_is_bound_to_who_what_and_where(case: tuple[str, str, str], tmp_path: Path) -> None:
    """A change of who is meant, what is sent or where to asks for approval again."""
    assert hash_of(good(tmp_path)) != changed(tmp_path, case)


@pytest.mark.parametrize("case", FREE)
def test_an_approval_survives_what_changes_nothing(case: tuple[str, str, str], tmp_path: Path) -> None:
    """Pace, words for people, defaults that are written out, and traits not used leave an approval standing."""
    assert hash_of(good(tmp_path)) == changed(tmp_path, case)


def test_an_approval_survives_a_new_key(tmp_path: Path) -> None:
    """Rotating a secret asks for nothing."""
    folder = project(tmp_path, GOOD)
    rotated = load(folder, CONNECTORS, {**ENV, "MAIL_KEY": "another-made-up-one"})
    assert hash_of(load(folder, CONNECTORS, ENV)) == hash_of(rotated)


def test_an_approval_is_bound_to_what_the_rule_is_built_on(tmp_path: Path) -> None:
    """A trait that the rule uses through another trait is part of what was approved."""
    segments = GOOD["segments"].replace("monetary_score = 5", "spends_much")
    one = hash_of(good(tmp_path, segments=segments))
    two = hash_of(
        good(tmp_path, segments=segments, traits=GOOD["traits"].replace("sum(total - refunded)", "sum(total)"))
    )
    assert one != two


def test_an_approval_is_bound_to_stages_that_the_rule_names(tmp_path: Path) -> None:
    """A rule over stages changes its meaning with the stages."""
    segments = GOOD["segments"].replace("monetary_score = 5", "stage = 'retention'")
    one = hash_of(good(tmp_path, segments=segments))
    two = hash_of(good(tmp_path, segments=segments, stages=GOOD["stages"].replace("orders >= 2", "orders >= 3")))
    assert one != two


def test_the_hash_is_the_same_in_every_process(tmp_path: Path) -> None:
    """The hash is a constant of its input: an approval outlives the process that wrote it down."""
    assert hash_of(good(tmp_path)) == "852f8157984914526ffced192ac1dc9b"


ALPHABET = st.sampled_from([*list("\"'[]{}=,.#\\$:-_ \n\tab0é\x00"), '"""', "[[", "${X}", "file:", "keyring:", "true"])


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a file of the good project with a few pieces cut out, doubled or put in."""
    stem = draw(st.sampled_from(sorted(GOOD)))
    text = GOOD[stem]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(st.lists(ALPHABET, max_size=4).map("".join))
        text = draw(st.sampled_from([text[:start] + piece + text[end:], text[:end] + text[start:]]))
    return stem, text


@settings(deadline=None)  # files are written and read; how long that takes is not the point
@given(mutation=mutated())
def test_a_damaged_file_loads_or_is_explained(
    mutation: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever happens to a file, the answer is settings or an explanation, never a crash, and never a secret."""
    stem, text = mutation
    folder = project(tmp_path_factory.mktemp("p"), GOOD)
    (folder / "config" / f"{stem}.toml").write_text(text, encoding="utf-8")
    assert "made-up-secret" not in explanation(folder)


def explanation(folder: Path) -> str:
    """Return what is wrong with a project, or nothing."""
    try:
        load(folder, CONNECTORS, ENV)
    except ConfigErrors as error:
        return str(error)
    return ""


def test_time_of_day_may_be_a_toml_time(tmp_path: Path) -> None:
    """TOML's own time of day is as good as text."""
    settings = load(project(tmp_path, {"hub": "[schedule]\nfull_at = 05:00:00"}), CONNECTORS, {})
    assert time(5) == settings.hub.schedule.full_at
