"""A simulated Slack workspace: one bot, channels, and what was said in them."""

from typing import cast

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, Sandbox, route


class SlackSandbox(Sandbox):
    """`channels`: name -> messages. `closed`: channel -> the error that it answers with. `scopes`: the bot's."""

    name = "slack"
    token = "xoxb-sandbox-0123456789"  # noqa: S105 - a sandbox's

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.channels: dict[str, list[str]] = {"marketing": []}
        self.closed: dict[str, str] = {}
        self.scopes = "chat:write,channels:read"

    def connection(self) -> dict[str, Json]:
        """Return a good `[connection]` table."""
        return {"token": self.token, "base_url": f"{self.url}/api"}

    def state(self) -> Json:
        """Return what was said."""
        return cast("Json", self.channels)

    def authenticate(self, request: Request) -> Reply | None:
        """Say no to another token, with a status that says yes, as Slack does."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(json={"ok": False, "error": "invalid_auth"})
        return None

    @route("POST", "/api/auth.test")
    def who(self, _request: Request) -> Reply:
        """Say whose token it is."""
        told: Json = {"ok": True, "team": "Sandbox shop", "user": "hub", "team_id": "T1", "user_id": "U1"}
        return Reply(json=told, headers={"x-oauth-scopes": self.scopes})

    @route("POST", "/api/chat.postMessage")
    def post(self, request: Request) -> Reply:
        """Say something in a channel; the body is JSON or a form."""
        asked = request.json() if "json" in request.headers.get("content-type", "") else dict(request.form())
        told = asked if isinstance(asked, dict) else {}
        channel, text = str(told.get("channel", "")).removeprefix("#"), told.get("text")
        if channel not in self.channels:
            return Reply(json={"ok": False, "error": "channel_not_found"})
        if error := self.closed.get(channel):
            return Reply(json={"ok": False, "error": error})
        if not text:
            return Reply(json={"ok": False, "error": "no_text"})
        self.channels[channel].append(str(text))
        said: Json = {
            "ok": True,
            "channel": channel,
            "ts": f"{len(self.channels[channel])}.0",
            "message": {"text": text},
        }
        return Reply(json=said)
