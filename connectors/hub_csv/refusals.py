"""What the errors of the stores' clients mean for the hub."""

import re
from collections.abc import Iterator

from hub.sdk.errors import BadData, HubError, RetryLater, StopConnection

_REFUSED = frozenset(
    {
        "PermissionError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "ProfileNotFound",
        "ParamValidationError",
        "AuthenticationException",
        "BadHostKeyException",
        "PasswordRequiredException",
        "ClientAuthenticationError",
        "DefaultCredentialsError",
        "RefreshError",
    }
)
_REFUSED_CODES = frozenset(
    {
        "AccessDenied",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "PermanentRedirect",
        "SignatureDoesNotMatch",
        "403",
    }
)
_MISSING_CODES = frozenset({"NoSuchBucket", "InvalidBucketName"})
_CODE = re.compile(r"[A-Za-z0-9]{1,40}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code(error: BaseException) -> str:
    """The store's own code, such as AccessDenied; nothing that is not a plain word."""
    for each in _chain(error):
        answer = getattr(each, "response", None)
        part = answer.get("Error") if isinstance(answer, dict) else None
        code = str(part.get("Code", "")) if isinstance(part, dict) else ""
        if _CODE.fullmatch(code):
            return code
    return ""


def is_missing(error: BaseException) -> bool:
    """Tell whether there is no such bucket, rather than nothing in it."""
    return _code(error) in _MISSING_CODES or "bucket does not exist" in str(error)


def mapped(error: Exception, where: str) -> HubError:
    """Return the hub's error; it tells where, which kind and the store's code, and none of the client's words."""
    kinds = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
    code = _code(error)
    told = f"{where}: {{}} ({code or type(error).__name__})."
    if kinds & _REFUSED or code in _REFUSED_CODES:
        hint = "Check the keys, that they are of this account and region, and that they may list and read there."
        return StopConnection(told.format("access was refused"), hint=hint)
    if is_missing(error):
        return StopConnection(told.format("there is no such bucket"), hint="Mend root, endpoint or region.")
    if "FileNotFoundError" in kinds:
        return BadData(told.format("it is not there"), hint="Mend root if it should be; else it went meanwhile.")
    if "FileExpired" in kinds:
        return BadData(told.format("it changed while it was read"), hint="It is read again next time.")
    return RetryLater(told.format("no usable answer"), hint="Is the address right, and can this machine reach it?")
