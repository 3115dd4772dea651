# SPDX-License-Identifier: Apache-2.0
"""The local socket and the console: who stands there is the kernel's word."""
import os
import socket
import subprocess
import sys

import pytest

from harness import Client, local

ASK = """
import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
method, path, body = (word.encode() for word in sys.argv[2:])
line.sendall(method + b" " + path + b" HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n")
if body:
    line.sendall(b"Content-Type: application/json\\r\\nContent-Length: %d\\r\\n" % len(body))
line.sendall(b"\\r\\n" + body)
print(line.makefile("rb").read().decode())
"""


def as_user(unit, uid, path, method="GET", body=""):
    done = subprocess.run([sys.executable, "-c", ASK, str(unit.run / "admin.sock"), method, path, body], user=uid, group=uid, extra_groups=[],
                          capture_output=True, text=True, timeout=10, check=True)
    return int(done.stdout.split()[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_root_is_local_and_others_are_anyone(owned):
    assert local(owned, "GET", "/api/v1/identity").status == 200
    assert as_user(owned, 58795, "/api/v1/identity") == 401
    assert as_user(owned, 58795, "/api/v1/health") == 200
    assert as_user(owned, 58714, "/api/v1/log") == 401


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_a_user_waits_whatever_process_asks(owned):
    def guess(uid):
        return as_user(owned, uid, "/api/v1/sessions", "POST", '{"code":"00000-00000"}')

    assert [guess(58795) for _ in range(7)] == [403] * 5 + [429] * 2
    assert guess(58796) == 403


def test_local_reads_but_does_not_change(owned):
    for path in ("/api/v1/identity", "/api/v1/capabilities", "/api/v1/settings", "/api/v1/log"):
        assert local(owned, "GET", path).status == 200, path
    assert local(owned, "PUT", "/api/v1/settings/identification.remote-read", {"value": "off"}).status == 403
    assert local(owned, "POST", "/api/v1/session-codes").status == 403
    records = local(owned, "GET", "/api/v1/log").json["records"]
    assert [r for r in records if r["type"] == "read" and r["subject"] == f"uid:{os.geteuid()}"]


def test_local_read_goes_on_when_remote_reading_is_off(owned):
    owned.json("settings", "change", "identification.remote-read", "off")
    assert local(owned, "GET", "/api/v1/identity").status == 200


def talk(unit, *pieces):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(unit.run / "admin.sock"))
        for piece in pieces:
            line.sendall(piece)
        raw = b""
        while piece := line.recv(65536):
            raw += piece
    return raw


def test_same_strict_parser(unit):
    for bad, status in ((b"GET /api/v1/health HTTP/1.1\nHost: x\n\n", b"400"), (b"GET /api/v1/health HTTP/1.0\r\n\r\n", b"505"),
                        (b"GET /api/v1/health HTTP/1.1\r\n\r\n", b"400"),
                        (b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
                        (b"GET /" + b"a" * 9000, b"4"), (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400")):
        answer = talk(unit, bad)
        assert answer.split()[1].startswith(status), (bad[:60], answer[:200])


def test_two_requests_in_one_write(unit):
    one = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert talk(unit, one + last).count(b'{"state":"ok"}') == 2


def test_chunked_body(unit):
    answer = talk(unit, b"POST /api/v1/commissioning/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
                  b"2\r\n{}\r\n", b"0\r\n\r\n")
    assert answer.split()[1] in (b"400", b"403")


def test_one_user_cannot_take_all_places(unit):
    lines = []
    for _ in range(9):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(5)
        line.connect(str(unit.run / "admin.sock"))
        lines.append(line)
    assert lines[0].recv(10) == b""
    for line in lines[1:]:
        line.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 200")
    for line in lines:
        line.close()


def test_console_shows_status_and_help(owned):
    assert "recover" in owned.at_console("help")
    said = owned.at_console("status")
    assert "has an owner" in said and "DI.IMS.1" in said
    assert "Not a command" in owned.at_console("reboot")


def code_in(said):
    return said.split("Type ")[1][:4]


def test_recovery_at_the_console(owned):
    owned.json("settings", "change", "identification.remote-read", "off")
    before = Client(owned).listener()
    code = code_in(owned.at_console("recover"))
    assert "Nothing was changed" in owned.at_console("no")
    assert owned.json("commissioning", "read")["owned"] is True
    code = code_in(owned.at_console("recover"))
    said = owned.at_console(code)
    secret = said.split("shown only now: ")[1][:32]
    stranger = Client(owned)
    assert stranger.listener() != before and stranger.listener().hex() in said
    assert stranger.ask("GET", "/api/v1/commissioning").json["owned"] is False
    # The old secret has ended, the new one begins; the record is kept and the settings are as delivered.
    assert stranger.take().status == 403
    assert stranger.take(secret=bytes.fromhex(secret)).status == 201
    assert stranger.ask("GET", "/api/v1/identity").status == 200
    records = stranger.ask("GET", "/api/v1/log?limit=100").json["records"]
    ended = [r for r in records if r.get("event") == "ownership.ended"][0]
    assert ended["fields"] == {"owners": 1, "settings": 1}
    assert [r for r in records if r.get("event") == "ownership.taken"][-1]["fields"]["owner"] == "alice"
    assert secret.encode() not in b"".join(p.read_bytes() for p in (owned.state / "log").iterdir())


def test_recovery_survives_a_restart(owned):
    code = code_in(owned.at_console("recover"))
    owned.at_console(code)
    assert owned.stop() == 0
    owned.start()
    assert Client(owned).ask("GET", "/api/v1/commissioning").json["owned"] is False
