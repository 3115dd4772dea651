# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server with its store in a PostgreSQL of the network: by TLS alone, to the one that was named, and without the network for app."""
import datetime
import ipaddress
import os
import shutil
import signal
import socket
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import pgserver
import test_support as support
from harness import wait_for
from peers import DAY, Authority, name_of
from test_desk import ask, run
from test_support_postgresql import refused

PASSWORD = "seven quiet owls ~"
pytestmark = [pytest.mark.skipif(pgserver.missing() is not None, reason=pgserver.missing() or "")]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def certified(authority, *names, address=None):
    """A certificate of the authority for these names, with its key, in PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.utcnow()
    authority.last += 1
    said = [x509.DNSName(n) for n in names] + ([x509.IPAddress(ipaddress.ip_address(address))] if address else [])
    made = (x509.CertificateBuilder().subject_name(name_of("of the store")).issuer_name(authority.name).public_key(key.public_key()).serial_number(authority.last)
            .not_valid_before(now - DAY).not_valid_after(now + 30 * DAY).add_extension(x509.SubjectAlternativeName(said), False)
            .sign(authority.key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.PEM).decode() + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.fixture(scope="module")
def authority():
    return Authority("store")


@pytest.fixture(scope="module")
def server(authority):
    one = pgserver.Server().at(free_port())
    one.tls(certified(authority, "localhost", address="127.0.0.1"))
    one.lets_in()
    with one:
        one.sql(f"CREATE ROLE net LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE ON DATABASE postgres TO net")
        yield one


def keep(service, name, text, mode=0o600):
    path = service.dir / name
    path.write_text(text)
    path.chmod(mode)


@pytest.fixture
def service(tmp_path, server, authority, monkeypatch):
    monkeypatch.delenv("TW_STORE_URL", raising=False)
    server.lets_in("hostssl all net 127.0.0.1/32 scram-sha-256")
    one = support.Service(tmp_path)
    if os.geteuid() == 0:
        with open(one.dir / "roles.tab", "a", encoding="utf-8") as tab:
            tab.write("store 64509 64509\n")
    (one.programs / "thingward-store").exists() or shutil.copy(support.STORE, one.programs)
    one.schema = f"n{os.urandom(4).hex()}"
    one.where = f"postgresql://localhost:{server.port}/postgres?user=net&schema={one.schema}\n"
    keep(one, "store.url", one.where)
    keep(one, "store-password", PASSWORD + "\n")
    keep(one, "store-trust.pem", authority.pem(), 0o644)
    yield one
    one.stop()


def stored(server, service):
    return server.sql(f"SELECT json_extract(doc, '$.title') FROM \"{service.schema}_support\".desk_case ORDER BY id"
                      .replace("json_extract", f'"{service.schema}_support".json_extract')).split("\n")


def inet_sockets(pid):
    """Those of its own: by number, whether the kernel's table of TCP has them."""
    mine = {os.readlink(f)[8:-1] for f in Path(f"/proc/{pid}/fd").iterdir() if os.readlink(f).startswith("socket:[")}
    return {line.split()[9] for table in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]} & mine


def test_app_has_a_store_over_tls_and_no_network(service, server):
    roles = service.start().roles()
    assert sorted(roles) == ["app", "front", "keys", "store"]
    assert ask(service, "case", "create", "over the network")["id"] == "c1"
    assert stored(server, service) == ["over the network"]
    assert server.sql("SELECT version, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'net' AND ssl GROUP BY 1") == "TLSv1.3|1"
    assert inet_sockets(roles["store"]) and not inet_sockets(roles["app"])
    for name in ("store.url", "store-password"):
        assert not any(os.readlink(f).endswith(name) for f in Path(f"/proc/{roles['app']}/fd").iterdir())
    if os.geteuid() == 0:
        assert {n: os.stat(f"/proc/{p}").st_uid for n, p in roles.items()}["store"] in (0, 64509)  # not dumpable: its files are root's
        assert "Uid:\t64509" in Path(f"/proc/{roles['store']}/status").read_text()
    os.kill(roles["store"], signal.SIGKILL)
    wait_for(lambda: run(service, "case", "create", "behind another line").returncode == 0, 15)
    assert service.roles()["app"] == roles["app"] and stored(server, service) == ["over the network", "behind another line"]


def test_what_app_puts_in_the_sockets_place_stops_no_start(service):
    service.start()
    ask(service, "case", "create", "before")
    assert service.stop() == 0
    planted = service.dir / "app/.s.PGSQL.5432"
    planted.unlink()
    planted.write_text("in the way")
    os.chown(planted, (service.dir / "app").stat().st_uid, -1)
    service.start()
    assert ask(service, "case", "create", "after")["id"] == "c2" and "it is put away" in service.log()


