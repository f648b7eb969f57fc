"""A real Kafka broker on one node (KRaft): its settings, its command, and whether it answers."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from deploy.local import machine
from deploy.local.machine import ROOT, STORE
from deploy.local.refusal import Refusal

HEAP = "384m"
FORMATTED = STORE / "jars" / "kafka-4.3.1-formatted"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qk"
WITH_ROOM = ROOT / "deploy" / "kafka" / "with_room.sh"

# One node holds everything once; the session time-out of 3 s is what makes a restart after kill -9
# take five seconds instead of twelve.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.network.threads=2
num.io.threads=4
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
unclean.leader.election.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""


def prepare(directory: Path, port: int, controller: int, class_path: str) -> list[str]:
    """Write the settings into `directory`, format its storage if new, return the command."""
    data = directory / "data"
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "server.properties"
    settings.write_text(
        PROPERTIES.format(port=port, controller=controller, data=data), encoding="utf-8"
    )
    java = str(machine.java())
    if not (data / "meta.properties").exists():
        with machine.alone(FORMATTED.parent):
            _format(java, class_path)
        shutil.copytree(FORMATTED, data, dirs_exist_ok=True)
    return [
        str(WITH_ROOM),
        str(directory),
        java,
        f"-Xmx{HEAP}",
        f"-Xms{HEAP}",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "-Dlog4j2.configurationFile=" + str(Path(__file__).with_name("log4j2.properties")),
        "-cp",
        class_path,
        "kafka.Kafka",
        str(settings),
    ]


def _format(java: str, class_path: str) -> None:
    """Format an empty storage once; later ones are copies, which saves a Java start each time."""
    if (FORMATTED / "meta.properties").exists():
        return
    working = FORMATTED.with_suffix(".new")
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    settings = working.with_suffix(".properties")
    settings.write_text(
        PROPERTIES.format(port=9092, controller=9093, data=working), encoding="utf-8"
    )
    options = ["-t", CLUSTER, "-c", str(settings), "--ignore-formatted"]
    answer = subprocess.run(
        [java, "-cp", class_path, "kafka.tools.StorageTool", "format", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    settings.unlink()
    if answer.returncode != 0:
        lines = (answer.stderr + answer.stdout).strip().splitlines()
        raise Refusal(f"Kafka could not format its storage: {lines[-1] if lines else 'no reason'}")
    shutil.rmtree(FORMATTED, ignore_errors=True)
    working.replace(FORMATTED)


def answers(port: int) -> bool:
    """Tell whether the broker serves requests and counts itself as a live member of its cluster.

    The port opens earlier than that, so an API call is the test; the port is looked at first
    because the client's constructor would block for long while nobody listens.
    """
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        client = KafkaAdminClient(
            bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=3000, client_id="stack"
        )
    except KafkaError:
        return False
    try:
        return bool(client.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        client.close()
