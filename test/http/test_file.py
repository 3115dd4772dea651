# SPDX-License-Identifier: Apache-2.0
"""Answers that front is given as a descriptor: every byte arrives, a slow reader costs no memory, and one that stops is ended."""
import os
import time

from front import Harness, Peer, heap

def taken(peer):
    """The body of the next answer; Peer itself is slow with long ones."""
    pieces, size = [], 0
    try:
        while size < len(WHOLE):
            piece = peer.tls.recv(65536)
            if not piece:
                break
            pieces.append(piece)
            if size == 0 and b"\r\n\r\n" in piece:
                assert piece.startswith(b"HTTP/1.1 200 ")
                pieces[-1] = piece.partition(b"\r\n\r\n")[2]
            size += len(pieces[-1])
    except OSError:
        pass
    return b"".join(pieces)


GET = b"GET /api/v1/file HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WHOLE = b"".join(b"%015x\n" % at for at in range(0, 4 << 20, 16))
READERS = 24
PER_READER = 64 * 1024  # OpenSSL's own buffers, and nothing of the file


def test_every_byte_arrives():
    with Harness() as front:
        peer = Peer(front.address)
        for _ in range(3):
            peer.send(GET)
            assert taken(peer) == WHOLE


def test_a_page_comes_between():
    """A fast reader of a long file does not keep the others waiting."""
    with Harness() as front:
        slow, quick = Peer(front.address), Peer(front.address)
        slow.send(GET)
        quick.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert quick.answer() == 200
        assert taken(slow) == WHOLE


def test_slow_readers_cost_no_memory():
    with Harness() as front:
        first = Peer(front.address)
        first.send(GET)
        assert taken(first) == WHOLE
        before = heap(front.pid)
        peers = [Peer(front.address) for _ in range(READERS)]
        for peer in peers:
            peer.send(GET)
        time.sleep(0.5)
        assert heap(front.pid) - before < READERS * PER_READER
        assert taken(peers[0]) == WHOLE


def test_who_stops_reading_is_ended():
    with Harness(body_ms=400) as front:
        held = len(os.listdir(f"/proc/{front.pid}/fd"))
        peer = Peer(front.address)
        peer.send(GET)
        time.sleep(0.2)
        assert len(os.listdir(f"/proc/{front.pid}/fd")) == held + 2  # the connection and the file
        time.sleep(1)
        assert len(os.listdir(f"/proc/{front.pid}/fd")) == held
        assert 0 < len(taken(peer)) < len(WHOLE)
