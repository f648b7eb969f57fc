"""A mail server that delivers nothing and shows everything: SMTP, a page, and a JSON API.

    GET    /                        all mails for a person, newest first; ?to=ADDRESS narrows
    GET    /messages/<id>           one mail
    GET    /api/messages            all mails whole, newest first; ?to=ADDRESS narrows
    GET    /api/v1/messages         Mailpit's list: ?start=0&limit=50
    GET    /api/v1/message/<id>     Mailpit's whole mail; /raw as it came
    DELETE /api/messages            forget all mails (also /api/v1/messages)

Failures that a real provider shows can be asked for by the recipient's domain: `bounce.example` is
refused for good (550), `greylist.example` is refused once for the moment (451) and then taken.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import WSGIRequestHandler, make_server

from deploy.local.mailbox import Mail, Mailbox

LARGEST_MAIL = 20 * 1024**2


class Catcher:
    """aiosmtpd's handler: refuses what it is asked to refuse, keeps the rest."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._greylisted: set[str] = set()

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take or refuse a recipient."""
        domain = address.rpartition("@")[2].lower()
        if domain == "bounce.example":
            return "550 5.1.1 no such mailbox"
        if domain == "greylist.example" and address not in self._greylisted:
            self._greylisted.add(address)
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep the mail before acknowledging it."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        mail = self._mailbox.add(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return f"250 2.0.0 kept as {mail.id}"


def create_app(mailbox: Mailbox) -> Flask:
    """Build the page and the API over a mailbox."""
    app = Flask(__name__)

    def chosen() -> list[Mail]:
        wanted = request.args.get("to", "").lower()
        mails = mailbox.all()
        return [m for m in mails if wanted in map(str.lower, m.recipients)] if wanted else mails

    @app.get("/")
    def page() -> str:
        return render_template("mailbox.html", mails=chosen(), to=request.args.get("to", ""))

    @app.get("/messages/<name>")
    def message(name: str) -> str:
        return render_template("mail.html", mail=_found(mailbox, name))

    @app.get("/messages/<name>/html")
    def html(name: str) -> Response:
        answer = Response(_found(mailbox, name).body("html"), mimetype="text/html")
        # A mail's HTML is somebody else's: it may look, not act.
        answer.headers["Content-Security-Policy"] = (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        )
        return answer

    @app.get("/api/messages")
    def whole_list() -> ResponseReturnValue:
        return jsonify([mail.whole for mail in chosen()])

    @app.get("/api/v1/messages")
    def listing() -> ResponseReturnValue:
        start, limit = request.args.get("start", 0, int), request.args.get("limit", 50, int)
        mails = mailbox.all()
        page = [mail.summary for mail in mails[start : start + limit]]
        return jsonify(total=len(mails), count=len(page), start=start, messages=page)

    @app.get("/api/v1/message/<name>")
    def one(name: str) -> ResponseReturnValue:
        return jsonify(_found(mailbox, name).whole)

    @app.get("/api/v1/message/<name>/raw")
    def raw(name: str) -> Response:
        return Response(_found(mailbox, name).raw, mimetype="text/plain")

    @app.delete("/api/messages")
    @app.delete("/api/v1/messages")
    def clear() -> ResponseReturnValue:
        mailbox.clear()
        return "", 204

    return app


def _found(mailbox: Mailbox, name: str) -> Mail:
    mail = mailbox.get(name)
    if mail is None:
        abort(404)
    return mail


class _Quiet(WSGIRequestHandler):
    """The list is looked at often; its requests are of no interest."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def main(arguments: list[str]) -> None:
    """Serve: DIRECTORY SMTP-PORT WEB-PORT, until SIGTERM."""
    directory, smtp_port, web_port = arguments
    mailbox = Mailbox(Path(directory))
    smtp = Controller(
        Catcher(mailbox),
        hostname="127.0.0.1",
        port=int(smtp_port),
        data_size_limit=LARGEST_MAIL,
        enable_SMTPUTF8=True,
    )
    smtp.start()
    web = make_server(
        "127.0.0.1", int(web_port), create_app(mailbox), threaded=True, request_handler=_Quiet
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    threading.Thread(target=web.serve_forever, daemon=True).start()
    stop.wait()
    smtp.stop()
    # Threads of open pages would keep the process; every mail is on disk already.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
