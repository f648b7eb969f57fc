"""The one origin of the local stack."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from deploy.local import ports
from deploy.local.proxy import create_app


@pytest.fixture
def proxy() -> Iterator[Client]:
    """A proxy before two services that answer with what they were asked."""
    chosen = ports.choose(["registration", "placement", "notifications"], {})
    servers = []
    for service in ("registration", "placement"):

        @Request.application
        def echo(request: Request, service: str = service) -> Response:
            told = {
                "service": service,
                "path": request.path,
                "query": request.args.get("q"),
                "host": request.host,
                "for": request.headers.get("X-Forwarded-For"),
                "body": request.get_data(as_text=True),
            }
            return Response(json.dumps(told), mimetype="application/json")

        server = make_server("127.0.0.1", chosen[service], echo, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    yield Client(create_app(chosen))
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "registration"),
        ("/surveys/1", "registration"),
        ("/placement/offers", "placement"),
        ("/placement", "placement"),
        ("/placements", "registration"),
    ],
)
def test_a_path_goes_whole_to_the_service_that_its_prefix_names(
    proxy: Client, path: str, service: str
) -> None:
    told = proxy.get(path).get_json()
    assert told["service"] == service
    assert told["path"] == path


def test_korean_paths_queries_and_escaped_slashes_arrive_as_they_were_sent(proxy: Client) -> None:
    told = proxy.get("/placement/체험%2F진로?q=가/나").get_json()
    assert told["path"].startswith("/placement/체험")
    assert told["query"] == "가/나"


def test_host_address_and_body_reach_the_service(proxy: Client) -> None:
    told = proxy.post(
        "/placement/x",
        data="체험",
        base_url="http://127.0.0.1:8080",
        environ_base={"REMOTE_ADDR": "::1"},
    ).get_json()
    assert (told["host"], told["for"], told["body"]) == ("127.0.0.1:8080", "::1", "체험")


def test_a_forged_forwarding_header_is_replaced(proxy: Client) -> None:
    told = proxy.get("/", headers={"X-Forwarded-For": "1.2.3.4"}).get_json()
    assert told["for"] != "1.2.3.4"


@pytest.mark.parametrize("path", ["/metrics", "/placement/metrics", "/metrics/"])
def test_metrics_are_not_shown_through_the_origin(proxy: Client, path: str) -> None:
    assert proxy.get(path).status_code == 404


def test_a_service_that_is_down_is_a_bad_gateway(proxy: Client) -> None:
    assert proxy.get("/notifications/").status_code == 502
