"""Values by reference: where they are looked for, and that nothing shows them."""

import logging
import os
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from hub.sdk.redact import redact
from hub.settings import ConfigErrors, ProjectSettings, load
from tests.support.settings import CONNECTORS, ENV, GOOD, MailSettings, project


def with_key(folder: Path, reference: str, env: dict[str, str] | None = None) -> ProjectSettings:
    """Load the good project with another reference for the mail tool's key."""
    letters = GOOD["letters"].replace("${MAIL_KEY}", reference)
    found = {name: value for name, value in ENV.items() if name != "MAIL_KEY"}
    return load(project(folder, {**GOOD, "letters": letters}), CONNECTORS, {**found, **(env or {})})


def key(settings: ProjectSettings) -> str:
    """Return the mail tool's key in clear."""
    mail = settings.connections["letters"].settings
    assert isinstance(mail, MailSettings)
    return mail.api_key.reveal()


def refusal(folder: Path, reference: str) -> str:
    """Return why a reference is refused."""
    with pytest.raises(ConfigErrors) as caught:
        with_key(folder, reference)
    return str(caught.value)


def test_dotenv_is_read_and_never_exported(tmp_path: Path) -> None:
    """A value in .env is found as it stands, and the environment of other programs does not get it."""
    (tmp_path / ".env").write_text("export MAIL_KEY='made $up #1 ${x}'\n")
    assert key(with_key(tmp_path, "${MAIL_KEY}")) == "made $up #1 ${x}"
    assert "MAIL_KEY" not in os.environ


def test_the_environment_comes_before_dotenv(tmp_path: Path) -> None:
    """What is set for the process wins over the file."""
    (tmp_path / ".env").write_text("MAIL_KEY=from-the-file\n")
    assert key(with_key(tmp_path, "${MAIL_KEY}", {"MAIL_KEY": "from-the-process"})) == "from-the-process"


def test_a_file_holds_a_secret(tmp_path: Path) -> None:
    """`file:` is meant from the project's folder; the line end is not part of the secret."""
    (tmp_path / "mail.key").write_text("made-up-in-a-file\n")
    (tmp_path / "mail.key").chmod(0o600)
    settings = with_key(tmp_path, "file:mail.key")
    assert key(settings) == "made-up-in-a-file"
    assert settings.warnings == ()


def test_files_that_others_may_read_are_warned_of(tmp_path: Path) -> None:
    """A secret file and a .env that other users can read are named with the command that mends them."""
    (tmp_path / "mail.key").write_text("made-up-in-a-file")
    (tmp_path / "mail.key").chmod(0o644)
    (tmp_path / ".env").write_text("X=1\n")
    (tmp_path / ".env").chmod(0o640)
    assert with_key(tmp_path, "file:mail.key").warnings == (
        ".env may be read by other users (mode 0640). Run: chmod 600 .env",
        "mail.key may be read by other users (mode 0644). Run: chmod 600 mail.key",
    )


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library's is not annotated
        self.held = {("hub", "mail"): "made-up-in-the-keyring"}

    def get_password(self, service: str, username: str) -> str | None:
        """Return what is held."""
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Hold a password."""
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a password."""
        del self.held[service, username]


@pytest.fixture
def drawer() -> object:
    """Put a keyring in memory in place of the system's, and put that back."""
    before = keyring.get_keyring()
    keyring.set_keyring(Drawer())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("drawer")
def test_the_keyring_holds_a_secret(tmp_path: Path) -> None:
    """`keyring:name` is looked up under the service "hub"; an unknown name says how to set it."""
    assert key(with_key(tmp_path, "keyring:mail")) == "made-up-in-the-keyring"
    assert refusal(tmp_path, "keyring:other") == (
        'config/letters.toml:3: "other" is not in the keyring. Run "keyring set hub other". Nothing was run.'
    )


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file:none.txt", "there is no secret file none.txt. Paths are meant from the project's folder."),
        ("file:config", "the secret file config cannot be read: Is a directory."),
        ("file:a\\u0000b", "the secret file a\x00b cannot be read: embedded null byte."),
        ("file:empty", "this secret is empty."),
        ("file:binary", "the secret file binary is not UTF-8 text."),
        ("${MAIL_KEY}x", "this is a literal key."),
        ("", "this is a literal key."),
        ("keyring:", "this is a literal key."),
    ],
)
def test_references_that_lead_nowhere(reference: str, reason: str, tmp_path: Path) -> None:
    """Each kind of broken reference has its own explanation."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert refusal(tmp_path, reference).startswith(f"config/letters.toml:3: {reason}")


def test_a_variable_works_in_any_text(tmp_path: Path) -> None:
    """`${NAME}` is filled inside a text, several times, and `$${` stays what it says."""
    main = GOOD["main"].replace('"${SHOP}"', '"${A}-${B}.$${C}"')
    settings = load(project(tmp_path, {**GOOD, "main": main}), CONNECTORS, {**ENV, "A": "x", "B": "y"})
    assert settings.connections["main"].settings.shop == "x-y.${C}"  # type: ignore[attr-defined]  # of ShopSettings


def test_secrets_are_known_to_the_redaction(tmp_path: Path) -> None:
    """Once loaded, a secret is taken out of every text, and no repr shows it."""
    settings = with_key(tmp_path, "${MAIL_KEY}", {"MAIL_KEY": "made-up-and-very-odd"})
    assert "made-up-and-very-odd" not in redact("sent made-up-and-very-odd to the tool")
    assert "made-up-and-very-odd" not in repr(settings)


def test_a_damaged_dotenv_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A .env in another encoding is not used, and said so; an odd line in it shows no value in the log."""
    (tmp_path / ".env").write_bytes(b"MAIL_KEY=\xff\n")
    (tmp_path / ".env").chmod(0o600)
    env = {"MAIL_KEY": "from-the-process"}
    assert with_key(tmp_path, "${MAIL_KEY}", env).warnings == (
        ".env cannot be read as UTF-8 text; nothing in it is used.",
    )
    (tmp_path / ".env").write_text("%% hidden-value %%\n")
    with caplog.at_level(logging.DEBUG):
        with_key(tmp_path, "${MAIL_KEY}", env)
    assert "hidden-value" not in caplog.text
