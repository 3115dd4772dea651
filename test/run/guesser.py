# SPDX-License-Identifier: Apache-2.0
"""Strangers who guess an account's password from many addresses, as fast as they are answered, in a process of their own.

    guesser.py PORT ACCOUNT SOURCES BATCH

Says a line of JSON after each BATCH of answers: how many of each status there have been. Ends with its input.
"""
import collections
import json
import os
import select
import socket
import ssl
import sys

AHEAD = 4  # requests of one party that the device looks at together


def line_from(port, source):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
    return context.wrap_socket(plain)


def guess(account, number):
    body = json.dumps({"account": account, "password": f"guess number {number}"}).encode()
    head = f"POST /api/v1/logins HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Stranger:
    """One address; its connection is made anew when the device ends it."""

    def __init__(self, port, source):
        self.port, self.source, self.line, self.heard = port, source, None, b""

    def open(self):
        try:
            self.line = line_from(self.port, self.source)
        except OSError:
            self.line = None
        self.heard = b""

    def ask(self, account, number):
        if not self.line:
            self.open()
        try:
            if self.line:
                self.line.sendall(b"".join(guess(account, number + i) for i in range(AHEAD)))
        except OSError:
            self.line = None

    def answers(self):
        """Statuses of all that was asked."""
        found = []
        try:
            while self.line and len(found) < AHEAD:
                end = self.heard.find(b"\r\n\r\n")
                if end >= 0:
                    head = self.heard[:end].decode("latin-1").lower()
                    size = int(head.split("content-length: ")[1].split("\r\n")[0]) if "content-length: " in head else 0
                if end < 0 or len(self.heard) < end + 4 + size:
                    piece = self.line.recv(65536)
                    self.line = self.line if piece else None
                    self.heard += piece
                    continue
                found.append(int(head.split()[1]))
                self.heard = self.heard[end + 4 + size:]
        except OSError:
            self.line = None
        return found


def main(port, account, sources, batch):
    strangers = [Stranger(int(port), f"127.0.{2 + i // 250}.{1 + i % 250}") for i in range(int(sources))]
    counts, number, due = collections.Counter(), 0, int(batch)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for one in strangers:
            one.ask(account, number)
            number += AHEAD
        for one in strangers:
            counts.update(one.answers())
        if sum(counts.values()) >= due:
            print(json.dumps(counts), flush=True)
            due = sum(counts.values()) + int(batch)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
