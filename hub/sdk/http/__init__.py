"""Speak HTTP to a vendor's API: the only place that imports httpx, httpcore and tenacity.

    http = Http("https://us19.api.example/3.0", auth=Basic("hub", key), rate=Rate("mailchimp/shop", requests=10))
    members = http.get("/lists/c1/members", params={"count": 1000}).json()
    http.post("/lists/c1", json={"members": [...]})

What comes back is whole, or an error of `hub.sdk.errors` says what to do next: reads are repeated a few times on their
own; a write is repeated only when it was certainly not applied, and raises `Unanswered` when nobody can know.
"""

from hub.sdk.http.auth import Auth, Basic, Bearer, Header, Refreshing, Token
from hub.sdk.http.client import Http
from hub.sdk.http.paging import follow, next_link, pages
from hub.sdk.http.rate import Rate
from hub.sdk.http.response import Response, loads
from hub.sdk.http.retry import Retry

__all__ = [
    "Auth",
    "Basic",
    "Bearer",
    "Header",
    "Http",
    "Rate",
    "Refreshing",
    "Response",
    "Retry",
    "Token",
    "follow",
    "loads",
    "next_link",
    "pages",
]
