# SPDX-License-Identifier: Apache-2.0
"""A role on demand, alone and in its sandbox: started as hands would, spoken to as core would."""
import os
import signal
import socket
import struct

import world as worlds


def block(data):
    return struct.pack(">H", len(data)) + data


class Errand:
    """One process of a role whose program and user have its name. own: the descriptor that is its row's; None: it has none."""

    def __init__(self, role, own=None, as_role=None):
        self.hands, its_hands = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.core, its_core = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        null = os.open("/dev/null", os.O_RDWR)
        give = [null, null, 2, its_hands.fileno(), its_core.fileno(), null, null if own is None else own]
        high = [os.dup2(fd, 200 + i) for i, fd in enumerate(give)]
        self.uid = uid = str(worlds.ROLES[role])
        path = str(worlds.program(f"thingward-{role}"))
        self.pid = os.posix_spawn(path, [path, as_role or role, uid, uid], {}, file_actions=[(os.POSIX_SPAWN_DUP2, fd, i) for i, fd in enumerate(high)])
        for fd in (*high, null):
            os.close(fd)
        its_hands.close()
        its_core.close()
        self.core.settimeout(20)
        self.hands.settimeout(5)
        self.boxed = self.hands.recv(100)

    def stands_in_its_sandbox(self):
        """What it says of itself, and what the kernel says of it: its user, no capabilities, a filter, one thread."""
        kind, _, _, size, abi, flags = struct.unpack(">HHIIBB", self.boxed)
        assert kind == 0x507 and size == 2 and flags & 3 == 3 and abi > 0
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{self.pid}/status").read().splitlines() if ":\t" in line)
        assert set(status["Uid"].split()) == {self.uid} and status["Groups"].strip() == ""
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 and status["Seccomp"] == "2" and status["Threads"] == "1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hands.close()
        self.core.close()
        if self.pid:
            self.end()

    def wait(self):
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return status

    def end(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self.wait()

    def send(self, kind, payload=b"", tag=1):
        self.core.send(struct.pack(">HHII", kind, 0, tag, len(payload)) + payload)

    def receive(self):
        """(kind, tag, payload)"""
        data = self.core.recv(200000)
        if not data:
            raise EOFError
        kind, _, tag, size = struct.unpack(">HHII", data[:12])
        assert len(data) == 12 + size
        return kind, tag, data[12:]
