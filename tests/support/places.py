"""Places that files can lie in, each with a real server where there is one: a folder, S3 (moto's server), SFTP."""

import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import paramiko
from moto.server import ThreadedMotoServer

from hub_csv.settings import CsvSettings

PASSWORD = "open-sesame"
PAGE = 5  # keys in one answer of the list; S3 itself gives a thousand
KEYS = {"access_key": "test-key", "secret_key": "hidden-secret"}


class Place(ABC):
    """Where a test puts files, and how the connector is told of it."""

    settings: CsvSettings

    @abstractmethod
    def put(self, name: str, content: bytes | str) -> None:
        """Write a file."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Delete a file."""

    @abstractmethod
    def names(self) -> list[str]:
        """All files, by name."""


class FolderPlace(Place):
    """A folder, read as such or through a server."""

    def __init__(self, root: Path, settings: CsvSettings) -> None:
        self.root, self.settings = root, settings

    def put(self, name: str, content: bytes | str) -> None:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(content))

    def drop(self, name: str) -> None:
        """Delete a file."""
        (self.root / name).unlink()

    def names(self) -> list[str]:
        """All files, by name."""
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())


class S3Place(Place):
    """A bucket of moto's server."""

    def __init__(self, endpoint: str, bucket: str) -> None:
        self.endpoint, self.bucket = endpoint, bucket
        self.client = s3_client(endpoint)
        self.client.create_bucket(Bucket=bucket)
        self.settings = s3_settings(endpoint, f"s3://{bucket}/in")

    def put(self, name: str, content: bytes | str) -> None:
        """Write an object."""
        self.client.put_object(Bucket=self.bucket, Key=f"in/{name}", Body=_bytes(content))

    def drop(self, name: str) -> None:
        """Delete an object."""
        self.client.delete_object(Bucket=self.bucket, Key=f"in/{name}")

    def names(self) -> list[str]:
        """All objects, by name."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="in/")
        return sorted(found["Key"].removeprefix("in/") for page in pages for found in page.get("Contents", ()))


def s3_client(endpoint: str) -> Any:  # noqa: ANN401 - boto3 makes its classes when it runs
    """Return the vendor's own client."""
    keys = {"aws_access_key_id": KEYS["access_key"], "aws_secret_access_key": KEYS["secret_key"]}
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)


def s3_settings(endpoint: str, root: str) -> CsvSettings:
    """Return a connection to a bucket."""
    return CsvSettings.model_validate({"root": root, "s3": {**KEYS, "endpoint": endpoint, "region": "us-east-1"}})


@contextmanager
def s3_server() -> Iterator[str]:
    """Run moto's server; yields its address."""
    os.environ["MOTO_S3_DEFAULT_MAX_KEYS"] = str(PAGE)  # read by moto alone
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


class _Door(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko publishes no types
    def check_auth_password(self, username: str, password: str) -> int:
        sound = (username, password) == ("shop", PASSWORD)
        return int(paramiko.AUTH_SUCCESSFUL if sound else paramiko.AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return int(paramiko.OPEN_SUCCEEDED)

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "password"


def _served(root: Path) -> type[paramiko.SFTPServerInterface]:
    class Served(paramiko.SFTPServerInterface):  # type: ignore[misc]
        """A folder, as SFTP shows it."""

        def _path(self, path: str) -> Path:
            return root / str(self.canonicalize(path)).lstrip("/")

        def list_folder(self, path: str) -> Any:  # noqa: ANN401
            return _answer(lambda: [_details(each, each.lstat()) for each in sorted(self._path(path).iterdir())])

        def stat(self, path: str) -> Any:  # noqa: ANN401
            return _answer(lambda: _details(self._path(path), self._path(path).stat()))

        lstat = stat

        def open(self, path: str, flags: int, attr: object) -> Any:  # noqa: ANN401
            del attr

            def opened() -> paramiko.SFTPHandle:
                handle = paramiko.SFTPHandle(flags)
                handle.readfile = self._path(path).open("rb")
                return handle

            return _answer(opened)

        def mkdir(self, path: str, attr: object) -> Any:  # noqa: ANN401
            del attr
            return _answer(self._path(path).mkdir)

        def posix_rename(self, oldpath: str, newpath: str) -> Any:  # noqa: ANN401
            return _answer(lambda: self._path(oldpath).replace(self._path(newpath)))

        rename = posix_rename

        def remove(self, path: str) -> Any:  # noqa: ANN401
            return _answer(self._path(path).unlink)

    return Served


def _details(path: Path, status: os.stat_result) -> paramiko.SFTPAttributes:
    return paramiko.SFTPAttributes.from_stat(status, path.name)


def _answer(act: Any) -> Any:  # noqa: ANN401
    """Do something and return its value, "done" where it has none, or the protocol's error."""
    try:
        value = act()
    except OSError as error:
        return paramiko.SFTPServer.convert_errno(error.errno)
    return value if isinstance(value, list | paramiko.SFTPAttributes | paramiko.SFTPHandle) else paramiko.SFTP_OK


@contextmanager
def sftp_server(root: Path) -> Iterator[CsvSettings]:
    """Serve a folder by SFTP; yields the connection to its folder `in`."""
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transports.append(transport)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, sftp_si=_served(root))
            try:
                transport.start_server(server=_Door())
            except (paramiko.SSHException, EOFError):
                transport.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    access = {"password": PASSWORD, "host_key": key.fingerprint}
    address = f"sftp://shop@127.0.0.1:{listener.getsockname()[1]}/in"
    try:
        yield CsvSettings.model_validate({"root": address, "sftp": access})
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for transport in transports:
            transport.close()
