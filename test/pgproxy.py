# SPDX-License-Identifier: Apache-2.0
"""Between the service and its PostgreSQL: passes whole messages of the protocol on, and cuts the line before the one that a test names."""
import contextlib
import pathlib
import socket
import tempfile
import threading

CLIENT, SERVER = "client", "server"  # who says a message


class Proxy:
    def __init__(self, server):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="between-", dir=server.dir))  # app has to come by it
        self.folder.chmod(0o755)
        self.target = str(server.socket / ".s.PGSQL.5432")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        (self.folder / ".s.PGSQL.5432").chmod(0o777)
        self.listener.listen(8)
        self.lock, self.plan, self.pairs, self.seen = threading.Lock(), None, [], {CLIENT: 0, SERVER: 0}
        self.dumb = set()  # the lines that pass nothing on
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, side, number=1, holding=(), silent=False):
        """Cuts before the number-th message of a side from now on, counted from where the client's, one after the other, have held these bytes; silent: only
        passes nothing on."""
        with self.lock:
            self.plan = [side, number, list(holding), silent]

    def disarm(self):
        """Whether it was cut; and counts nothing more."""
        with self.lock:
            was, self.plan = self.plan is None, None
        return was

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    far.connect(self.target)
                except OSError:
                    near.close()
                    continue
                pair = (near, far)
                threading.Thread(target=self._pass_on, args=(CLIENT, near, far, pair), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(SERVER, far, near, pair), daemon=True).start()

    def _due(self, side, message, pair):
        """Under the lock: whether this message is the one that does not arrive."""
        if not self.plan:
            return False
        if self.plan[2]:
            if side != CLIENT or self.plan[2][0] not in message:
                return False
            self.plan[2].pop(0)
            if self.plan[2]:
                return False
        if self.plan[0] != side:
            return False
        self.plan[1] -= 1
        if self.plan[1]:
            return False
        if self.plan[3]:
            self.dumb.add(pair)
        self.plan = None
        return True

    @staticmethod
    def _cut(pair):
        for one in pair:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, side, source, to, pair):
        data, begun = b"", side == SERVER
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                data += piece
                while True:
                    head = 1 if begun else 0  # the first of a client has no kind
                    size = head + int.from_bytes(data[head:head + 4], "big") if len(data) >= head + 4 else None
                    if size is None or len(data) < size:
                        break
                    message, data, begun = data[:size], data[size:], True
                    with self.lock:
                        due, dumb = self._due(side, message, pair), pair in self.dumb
                    if due and not dumb:
                        self._cut(pair)
                        return
                    if dumb:
                        self._wait_for_end(source)
                        return
                    to.sendall(message)
        self._cut(pair)

    def _wait_for_end(self, source):
        """A cable that was cut: nobody is told, this side hears nothing any more."""
        while source.recv(65536):
            pass

    def close(self):
        self.listener.close()
