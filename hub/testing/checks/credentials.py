"""Who we are to the vendor, and what happens when it does not believe us."""

from collections.abc import Iterator, Mapping, Sequence

from hub.sdk.errors import HubError, StopConnection
from hub.sdk.records import Fact, Json
from hub.sdk.settings import Secret, Settings
from hub.testing.bench import AnySource, Bench, Vendor
from hub.testing.fold import Fold
from hub.testing.registry import Violation, check, must, same


@check
def good_credentials_pass(bench: Bench) -> None:
    """With good credentials `check` finds something, and no error."""
    with bench.vendor(0.1) as vendor:
        facts = list(vendor.source().check())
        must(facts, "check() said nothing")
        same([], [fact.text for fact in facts if fact.level == "error"], "check() found errors with good credentials")


@check
def wrong_credentials_are_told(bench: Bench) -> None:
    """With wrong credentials `check` tells an error and raises none, and `read` stops the connection."""
    with bench.vendor(0.1) as vendor:
        _is_refused(vendor, vendor.box.refused())


@check
def expired_credentials_are_told(bench: Bench) -> None:
    """Credentials that the vendor has revoked count as wrong ones; who can get new ones gets them."""
    with bench.vendor(0.1) as vendor:
        old = vendor.box.connection()
        vendor.box.expire()
        if vendor.box.renews:
            same([], _errors(list(vendor.source(old).check())), "a new token was to be had, check() found")
        else:
            _is_refused(vendor, old)


@check
def a_token_that_expires_in_the_middle_loses_nothing(bench: Bench) -> None:
    """The read goes on with a new token, or stops; read again with good credentials, nothing is missing."""
    with bench.vendor() as vendor:
        whole = vendor.read().content()
        for pages in range(1, 4):
            fold = Fold()
            stopped = _expires_after(vendor, fold, pages)
            must(stopped is None or not vendor.box.renews, f"a new token was to be had, and the read ended: {stopped}")
            must(isinstance(stopped, StopConnection | None), f"expected StopConnection, got {stopped!r}")
            if stopped is None:
                same(whole, fold.content(), "after a token that was renewed")
            same(whole, vendor.read(fold).content(), "after new credentials")


def _expires_after(vendor: Vendor, fold: Fold, pages: int) -> HubError | None:
    reading = fold.read(vendor.source().read(vendor.made.streams, None))
    try:
        for number, _ in enumerate(reading, 1):
            if number == pages:
                vendor.box.expire()
    except HubError as error:
        return error
    return None


def _is_refused(vendor: Vendor, connection: Mapping[str, Json]) -> None:
    source = vendor.source(connection)
    texts = _told(source)
    must(texts, "check() found no error with credentials that the vendor refuses")
    raised = ""
    try:
        list(source.read(vendor.made.streams, None))
    except StopConnection as error:
        raised = str(error)
    except HubError as error:
        must(False, f"expected StopConnection, because a person has to mend it; got {error!r}")
    must(raised, "read() ended as if all were well with credentials that the vendor refuses")
    for secret in secrets_of(source.settings):
        must(secret not in raised and not any(secret in text for text in texts), "a secret is in an error's text")


def _told(source: AnySource) -> list[str]:
    try:
        return _errors(list(source.check()))
    except Exception as error:
        raise Violation(f"check() has to tell errors, and raised one: {type(error).__name__}") from error


def _errors(facts: Sequence[Fact]) -> list[str]:
    return [fact.text for fact in facts if fact.level == "error"]


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield every secret of a settings model, those of inner ones too."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Secret):
            yield value.reveal()
        elif isinstance(value, Settings):
            yield from secrets_of(value)
