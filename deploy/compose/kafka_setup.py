"""Prepare the broker: one principal per service, its rights, and every topic. Idempotent.

Runs in the broker's network, where alone the listener without passwords is reachable, so that no
administrator's password exists. Rights that topics.yaml no longer gives are taken away.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import NoError

from chassis import logs
from chassis.away import patient
from chassis.contracts import SERVICES, topics
from chassis.events.topics import Admin
from chassis.settings import Settings
from deploy.compose.rights import Right, rights

BROKER = "127.0.0.1:9094"
SECRETS = Path("/run/secrets")
LIMIT = 120.0
ITERATIONS = 8192


def connect() -> KafkaAdminClient:
    """Wait for the broker; the log says so meanwhile."""
    return patient(
        lambda: KafkaAdminClient(bootstrap_servers=BROKER, bootstrap_timeout_ms=5000), LIMIT
    )


def set_passwords(admin: KafkaAdminClient) -> None:
    """Give each service's principal the password of its secret file."""
    alterations = [
        UserScramCredentialUpsertion(
            service,
            ScramMechanism.SCRAM_SHA_512,
            (SECRETS / f"kafka_{service}").read_text(encoding="ascii").strip(),
            iterations=ITERATIONS,
        )
        for service in SERVICES
    ]
    failed = {u: why for u, why in admin.alter_user_scram_credentials(alterations).items() if why}
    if failed:
        raise RuntimeError(f"the broker refused the passwords of {', '.join(failed)}")


def _acl(right: Right) -> ACL:
    return ACL(
        principal=f"User:{right.principal}",
        host="*",
        operation=ACLOperation[right.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(
            ResourceType[right.resource], right.name, ACLResourcePatternType[right.pattern]
        ),
    )


def _right(acl: Any) -> Right:
    pattern = acl.resource_pattern
    return Right(
        acl.principal.removeprefix("User:"),
        ACLOperation(acl.operation).name,
        ResourceType(pattern.resource_type).name,
        pattern.resource_name,
        ACLResourcePatternType(pattern.pattern_type).name,
    )


def set_rights(admin: KafkaAdminClient) -> tuple[int, int]:
    """Bring the broker's rights to what topics.yaml says; returns how many were given and taken."""
    wanted = rights(topics().values())
    everything = ACLFilter(
        principal=None,
        host=None,
        operation=ACLOperation.ANY,
        permission_type=ACLPermissionType.ANY,
        resource_pattern=ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
    present, error = admin.describe_acls(everything)
    if error is not NoError:
        raise RuntimeError(f"the broker did not tell its rights: {error}")
    there = {_right(acl): acl for acl in present}
    missing = sorted(wanted - there.keys())
    if missing:
        outcome = admin.create_acls([_acl(right) for right in missing])
        if outcome["failed"]:
            raise RuntimeError(f"the broker refused {len(outcome['failed'])} rights")
    obsolete = [acl for right, acl in there.items() if right not in wanted]
    if obsolete:
        admin.delete_acls(obsolete)
    return len(missing), len(obsolete)


def main() -> None:
    """Passwords, topics, rights."""
    logs.configure("setup", "kafka")
    admin = connect()
    try:
        set_passwords(admin)
        given, taken = set_rights(admin)
    finally:
        admin.close()
    settings = Settings(service="registration", kafka_bootstrap=BROKER, kafka_security="PLAINTEXT")
    maker = Admin(settings)
    try:
        made = maker.make(list(topics().values()))
    finally:
        maker.close()
    sys.stdout.write(f"{len(made)} topics made, {given} rights given, {taken} taken\n")


if __name__ == "__main__":
    main()
