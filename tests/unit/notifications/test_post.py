"""What a mail server is told, command by command."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from services.notifications.deliveries.post import Answer, Away, Post

CONTENT = b"Subject: x\r\n\r\n.first\r\nsecond\r\n..third\r\n"


class Server:
    """Answers each command with what the test wants, and keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.replies: dict[str, str] = {}
        self.hangs_up_at: str | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream: object) -> None:
        def reply(text: str) -> None:
            stream.write(f"{text}\r\n".encode())  # type: ignore[attr-defined]
            stream.flush()  # type: ignore[attr-defined]

        reply("220 here")
        for line in stream:  # type: ignore[attr-defined]
            said = line.decode().rstrip("\r\n")
            verb = said.partition(" ")[0].upper()
            self.said.append(said)
            if verb == self.hangs_up_at:
                return
            reply(self.replies.get(verb, "354 go on" if verb == "DATA" else "250 ok"))
            if verb == "DATA" and verb not in self.replies:
                while (line := stream.readline()) not in (b".\r\n", b""):  # type: ignore[attr-defined]
                    self.said.append(line.decode().rstrip("\r\n"))
                reply(self.replies.get(".", "250 ok"))


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that takes everything until it is told otherwise."""
    found = Server()
    yield found
    found.close()


@pytest.fixture
def post(server: Server) -> Iterator[Post]:
    """The way out to it."""
    found = Post("127.0.0.1", server.port, "ieum@ieum.example")
    yield found
    found.close()


def sent(post: Post, to: str = "kim@school.example") -> Answer:
    """Begin and end one e-mail."""
    return post.begin(to, CONTENT) or post.end()


def test_no_line_of_a_letter_ends_it_too_early(server: Server, post: Post) -> None:
    assert sent(post) == Answer("accepted")
    assert server.said[1:3] == ["MAIL FROM:<ieum@ieum.example>", "RCPT TO:<kim@school.example>"]
    assert server.said[-4:] == ["", "..first", "second", "...third"]


def test_an_address_with_unusual_signs_stays_one_address(server: Server, post: Post) -> None:
    sent(post, '"kim, lee"@school.example')
    assert server.said[2] == 'RCPT TO:<"kim, lee"@school.example>'


@pytest.mark.parametrize(
    ("verb", "reply", "answer"),
    [
        ("RCPT", "550 nobody", Answer("unknown_address", "smtp_550")),
        ("RCPT", "421 not now", Answer("deferred", "smtp_421")),
        ("MAIL", "451 later", Answer("deferred", "smtp_451")),
        ("DATA", "554 no", Answer("refused", "smtp_554")),
        (".", "554 no", Answer("refused", "smtp_554")),
    ],
)
def test_after_a_refusal_the_next_letter_goes_out(
    server: Server, post: Post, verb: str, reply: str, answer: Answer
) -> None:
    server.replies[verb] = reply
    assert sent(post) == answer
    server.replies.clear()
    assert sent(post) == Answer("accepted")


def test_a_server_that_hangs_up_after_a_refusal_has_refused(server: Server, post: Post) -> None:
    server.replies["RCPT"], server.hangs_up_at = "550 nobody", "RSET"
    assert sent(post).outcome == "unknown_address"
    server.replies.clear()
    assert sent(post) == Answer("accepted")


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "."])
def test_a_server_that_closes_is_away(server: Server, post: Post, verb: str) -> None:
    server.replies[verb] = "421 closing"
    with pytest.raises(Away):
        sent(post)
    server.replies.clear()
    assert sent(post) == Answer("accepted")
