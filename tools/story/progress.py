# SPDX-License-Identifier: Apache-2.0
"""Numbered steps with a bar and the time left.

How long a step takes is learned from the last run and kept in a file; the first run goes by estimates. On a terminal the
bar stands under the steps and moves; anywhere else each step is one line, so that a log stays readable.
"""
import json
import shutil
import sys
import textwrap
import threading
import time


def words(seconds):
    if seconds < 1:
        return "under 1 s"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min"


class Progress:
    def __init__(self, steps, times_file):
        """steps: list of (name, estimated seconds)."""
        self.steps = steps
        self.times_file = times_file
        self.learned = self._read()
        self.done = {}
        self.started = None
        self.current = None
        self.live = sys.stdout.isatty()
        self.lock = threading.Lock()
        self.ticking = threading.Event()

    def _read(self):
        try:
            found = json.loads(self.times_file.read_text())
            return {str(name): float(seconds) for name, seconds in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _expected(self, name):
        return self.learned.get(name, dict(self.steps)[name])

    def _left(self):
        left = 0.0
        for name, _ in self.steps:
            if name == self.current:
                left += max(0.0, self._expected(name) - (time.monotonic() - self.started))
            elif name not in self.done:
                left += self._expected(name)
        return left

    def total(self):
        return sum(self._expected(name) for name, _ in self.steps)

    def _bar(self):
        total = self.total() or 1.0
        share = min(1.0, max(0.0, 1.0 - self._left() / total))
        width = max(10, min(30, shutil.get_terminal_size().columns - 40))
        full = int(share * width)
        return f"  [{'#' * full}{'.' * (width - full)}] {share * 100:3.0f} %, {words(self._left())} left"

    def _draw(self):
        if self.live:
            sys.stdout.write(f"\r\033[K{self._bar()}")
            sys.stdout.flush()

    def _wipe(self):
        if self.live:
            sys.stdout.write("\r\033[K")

    def _tick(self):
        while not self.ticking.wait(0.5):
            with self.lock:
                self._draw()

    def say(self, text):
        """A line of what a step found, under the step."""
        with self.lock:
            self._wipe()
            for line in text.splitlines():
                print(textwrap.fill(line, 96, initial_indent="       ", subsequent_indent="         ", break_long_words=False, break_on_hyphens=False))
            self._draw()
            sys.stdout.flush()

    def step(self, name, work):
        number = [row[0] for row in self.steps].index(name) + 1
        self.started = time.monotonic()
        self.current = name
        with self.lock:
            self._wipe()
            print(f"[{number:2}/{len(self.steps)}] {name}" + ("" if self.live else f" ({words(self._left())} left)"))
            self._draw()
            sys.stdout.flush()
        self.ticking.clear()
        ticker = threading.Thread(target=self._tick, daemon=True) if self.live else None
        if ticker:
            ticker.start()
        try:
            work()
            self.done[name] = time.monotonic() - self.started
        finally:
            self.ticking.set()
            if ticker:
                ticker.join()
            with self.lock:
                self._wipe()
                sys.stdout.flush()
            self.current = None

    def keep(self):
        self.times_file.write_text(json.dumps({name: round(seconds, 2) for name, seconds in self.done.items()}, indent=1) + "\n")
