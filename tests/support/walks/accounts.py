"""Accounts at simulated vendors: they outlive the hub's connections to them, as the vendors do."""

from collections.abc import Callable
from typing import Generic, TypeVar

from hub.sdk.settings import Settings

V = TypeVar("V")


class Accounts(Generic[V]):
    """Vendors by the name of an account, opened when it is asked for first. Tests use names that nobody else uses."""

    def __init__(self, opening: Callable[[], V]) -> None:
        self._opening = opening
        self._open: dict[str, V] = {}

    def __getitem__(self, account: str) -> V:
        if account not in self._open:
            self._open[account] = self._opening()
        return self._open[account]


class AccountSettings(Settings):
    """The `[connection]` of a walk."""

    account: str
