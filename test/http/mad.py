#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The product's application gone mad: events without end, at the application's door.

    mad.py SOCKET UID COUNT SECONDS

Sends until COUNT are sent or SECONDS have passed, at most 64 without an answer, then takes the answers that are due. Says how many
were acknowledged, how many refused for want of budget, how many otherwise, and the seconds it took.
"""
import os
import socket
import sys
import time

EVENT, ACK, REFUSED = 0x0601, 0x0681, 0x0683
WINDOW = 64


def block(text):
    return len(text).to_bytes(2, "big") + text


def message(tag):
    payload = block(b"application.heating-on") + block(b'{"millidegrees":%d,"target":20}' % tag)
    return EVENT.to_bytes(2, "big") + b"\0\0" + tag.to_bytes(4, "big") + len(payload).to_bytes(4, "big") + payload


def main(path, uid, count, seconds):
    if os.geteuid() == 0:
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.settimeout(10)
    line.connect(path)
    line.send(message(0))
    line.recv(1000)  # the door is warm
    sent, seen = 0, {"acked": 0, "beyond": 0, "other": 0}
    messages = [message(tag) for tag in range(1, 1000)]
    begun = time.monotonic()
    while sum(seen.values()) < sent or (sent < count and time.monotonic() - begun < seconds):
        while sent - sum(seen.values()) < WINDOW and sent < count and time.monotonic() - begun < seconds:
            line.send(messages[sent % len(messages)])
            sent += 1
        answer = line.recv(1000)
        kind = int.from_bytes(answer[:2], "big")
        seen["acked" if kind == ACK else "beyond" if kind == REFUSED and b"application.budget" in answer else "other"] += 1
    print(*seen.values(), time.monotonic() - begun)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
