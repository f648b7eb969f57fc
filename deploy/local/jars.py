"""Kafka's jars: fetched once, named and hashed in kafka.lock, compared with it at every start.

The lock holds coordinates and SHA-256, no addresses: where to fetch from is the machine's matter
(a Maven settings file, a proxy, certificates).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.machine import STORE, alone
from deploy.local.refusal import Refusal

LOCK = Path(__file__).with_name("kafka.lock")
DIRECTORY = STORE / "jars" / "kafka-4.3.1"
DOWNLOADS_AT_ONCE = 6
# Debian and Ubuntu; Fedora and RHEL; SUSE.
SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, as Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def repository_path(self) -> Path:
        """Where a Maven repository keeps it, relative to the repository's root."""
        return Path(*self.group.split("."), self.artifact, self.version, self.name)


def locked(lock: Path = LOCK) -> list[Jar]:
    """Read the lock: one jar a line, `SHA-256  group:artifact:version`."""
    jars = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            sha256, coordinate = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, sha256))
    return jars


def digest(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(directory: Path, jars: Iterable[Jar]) -> list[Jar]:
    """Return the jars that are not there yet; refuse one that is there with other contents."""
    missing = []
    for jar in jars:
        path = directory / jar.name
        if not path.exists():
            missing.append(jar)
        elif digest(path) != jar.sha256:
            raise Refusal(
                f"{path} is not the file that {LOCK.name} names (SHA-256 differs): "
                "remove it and try again; if it differs once more, distrust its source."
            )
    return missing


def class_path(progress: Callable[[str], None] = lambda _line: None) -> str:
    """Fetch what is missing, check everything against the lock, return Java's class path."""
    jars = locked()
    with alone(DIRECTORY):
        missing = verify(DIRECTORY, jars)
        if missing:
            progress(f"fetching Kafka ({len(missing)} jars)")
            fetch(missing, DIRECTORY)
    return os.pathsep.join(str(DIRECTORY / jar.name) for jar in jars)


def fetch(jars: list[Jar], directory: Path) -> None:
    """Bring the jars into `directory`, each moved there only after its checksum was right.

    jgo asks Maven Central without needing Maven. It does not read Maven's settings, so on a machine
    that has some (a mirror, credentials) Maven itself is asked, and so it is when jgo fails.
    """
    settings = Path.home() / ".m2" / "settings.xml"
    ways: list[Callable[[list[Jar], Path], None]] = [_by_jgo]
    if shutil.which("mvn"):
        ways.insert(0 if settings.exists() else 1, _by_maven)
    with TemporaryDirectory(dir=directory.parent) as temporary:
        arrived = Path(temporary)
        reasons = []
        for way in ways:
            try:
                way(jars, arrived)
                break
            except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
                if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                    raise Refusal(
                        f"The disk became full while Kafka's jars were fetched to {directory}: "
                        "make room (`make clean` removes what earlier runs left) and try again."
                    ) from None
                said = next(iter(str(error).splitlines()), "no reason was given")
                reasons.append(f"{type(error).__name__}: {said[:160]}")
        else:
            raise Refusal(
                f"Kafka's jars could not be fetched ({'; '.join(reasons)}): check the network, "
                "the proxy settings or Maven's settings.xml, and try again."
            )
        absent = verify(arrived, jars)
        if absent:
            raise Refusal(f"Kafka's jars could not be fetched: {absent[0].name} did not arrive.")
        for jar in jars:
            (arrived / jar.name).replace(directory / jar.name)


def _by_jgo(jars: list[Jar], arrived: Path) -> None:
    """Download each locked coordinate; nothing is resolved, so nothing else can come in."""
    from jgo.maven import MavenContext, PythonResolver

    _trust_what_the_machine_trusts()
    with TemporaryDirectory(dir=arrived.parent) as cache:
        context = MavenContext(
            repo_cache=Path(cache),
            local_repos=[Path.home() / ".m2" / "repository"],
            resolver=PythonResolver(),
            timeout=30,
        )

        def one(jar: Jar) -> None:
            component = context.project(jar.group, jar.artifact).at_version(jar.version)
            shutil.copyfile(component.artifact().resolve(), arrived / jar.name)

        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(one, jars))


def _trust_what_the_machine_trusts() -> None:
    """Let requests use the system's certificates, as pip and Maven do, instead of its own list.

    Behind a company's proxy only the system knows whom to trust.
    """
    if not os.environ.get("REQUESTS_CA_BUNDLE"):
        bundles = [os.environ.get("SSL_CERT_FILE", ""), *SYSTEM_CERTIFICATES]
        found = next((path for path in bundles if path and Path(path).is_file()), None)
        if found is not None:
            os.environ["REQUESTS_CA_BUNDLE"] = found


def _by_maven(jars: list[Jar], arrived: Path) -> None:
    """Let the machine's Maven download the locked coordinates, with its mirrors and settings."""
    wanted = "".join(
        f"<dependency><groupId>{jar.group}</groupId><artifactId>{jar.artifact}</artifactId>"
        f"<version>{jar.version}</version>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
        "</exclusions></dependency>"
        for jar in jars
    )
    pom = arrived / "pom.xml"
    pom.write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>ieum</groupId><artifactId>kafka</artifactId><version>1</version>"
        f"<packaging>pom</packaging><dependencies>{wanted}</dependencies></project>",
        encoding="utf-8",
    )
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    answer = subprocess.run(
        [*command, f"-DoutputDirectory={arrived}"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if answer.returncode != 0:
        lines = [line for line in answer.stdout.splitlines() if "ERROR" in line]
        raise RuntimeError(f"Maven failed: {lines[0] if lines else answer.stderr[:160]}")
