# SPDX-License-Identifier: Apache-2.0
"""Long bodies: every byte reaches core, none stays in front's own memory, and only so many are collected at a time."""
import json

from front import Harness, Peer, heap

KNOWN = b"GET /api/v1/known HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /api/v1/known HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
AT_A_TIME = 8
PER_PEER = 64 * 1024


def known(front):
    peer = Peer(front.address)
    peer.send(KNOWN)
    assert peer.answer() == 200
    return peer


def test_every_byte_arrives():
    with Harness() as front:
        peer = known(front)
        for size in (65536, 65537, 100000, 1 << 20):
            peer.send(POST % size + b"xy" * (size // 2) + b"x" * (size % 2))
            assert peer.answer() == 200
            assert json.loads(peer.body) == {"size": size, "x": size - size // 2}


def test_they_are_few_and_not_in_our_memory():
    with Harness() as front:
        peers = [known(front) for _ in range(AT_A_TIME)]
        late = known(front)
        before = heap(front.pid)
        for peer in peers:
            peer.send(POST % 1000000 + b"x" * 900000)
        for peer in peers:
            assert peer.quiet() is None
        assert heap(front.pid) - before < AT_A_TIME * PER_PEER
        late.send(POST % 1000000 + b"x" * 900000)
        assert late.answer() == 503
        for peer in peers:
            peer.tls.settimeout(5)
            peer.send(b"x" * 100000)
            assert peer.answer() == 200
            assert json.loads(peer.body) == {"size": 1000000, "x": 1000000}
        again = known(front)
        again.send(POST % 100000 + b"x" * 100000)
        assert again.answer() == 200


def test_a_body_that_ends_early_leaves_nothing():
    with Harness() as front:
        for _ in range(3 * AT_A_TIME):
            peer = known(front)
            peer.send(POST % 100000 + b"x" * 90000)
            peer.tls.close()
        peer = known(front)
        peer.send(POST % 100000 + b"x" * 100000)
        assert peer.answer() == 200
