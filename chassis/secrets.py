"""The keys of a service, and `python -m chassis.secrets DIR`, which makes all of them once.

Each service reads only its own files of the directory:

* `root_private.pem`, `root_public.pem`: Ed25519; the root signs the signing keys that
  registration publishes. The private half is registration's alone.
* `sealing_<service>.pem`, `sealing_<service>.pub.pem`: X25519; events of sealed topics are
  encrypted for one service.
* `kek_<service>`: 32 bytes in base64; wraps the key of each person's record.
* `links`: 32 bytes in base64; notifications signs links in letters with it, placement reads them.
"""

import base64
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from joserfc.jwk import OKPKey

from chassis.contracts import SERVICES

LINKED = ("placement", "notifications")
"""The services that hold the key of links."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What one service may sign, seal and open with. A part that is not its own is None."""

    service: str
    root_public: OKPKey | None = None
    root_private: OKPKey | None = field(default=None, repr=False)
    sealing_private: OKPKey | None = field(default=None, repr=False)
    sealing_public: dict[str, OKPKey] = field(default_factory=dict)
    kek: bytes | None = field(default=None, repr=False)
    links: bytes | None = field(default=None, repr=False)


def _key(path: Path) -> OKPKey | None:
    return OKPKey.import_key(path.read_bytes()) if path.exists() else None


def load(directory: Path, service: str) -> Keys:
    """Read the files that belong to a service. A missing file leaves its part None."""
    kek = directory / f"kek_{service}"
    links = directory / "links"
    public = {
        name: key
        for name in SERVICES
        if (key := _key(directory / f"sealing_{name}.pub.pem")) is not None
    }
    return Keys(
        service=service,
        root_public=_key(directory / "root_public.pem"),
        root_private=_key(directory / "root_private.pem") if service == "registration" else None,
        sealing_private=_key(directory / f"sealing_{service}.pem"),
        sealing_public=public,
        kek=base64.b64decode(kek.read_text()) if kek.exists() else None,
        links=base64.b64decode(links.read_text()) if service in LINKED and links.exists() else None,
    )


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def _pair(directory: Path, private_name: str, public_name: str, key: Any) -> None:
    if (directory / private_name).exists():
        return
    _write(
        directory / private_name,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write(
        directory / public_name,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def make(directory: Path) -> None:
    """Make every key that is missing; what is there stays as it is."""
    directory.mkdir(parents=True, exist_ok=True)
    _pair(directory, "root_private.pem", "root_public.pem", ed25519.Ed25519PrivateKey.generate())
    for service in SERVICES:
        _pair(
            directory,
            f"sealing_{service}.pem",
            f"sealing_{service}.pub.pem",
            x25519.X25519PrivateKey.generate(),
        )
    for name in (*(f"kek_{service}" for service in SERVICES), "links"):
        if not (directory / name).exists():
            _write(directory / name, base64.b64encode(os.urandom(32)))


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else "secrets"))
