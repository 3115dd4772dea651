# SPDX-License-Identifier: Apache-2.0
"""The real tool at a terminal, begun by a small shell that stops and goes on with it as shells do."""
import contextlib
import os
import pty
import select
import signal
import termios
import time

import world as worlds

QUESTION = b": "


def _echo(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def _shell(words):
    """In the child: tells how the tool stopped or ended, and whether the terminal echoed then. A tool that stopped goes on."""
    tool = os.fork()
    if tool == 0:
        os.setpgid(0, 0)
        os.execv(words[0], words)
    with contextlib.suppress(OSError):  # the tool was sooner
        os.setpgid(tool, tool)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, tool)
    while True:
        _, status = os.waitpid(tool, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpid())
        if not os.WIFSTOPPED(status):
            break
        os.write(1, f"<stopped, echo {_echo(0)}>".encode())
        os.tcsetpgrp(0, tool)
        os.killpg(tool, signal.SIGCONT)
    os.write(1, f"<ended {os.waitstatus_to_exitcode(status)}, echo {_echo(0)}>".encode())


class Terminal:
    def __init__(self, *words):
        self.shown = b""
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            try:
                _shell([str(worlds.program("thingward")), *map(str, words)])
            finally:
                os._exit(0)

    def close(self):
        os.close(self.end)
        os.waitpid(self.pid, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read(self):
        if not select.select([self.end], [], [], 0.05)[0]:
            return
        with contextlib.suppress(OSError):  # the other end is closed
            self.shown += os.read(self.end, 4096)

    def until(self, true, timeout_s=30):
        until = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < until, self.shown.decode("utf-8", "replace")
            self._read()

    def asked(self, times=1):
        """A question for a secret has been put so many times, and stands there now."""
        self.until(lambda: self.shown.count(QUESTION) >= times and self.shown.rstrip(b" ").endswith(b":") and not _echo(self.end))

    def says(self, text):
        self.until(lambda: text.encode() in self.shown)

    def type(self, text, end="\n"):
        """A mark behind what was shown keeps the question that is answered from being taken for the next one."""
        self.shown += b"<typed>"
        os.write(self.end, (text + end).encode())

    def ended(self):
        """Exit code, or minus the signal; whether the terminal echoed then."""
        self.until(lambda: b"<ended " in self.shown and self.shown.endswith(b">"))
        code, echo = self.shown.rpartition(b"<ended ")[2].rstrip(b">").split(b", echo ")
        return int(code), echo == b"True"

    @property
    def text(self):
        return self.shown.decode("utf-8", "replace")
