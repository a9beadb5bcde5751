"""What both simulated services share: a service account, and the form in which Google says no."""

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, ServiceAccountSandbox, SourceSandbox


class GoogleSandbox(ServiceAccountSandbox, SourceSandbox):
    """A source that takes tokens of a service account."""

    def malformed(self, request: Request, problem: ValueError) -> Reply:
        """Answer as for an argument that is wrong."""
        del request
        return failure(400, "INVALID_ARGUMENT", str(problem))


def failure(status: int, code: str, message: str, reason: str = "") -> Reply:
    """Answer with an error as Google's services do; BigQuery names a reason beside."""
    error: dict[str, Json] = {"code": int(status), "message": message, "status": code}
    if reason:
        error["errors"] = [{"reason": reason, "domain": "global", "message": message}]
    return Reply(status, json={"error": error})
