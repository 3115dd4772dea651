# SPDX-License-Identifier: Apache-2.0
"""Long bodies at the real device: they cross as sealed memory, and an operation takes no more of one than its row says."""
import json
import re

from harness import Client

SETTING = "/api/v1/settings/identification.remote-read"


def exchange(line, client, method, body=None, version=None):
    """Over one connection, because front takes long bodies only of whom core has known there."""
    sent = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {SETTING} HTTP/1.1", f"Host: {client.unit.address}", f"Content-Length: {len(sent)}", *([f"If-Match: {version}"] if version else []),
            *(["Content-Type: application/json"] if sent else [])]
    line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + sent)
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += line.recv(65536)
    top, _, rest = raw.partition(b"\r\n\r\n")
    while len(rest) < int(re.search(rb"Content-Length: (\d+)", top)[1]):
        rest += line.recv(65536)
    etag = re.search(rb"ETag: (\S+)", top)
    return int(top.split()[1]), json.loads(rest), etag and etag[1].decode()


def test_an_operation_says_how_much_it_takes(unit):
    owner = Client(unit)
    assert owner.take().status == 201
    with owner.connect() as line:
        _, _, version = exchange(line, owner, "GET")
        for size in (60000, 70000, 1000000):
            status, problem, _ = exchange(line, owner, "PUT", {"value": "x" * size}, version)
            assert (status, problem["rule"]) == ((400, "path.input") if size < 65000 else (413, "path.body-max"))
        assert exchange(line, owner, "PUT", {"value": "off"}, version)[0] == 200
        assert exchange(line, owner, "PUT", {"value": "x" * (1 << 20)}, version)[:1] == (413,)  # front's own: nobody takes so much
    for who in (owner, Client(unit, certificate=False)):
        with who.connect() as line:
            assert exchange(line, who, "PUT", {"value": "x" * 70000})[0] == 413  # not known yet
