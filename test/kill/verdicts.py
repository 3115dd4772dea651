# SPDX-License-Identifier: Apache-2.0
"""A RADIUS server on the loopback interface that says yes to whoever asks, under the secret that it shares with the device. That the device believes nobody
else, and what a real server says, is in test/run/test_radius.py."""
import hashlib
import hmac
import socket
import threading

SECRET = "a secret shared with the device"
ACCEPT, MESSAGE_AUTHENTICATOR, MAC_SIZE = 2, 80, 16


def accept(question):
    """The answer to it: RFC 2865 section 3, RFC 3579 section 3.2."""
    number, asked = question[1:2], question[4:20]
    size = 20 + 2 + MAC_SIZE
    head = bytes([ACCEPT]) + number + size.to_bytes(2, "big")
    attribute = bytes([MESSAGE_AUTHENTICATOR, 2 + MAC_SIZE])
    attribute += hmac.new(SECRET.encode(), head + asked + attribute + bytes(MAC_SIZE), "md5").digest()
    return head + hashlib.md5(head + asked + attribute + SECRET.encode()).digest() + attribute


class Verdicts:
    def __enter__(self):
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.line.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def serve(self):
        while True:
            question, peer = self.line.recvfrom(4096)
            if not question:  # from ourselves: enough
                return
            self.line.sendto(accept(question), peer)

    def __exit__(self, *unused):
        self.line.sendto(b"", self.line.getsockname())
        self.thread.join()
        self.line.close()