def test_while_the_server_is_away_everybody_is_told(service, server):
    service.start()
    ask(service, "case", "create", "before")
    server.stop()
    try:
        wait_for(lambda: service.ask("/advisories")[0].status == 503, 10)
        r, body = service.ask("/advisories")
        assert r.status == 503 and int(r.getheader("Retry-After")) > 0 and "store.broken" in body
        r, body = service.ask("/api/v1/health")
        assert r.status == 503 and "store.broken" in body and "localhost" not in body and int(r.getheader("Retry-After")) > 0, body
        assert run(service, "case", "create", "meanwhile").returncode != 0
    finally:
        server.start()
    wait_for(service.well, 40)
    wait_for(lambda: run(service, "case", "create", "after").returncode == 0, 10)
    assert stored(server, service) == ["before", "after"]


def test_nothing_is_said_to_a_server_that_is_not_the_one(service, server, authority):
    """Each thing that a server, or somebody between, may leave out is refused by a rule with a name."""
    other = Authority("other")

    def none(why):
        refused(service, why)
        assert PASSWORD not in service.log()
        (service.folder / "log").write_text("")

    keep(service, "store-trust.pem", other.pem())
    none("store.tls: the certificate of localhost does not hold by store-trust.pem")
    (service.dir / "store-trust.pem").unlink()
    none("store.tls: there is no authority")
    keep(service, "store-trust.pem", authority.pem())
    keep(service, "store.url", service.where.replace("localhost", "127.0.0.2"))
    server_address = "store.name: the server at 127.0.0.2 shows the certificate of another name"
    with Forwarder(server.port) as forward:
        keep(service, "store.url", service.where.replace(f"localhost:{server.port}", f"127.0.0.2:{forward.port}"))
        none(server_address)
    keep(service, "store.url", service.where)
    for method in ("password", "md5", "trust"):
        server.sql("SET password_encryption = 'scram-sha-256'")
        server.lets_in(f"hostssl all net 127.0.0.1/32 {method}")
        if method != "md5":  # with md5 a password that is kept by SCRAM is asked for by SCRAM
            none("store.binding")
    server.lets_in("hostssl all net 127.0.0.1/32 scram-sha-256")
    keep(service, "store-password", "another\n")
    none("password authentication failed")
    (service.dir / "store-password").unlink()
    none("store.password: store-password: one line")
    keep(service, "store-password", PASSWORD, 0o644)
    none("open to others")
    keep(service, "store-password", PASSWORD)
    with Plain() as plain:
        keep(service, "store.url", service.where.replace(str(server.port), str(plain.port)))
        none("store.tls: localhost offers no TLS")
        assert plain.heard == [b"\0\0\0\x08\x04\xd2\x16\x2f"]  # and nothing else was said


def test_a_certificate_of_ours_is_shown_where_it_is_asked_for(service, server, authority):
    (server.data / "ca.pem").write_text(authority.pem())
    (server.data / "ca.pem").chmod(0o644)
    server.sql("ALTER SYSTEM SET ssl_ca_file = 'ca.pem'")
    server.lets_in("hostssl all net 127.0.0.1/32 scram-sha-256 clientcert=verify-ca")
    try:
        refused(service, "connection requires a valid client certificate")
        keep(service, "store-client.pem", "no certificate")
        refused(service, "store.client")
        keep(service, "store-client.pem", certified(authority, "desk"))
        service.start()
        assert ask(service, "case", "create", "by certificate")["id"] == "c1"
    finally:
        server.sql("ALTER SYSTEM RESET ssl_ca_file")


class Plain:
    """A server that has no TLS, and writes down what it is told."""

    def __enter__(self):
        import threading
        self.socket, self.heard = socket.create_server(("127.0.0.1", 0)), []
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def _serve(self):
        try:
            while True:
                with self.socket.accept()[0] as one:
                    one.settimeout(2)
                    said = one.recv(4096)
                    one.sendall(b"N")
                    more = one.recv(4096)
                    if not self.heard or more:
                        self.heard.append(said + more)
        except OSError:
            pass

    def __exit__(self, *_):
        self.socket.close()


class Forwarder:
    """The same server at another address."""

    def __init__(self, to):
        self.to = to

    def __enter__(self):
        import threading
        self.socket = socket.create_server(("127.0.0.2", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def _serve(self):
        import threading

        def pass_on(a, b):
            try:
                while data := a.recv(65536):
                    b.sendall(data)
            except OSError:
                pass
            for s in (a, b):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        try:
            while True:
                near = self.socket.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.to))
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=pass_on, args=(a, b), daemon=True).start()
        except OSError:
            pass

    def __exit__(self, *_):
        self.socket.close()
