# SPDX-License-Identifier: Apache-2.0
"""What whoever runs the manufacturer's server does: the first start by questions or by a file, what is wrong before a start, and the site's
certificate, which is renewed while people are connected."""
import json
import os
import pty
import ssl
import subprocess
import threading
import http.client

import pytest

import test_support as support
from harness import wait_for

HOST = "security.example.com"
ANSWERS = {"name": "Example Works", "site": f"https://{HOST}", "contacts": ["mailto:psirt@example.com"], "expires": "2099-01-01T00:00:00Z"}


@pytest.fixture
def service(tmp_path):
    one = support.Service(tmp_path)
    yield one
    one.stop()


def operate(service, *words, **options):
    command = [support.PROGRAM, *words, "--dir", service.dir]
    if words[0] == "check":
        command += ["--role-program", service.programs / support.ROLE.name]
    return subprocess.run(command, text=True, capture_output=True, check=False, **options)


def init(service, answers=None):
    path = service.folder / "answers.json"
    path.write_text(json.dumps({**ANSWERS, **(answers or {})}))
    return operate(service, "init", "--from", path)


def openssl(*words, **options):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, **options)


class Authority:
    """Of RSA, as many that people use are; what it signs is of P-256."""

    def __init__(self, folder):
        self.folder, self.certificate, self.key = folder, folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate, "-subj", "/CN=Authority", "-days", 400)

    def make(self, name, host=HOST, days=90, key="P-256"):
        """Paths of chain and key."""
        key_path, request, one, chain, more = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt", "pem", "cnf"))
        more.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        kind = ["rsa:2048"] if key == "rsa" else ["ec", "-pkeyopt", f"ec_paramgen_curve:{key}"]
        openssl("req", "-newkey", *kind, "-nodes", "-keyout", key_path, "-out", request, "-subj", f"/CN={host}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", days, "-extfile", more, "-out", one)
        chain.write_text(one.read_text() + self.certificate.read_text())
        return chain, key_path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def take(service, pair):
    return operate(service, "certificate", "import", "--chain", pair[0], "--key", pair[1])


def connect(service, authority=None):
    """A connection under the site's name; with an authority, as a browser that knows it alone."""
    address, port = (service.dir / "listening").read_text().strip().rsplit(":", 1)
    context = ssl.create_default_context(cafile=authority.certificate) if authority else ssl._create_unverified_context()
    c = http.client.HTTPSConnection(address, int(port), timeout=10)
    c.sock = context.wrap_socket(__import__("socket").create_connection((address, int(port)), timeout=10), server_hostname=HOST)
    return c


def get(c, path="/api/v1/health", host=HOST):
    c.request("GET", path, headers={"Host": host})
    answer = c.getresponse()
    return answer.status, answer.read().decode()


