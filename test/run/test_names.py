# SPDX-License-Identifier: Apache-2.0
"""The device under a DNS name: a certificate that an authority of the owner's has made over the listener's key, by the commands that the document gives."""
import socket
import ssl
import subprocess

import pytest

from harness import Client, spki

NAME = "pump.example"


@pytest.fixture(scope="module")
def owner(world):
    unit = world.device("NAMES").start()
    client = Client(unit)
    assert client.take().status == 201
    yield client
    unit.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Its key and certificate, where it works."""
    place = tmp_path_factory.mktemp("authority")
    openssl(place, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Works",
            "-days", "9")
    return place


def openssl(place, *words):
    subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True)


def issued(owner, place, names=f"DNS:{NAME}"):
    (place / "listener.pem").write_text(owner.ask("GET", "/api/v1/names").json["listener"])
    (place / "names.cnf").write_text(f"subjectAltName={names}\n")
    openssl(place, "x509", "-in", "listener.pem", "-noout", "-pubkey", "-out", "listener.pub")
    openssl(place, "x509", "-new", "-subj", f"/CN={NAME}", "-force_pubkey", "listener.pub", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "5", "-extfile",
            "names.cnf", "-out", "pump.pem")
    return (place / "pump.pem").read_text()


def by_name(owner, trusted, name=NAME, host=NAME):
    """As a browser that trusts this authority: the status of the first page."""
    context = ssl.create_default_context(cafile=trusted)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", owner.unit.port), timeout=10), server_hostname=name) as line:
        line.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{owner.unit.port}\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        return int(line.recv(65536).split()[1])


def test_by_the_name_it_is_trusted_and_by_others_it_is_nobody(owner, authority):
    listener = owner.listener()
    with pytest.raises(ssl.SSLCertVerificationError):
        by_name(owner, authority / "ca.pem")
    assert owner.ask("PUT", "/api/v1/names", {"certificate": issued(owner, authority)}).status == 204
    assert by_name(owner, authority / "ca.pem") == 200
    assert by_name(owner, authority / "ca.pem", host="attacker.example") == 421
    with pytest.raises(ssl.SSLCertVerificationError):
        by_name(owner, authority / "ca.pem", name="attacker.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        by_name(owner, authority / "pump.pem", name="attacker.example")
    assert owner.listener() == listener  # whoever has pinned the key goes on
    with owner.connect() as line:
        assert NAME.encode() not in line.getpeercert(binary_form=True)  # who has the address alone does not learn the name


def test_it_stays_over_a_restart_and_ends_when_it_is_taken_back(owner, authority):
    assert owner.ask("PUT", "/api/v1/names", {"certificate": issued(owner, authority)}).status == 204
    owner.unit.stop()
    owner.unit.start()
    assert by_name(owner, authority / "ca.pem") == 200
    assert owner.ask("GET", "/api/v1/names").json["names"] == [NAME]
    wild = owner.ask("PUT", "/api/v1/names", {"certificate": issued(owner, authority, "DNS:*.example")})
    assert (wild.status, wild.json["rule"]) == (400, "names.name")
    assert owner.ask("DELETE", "/api/v1/names").status == 204
    with pytest.raises(ssl.SSLCertVerificationError):
        by_name(owner, authority / "ca.pem")
    assert spki(ssl.PEM_cert_to_DER_cert(owner.ask("GET", "/api/v1/names").json["listener"])) == owner.listener()
