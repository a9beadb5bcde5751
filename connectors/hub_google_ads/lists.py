"""User lists of the account: found by id or name, made when missing."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from hub.sdk.errors import StopConnection
from hub.sdk.http import Response, pages
from hub.sdk.records import Json
from hub_google_ads.client import Client
from hub_google_ads.settings import GoogleAdsTarget

_DAY = 86_400


def all_lists(client: Client) -> Iterator[Mapping[str, Json]]:
    """Yield the account's user lists. Raises BadData where paging goes in a circle."""
    for page in pages(client.list_page, _following):
        found = page.json_list("userLists", optional=True)
        yield from (each for each in found if isinstance(each, Mapping))


def _following(page: Response) -> str | None:
    token = page.json_object().get("nextPageToken")
    return token if isinstance(token, str) and token else None


def list_id(client: Client, target: GoogleAdsTarget) -> str:
    """Return the id of an audience's list; one that is given by name is made when it is missing.

    Raises:
        StopConnection: there is no list of this id, there are several of this name, or Google does not make it.
    """
    if target.id:
        return _given(client, target.id)
    found = [str(each.get("id")) for each in all_lists(client) if each.get("displayName") == target.list]
    if len(found) > 1:
        raise StopConnection(
            f'Google Ads has {len(found)} user lists named "{target.list}": {", ".join(found)}.', hint="Give the id."
        )
    return found[0] if found else _made(client, target)


def _given(client: Client, wanted: str) -> str:
    if client.list_by_id(wanted).status == HTTPStatus.NOT_FOUND:
        raise StopConnection(f"The account has no user list {wanted}.", hint="Mend target.list.")
    return wanted


def _made(client: Client, target: GoogleAdsTarget) -> str:
    made = client.make_list(
        {
            "displayName": target.list,
            "membershipDuration": f"{target.membership_days * _DAY}s",
            "ingestedUserListInfo": {
                "uploadKeyTypes": ["CONTACT_ID"],
                "contactIdInfo": {"dataSourceType": "DATA_SOURCE_TYPE_FIRST_PARTY"},
            },
        }
    )
    if not str(made.get("id") or "").isdecimal():
        raise StopConnection("Google made a user list without an id.", hint="Run again; it is found by its name then.")
    return str(made["id"])
