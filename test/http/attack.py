#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Slow peers of one kind, in a process of their own so that they do not delay whoever measures.

    attack.py PORT FORM COUNT SOURCES

FORM is idle, hello (a handshake a byte at a time), head, body (likewise), read (many answers asked for and hardly taken), or
stuffed (answers are not taken at all, and requests sent for as long as anybody has room for them).
COUNT connections come from SOURCES addresses of 127.0.0.0/8; what the device ends is opened anew, at most REOPEN each tick.
Says "ready" when each was tried once; at the end of its input says how many were opened, could not be, and were ended by the device, and ends.
"""
import select
import socket
import ssl
import sys

from front import client_hello, context

TICK_S = 0.1
REOPEN = 10
LARGE = b"GET /home.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ASKED = 300  # more than the kernel takes off the device's hands by itself
BEGINNINGS = {"head": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ", "body": b"POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8000\r\n\r\n"}


class Slow:
    def __init__(self, port, form, source):
        self.form, self.left = form, client_hello() if form == "hello" else b""
        self.line = socket.socket()
        self.line.settimeout(5)
        if form in ("read", "stuffed"):
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.line.bind((source, 0))
        self.line.connect(("127.0.0.1", port))
        if form in ("head", "body", "read", "stuffed"):
            self.line = TLS.wrap_socket(self.line)
            self.line.sendall(BEGINNINGS.get(form, b""))
        self.line.setblocking(False)
        for _ in range(ASKED if form == "read" else 0):
            if not self.ask(LARGE):
                break

    def ask(self, what):
        try:
            self.line.sendall(what)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return False
        return True

    def drip(self):
        """A byte more; OSError when the device has ended it."""
        if self.form == "hello":
            self.line.send(self.left[:1])
            self.left = self.left[1:]
        elif self.form in BEGINNINGS:
            self.line.send(b"b")
        elif self.form == "stuffed":
            for _ in range(ASKED):
                if not self.ask(LARGE * 10):
                    break
        try:
            # Below TLS: an end is seen, and not more than a byte is taken.
            if socket.socket.recv(self.line, 1) == b"":
                raise ConnectionResetError
        except BlockingIOError:
            pass


def attack(port, form, count, sources):
    held, tried, refused, ended, reopen = [], 0, 0, 0, count
    ready = False
    while not select.select([sys.stdin], [], [], TICK_S if ready else 0)[0]:
        for slow in held[:]:
            try:
                slow.drip()
            except OSError:
                slow.line.close()
                held.remove(slow)
                ended += 1
        for _ in range(min(reopen, count - len(held))):
            tried += 1
            try:
                held.append(Slow(port, form, f"127.1.{tried % sources // 250}.{tried % sources % 250 + 1}"))
            except OSError:
                refused += 1
        if not ready:
            print("ready", flush=True)
        ready, reopen = True, REOPEN
    print(tried - refused, refused, ended, flush=True)


if __name__ == "__main__":
    TLS = context()
    attack(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
