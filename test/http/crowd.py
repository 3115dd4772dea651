#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Users who crowd the local door, in a process of their own: holding places, half-way through a request, or asking on and on.

    crowd.py SOCKET FORM UID COUNT [UID COUNT ...]

FORM is silent, half (a request that stays unfinished), idle (asked once) or busy (requests without end, answers not taken until
they are many). Each COUNT connections are made as UID and made again when the device ends them. Says "ready" when each was
opened once, and ends with its input.
"""
import os
import select
import socket
import sys

READ = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
SAID = {"silent": b"", "half": READ[:30], "idle": READ, "busy": READ * 90}


def as_user(uid):
    if os.geteuid() != uid:
        os.setresuid(-1, 0, -1)
        os.setresuid(-1, uid, -1)


def enter(path, form, uid):
    as_user(uid)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(1)
    try:
        line.connect(path)
        line.sendall(SAID[form])
    except OSError:
        line.close()
        return None
    line.setblocking(False)
    return line


def alive(line, form):
    try:
        if not line.recv(65536):
            return False
    except BlockingIOError:
        pass
    except OSError:
        return False
    if form == "busy":
        try:
            line.send(SAID[form])
        except BlockingIOError:
            pass
        except OSError:
            return False
    return True


def main(path, form, *shares):
    users = [int(uid) for uid, count in zip(shares[::2], shares[1::2]) for _ in range(int(count))]
    held = [None] * len(users)
    ready = False
    while not select.select([sys.stdin], [], [], 0.01 if ready else 0)[0]:
        for i, uid in enumerate(users):
            if held[i] and not alive(held[i], form):
                held[i].close()
                held[i] = None
            held[i] = held[i] or enter(path, form, uid)
        if not ready:
            print("ready", flush=True)
        ready = True


if __name__ == "__main__":
    main(*sys.argv[1:])
