"""A server whose certificate an organization's own authority has signed."""

from __future__ import annotations

import http.server
import shutil
import ssl
import subprocess
import threading

import pytest

from aspara.client.http_client import HttpClient
from aspara.client.transport import Transport
from aspara.errors import AsparaError


class _Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server(tmp_path):
    """Its address and its certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("There is no openssl to make a certificate with.")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Healthy) as served:
        served.socket = context.wrap_socket(served.socket, server_side=True)
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{served.server_port}", certificate
        served.shutdown()
        thread.join()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_is_trusted_where_the_environment_names_it(server, variable, monkeypatch):
    """For runs that are sent and runs that are read; without it the server is refused."""
    address, certificate = server
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert not Transport(address).healthy(5)
    with pytest.raises(AsparaError):
        HttpClient(address).get("health")
    monkeypatch.setenv(variable, str(certificate))
    assert Transport(address).healthy(5)
    assert HttpClient(address).get("health") == {"status": "ok"}
