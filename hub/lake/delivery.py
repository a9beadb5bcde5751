"""The delivery log on disk: what was meant to be sent, and what came of it, sealed with the installation key.

Files are Parquet with modular encryption, footer included. Each has its own random data key, which its metadata holds
wrapped by the installation key; any reader of encrypted Parquet opens it with that key.
"""

import base64
import os
from hashlib import blake2b, sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyarrow.parquet import encryption as pe

from hub.lake.durable import published
from hub.sdk.errors import HubError

_MASTER = "installation"
_NONCE = 12
_RECEIPTS = ".receipts.parquet"


class DeliveryLog:
    """Plans and receipts in one folder; paths are relative to it: `<connection>/<audience>/<uid>-<digest>.parquet`."""

    def __init__(self, root: Path, key: bytes) -> None:
        self.root = root
        self._wrapper = AESGCM(sha256(b"delivery log" + key).digest())
        self._factory = pe.CryptoFactory(lambda _: _Wrapper(self._wrapper))

    def plan_path(self, connection: str, audience: str, uid: str, target: str) -> str:
        """Return where the plan of one audience for one target stands."""
        return f"{connection}/{audience}/{uid}-{blake2b(target.encode(), digest_size=8).hexdigest()}.parquet"

    def receipts_path(self, plan_path: str) -> str:
        """Return where the receipts of a plan stand."""
        return plan_path.removesuffix(".parquet") + _RECEIPTS

    def write(self, path: str, table: pa.Table) -> None:
        """Write a sealed file, durable when this returns; the target's key travels in the schema's metadata."""
        settings = pe.EncryptionConfiguration(
            footer_key=_MASTER, uniform_encryption=True, encryption_algorithm="AES_GCM_V1", data_key_length_bits=256
        )
        sealing = self._factory.file_encryption_properties(pe.KmsConnectionConfig(), settings)
        with published(self.root / path) as partial:
            pq.write_table(table, partial, encryption_properties=sealing, compression="zstd")

    def read(self, path: str) -> pa.Table:
        """Read a sealed file.

        Raises:
            HubError: it is missing or damaged, or was sealed with another key.
        """
        opening = self._factory.file_decryption_properties(pe.KmsConnectionConfig())
        try:
            return pq.ParquetFile(self.root / path, decryption_properties=opening).read()
        except (OSError, ValueError, InvalidTag) as error:
            raise HubError(
                f"delivery/{path} cannot be read ({type(error).__name__}): expected a file sealed with this "
                "installation's key.",
                hint="Restore it, and data/key, from the backup.",
            ) from error

    def exists(self, path: str) -> bool:
        """Tell whether a file is there."""
        return (self.root / path).exists()

    def plan_files(self) -> list[str]:
        """Return the paths of all plan files, those that no store knows included."""
        found = (path.relative_to(self.root).as_posix() for path in self.root.glob("*/*/*.parquet"))
        return sorted(path for path in found if not path.endswith(_RECEIPTS))


class _Wrapper(pe.KmsClient):  # type: ignore[misc]  # pyarrow has no types
    """Wraps data keys with the installation key; nothing leaves this process."""

    def __init__(self, cipher: AESGCM) -> None:
        super().__init__()
        self._cipher = cipher

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        """Seal a data key."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, key_bytes, master_key_identifier.encode()))

    def unwrap_key(self, wrapped_key: str | bytes, master_key_identifier: str) -> bytes:
        """Open a data key."""
        sealed = base64.b64decode(wrapped_key)
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], master_key_identifier.encode())