def local(service, path):
    said = subprocess.run(["curl", "-s", "--unix-socket", service.dir / "desk.sock", f"http://localhost{path}"], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def test_from_a_file_to_a_page_under_its_name(service):
    before = operate(service, "check")
    assert before.returncode == 1 and "thingward-support init" in before.stdout
    assert operate(service, "init", stdin=subprocess.DEVNULL).returncode == 1  # nobody to ask
    wrong = init(service, {"site": "http://example.com"})
    assert wrong.returncode == 1 and "site is https://" in wrong.stderr and not (service.dir / "app/desk.json").exists()
    done = init(service)
    assert done.returncode == 0, done.stderr
    assert "fingerprint  SHA-256 " in done.stdout and f"https://{HOST}/" in done.stdout
    again = init(service)
    assert again.returncode == 1 and "Example Works" in again.stderr
    checked = operate(service, "check")
    assert checked.returncode == 0 and "self-signed" in checked.stdout, checked.stdout
    if os.geteuid() == 0:
        assert {(service.dir / name).stat().st_uid for name in ("app", "app/desk.json")} == {support.IDS["app"]}
        assert (service.dir / "keys/listener.pem").stat().st_uid == support.IDS["keys"]
    service.start()
    c = connect(service)
    assert get(c)[0] == 200
    shown = ssl.DER_cert_to_PEM_cert(c.sock.getpeercert(True))
    assert shown in (service.dir / "keys/listener.pem").read_text()
    assert get(connect(service), host="elsewhere.example.com")[0] == 421
    assert f"Canonical: https://{HOST}/.well-known/security.txt" in get(connect(service), "/.well-known/security.txt")[1]


def test_by_questions(service):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([support.PROGRAM, "init", "--dir", service.dir], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    os.write(ours, f"Example Works\nexample.com\nhttps://{HOST}\nsomebody\nmailto:psirt@example.com\n\n\n".encode())
    said, _ = process.communicate(timeout=10)
    assert process.returncode == 0, said
    assert "site is https:// and a host" in said and "a contact is https://, mailto: or tel:" in said
    desk = json.loads((service.dir / "app/desk.json").read_text())
    assert (desk["name"], desk["site"], desk["contacts"]) == ("Example Works", f"https://{HOST}", ["mailto:psirt@example.com"])
    os.close(ours)
    os.close(theirs)


def test_check_says_what_is_wrong(service):
    assert init(service).returncode == 0
    desk = service.dir / "app/desk.json"
    desk.write_text(desk.read_text().replace("2099", "2020"))
    said = operate(service, "check")
    assert said.returncode == 1 and "wrong  security.txt ended at 2020-01-01" in said.stdout
    desk.write_text("{")
    assert "wrong" in operate(service, "check").stdout
    service.dir.chmod(0o755)
    said = operate(service, "check")
    assert said.returncode == 1 and "chmod 700" in said.stdout


REFUSED = {
    "listener.name": {"host": "example.com"},
    "listener.key": {"key": "rsa"},
}


def test_certificates_that_are_not_taken(service, authority):
    pair = authority.make("good")
    assert "thingward-support init" in take(service, pair).stderr
    assert init(service).returncode == 0
    before = (service.dir / "keys/listener.pem").read_bytes()
    cases = {rule: authority.make(rule, **options) for rule, options in REFUSED.items()}
    cases["listener.form"] = (pair[1], pair[1])
    other = authority.make("other")
    tries = [*cases.items(), ("listener.key", (pair[0], other[1])), ("listener.name", authority.make("wild", host="*.example.com"))]
    for rule, given in tries:
        said = take(service, given)
        assert said.returncode == 1 and f"{rule}:" in said.stderr, (rule, said.stderr)
    assert (service.dir / "keys/listener.pem").read_bytes() == before


def test_renewed_while_people_are_there(service, authority):
    assert init(service).returncode == 0
    service.start()
    first = connect(service)
    assert get(first)[0] == 200
    done = take(service, authority.make("one"))
    assert done.returncode == 0 and "the running service goes on with it" in done.stdout, done.stderr
    second = connect(service, authority)  # who knows the authority alone is content: the chain is whole
    assert get(second)[0] == 200 and get(first)[0] == 200
    failed, stop = [], threading.Event()

    def newcomers():
        while not stop.is_set():
            try:
                assert get(connect(service, authority))[0] == 200
            except OSError as error:
                failed.append(error)

    thread = threading.Thread(target=newcomers)
    thread.start()
    try:
        for name in ("two", "three", "four"):
            assert take(service, authority.make(name, days=20)).returncode == 0
    finally:
        stop.set()
        thread.join()
    assert not failed
    assert get(first)[0] == 200 and get(second)[0] == 200
    shown = local(service, "/api/v1/listener")
    assert (shown["names"], shown["certificates"], shown["self_signed"], shown["ends_soon"]) == ([HOST], 2, False, True)
    wait_for(lambda: "ends at" in service.log(), 5)
    assert "recording that the listener" not in service.log()  # the audit log took it, too
    assert "note   the certificate ends in 19 days" in operate(service, "check").stdout
    (service.dir / "keys/listener.pem").write_text("torn")  # by hand: it is refused, and the old one stays
    said = operate(service, "certificate", "reload")
    assert said.returncode == 1 and "certificate import" not in said.stdout and "refused" in said.stderr
    assert get(connect(service, authority))[0] == 200
