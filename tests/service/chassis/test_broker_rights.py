"""The deployed broker's own settings: each principal can do what topics.yaml says, nothing else."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from kafka.errors import KafkaError

from chassis.context import Context
from chassis.contracts import SERVICES, topics
from chassis.events import probe
from chassis.events.broker import BrokerAway, Outgoing, Publisher
from chassis.events.topics import Admin, MissingTopics, NoRight, present, scan
from chassis.settings import Settings
from deploy.compose import kafka_setup
from deploy.local import broker, jars, ports
from deploy.local.machine import ROOT

Principals = dict[str, Settings]
MANY = 64
READ_SECONDS = 30.0


def properties(client: int, inner: int, controller: int, data: Path) -> str:
    """`deploy/kafka/server.properties`, with the ports and the directory of this test."""
    text = (ROOT / "deploy/kafka/server.properties").read_text()
    for old, new in (
        ("CLIENT://kafka:9092", f"CLIENT://127.0.0.1:{client}"),
        ("CLIENT://:9092", f"CLIENT://127.0.0.1:{client}"),
        ("127.0.0.1:9094", f"127.0.0.1:{inner}"),
        ("127.0.0.1:9093", f"127.0.0.1:{controller}"),
        ("/var/lib/kafka/data", str(data)),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def principals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Principals]:
    """A broker made ready by the deployment's own job; the settings of each service."""
    folder, secrets = tmp_path_factory.mktemp("kafka"), tmp_path_factory.mktemp("secrets")
    for service in SERVICES:
        (secrets / f"kafka_{service}").write_text(f"password-of-{service}")
    chosen = ports.choose(["client", "inner", "controller"], {})
    classes = jars.class_path(lambda line: None)
    command = broker.prepare(folder, chosen["client"], chosen["controller"], classes)
    own = properties(chosen["client"], chosen["inner"], chosen["controller"], folder / "data")
    (folder / "server.properties").write_text(own)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    patch = pytest.MonkeyPatch()
    try:
        patch.setattr(kafka_setup, "BROKER", f"127.0.0.1:{chosen['inner']}")
        patch.setattr(kafka_setup, "SECRETS", secrets)
        kafka_setup.main()
        yield {
            service: Settings(
                service=service,
                kafka_bootstrap=f"127.0.0.1:{chosen['client']}",
                kafka_security="SASL_PLAINTEXT",
                kafka_user=service,
                kafka_password_file=secrets / f"kafka_{service}",
            )
            for service in SERVICES
        }
    finally:
        patch.undo()
        server.kill()
        server.wait(20)


def test_a_role_that_waits_hears_a_broker_that_wants_a_password(principals: Principals) -> None:
    heard = threading.Event()

    class Waiting:
        settings = principals["placement"]

        def beat(self) -> None:
            """Nobody looks."""

        def stopping(self) -> bool:
            return heard.is_set()

        def wait(self, seconds: float) -> bool:
            heard.set()
            raise AssertionError("the broker runs, and was not heard at the first question")

    probe.awaited(cast(Context, Waiting()))
    assert not heard.is_set()


def said(topic: str) -> Outgoing:
    return Outgoing(topic, "k", b"{}", [("ce_sequence", b"1")])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_writes_its_own_topics_and_no_other(principals: Principals, service: str) -> None:
    publisher = Publisher(principals[service])
    outcome = publisher.publish([said(name) for name in topics()])
    written = {name for name, sent in zip(topics(), outcome, strict=True) if sent.refused is None}
    refusals = {sent.refused for sent in outcome} - {None}
    assert written == {name for name, topic in topics().items() if topic.owner == service}
    assert refusals == {"TopicAuthorizationFailedError"}


@pytest.fixture(scope="module")
def filled(principals: Principals) -> Principals:
    """Every partition holds a message, so that reading it comes to an end."""
    for service, settings in principals.items():
        own = [name for name, topic in topics().items() if topic.owner == service]
        many = [Outgoing(name, f"key-{n}", b"{}", []) for name in own for n in range(MANY)]
        assert all(sent.refused is None for sent in Publisher(settings).publish(many))
    return principals


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_what_it_consumes_or_owns_and_sees_no_other(
    filled: Principals, service: str
) -> None:
    readable = {
        name
        for name, topic in topics().items()
        if service == topic.owner or service in topic.consumers
    }
    admin = Admin(filled[service])
    seen = set(admin.described(sorted(topics())))
    admin.close()
    assert seen == readable
    assert read_by(filled[service], readable) == readable


@pytest.mark.parametrize("service", SERVICES)
def test_reading_a_foreign_topic_ends_at_once_with_its_name(
    principals: Principals, service: str
) -> None:
    foreign = sorted(
        name
        for name, topic in topics().items()
        if service != topic.owner and service not in topic.consumers
    )
    assert foreign
    with pytest.raises(NoRight, match=foreign[0]):
        list(scan(principals[service], {}, {(foreign[0], 0): 1}))


def test_topics_that_are_not_shown_to_a_service_yet_are_missing_and_not_refused_for_good(
    principals: Principals,
) -> None:
    with pytest.raises(MissingTopics, match=r"registration\.contacts.*run `topics` first"):
        present(principals["placement"], ["registration.surveys", "registration.contacts"])


def read_by(settings: Settings, names: set[str]) -> set[str]:
    """The topics of which a principal gets a message, for as long as there may be one."""
    found: set[str] = set()
    end = time.monotonic() + READ_SECONDS
    for batch in scan(settings, {}, {(name, 0): 1 for name in names}):
        found |= {record.topic for record in batch}
        if found == names or time.monotonic() > end:
            break
    return found


@pytest.mark.parametrize("service", ["placement", "notifications"])
def test_a_forged_key_is_refused_at_the_broker(principals: Principals, service: str) -> None:
    (sent,) = Publisher(principals[service]).publish([said("registration.keys")])
    assert sent.refused == "TopicAuthorizationFailedError"


def test_a_wrong_password_opens_nothing(principals: Principals, tmp_path: Path) -> None:
    (tmp_path / "guessed").write_text("guessed")
    guess = {"kafka_password_file": tmp_path / "guessed"}
    settings = principals["placement"].model_copy(update=guess)
    with pytest.raises((BrokerAway, KafkaError)):
        Publisher(settings).publish([said("placement.offers")])
