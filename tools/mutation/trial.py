# SPDX-License-Identifier: Apache-2.0
"""Runs unit tests with one mutant awake. A test program that ends other than well, or is late, has killed it."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LATE_FACTOR, LATE_S = 4, 2.0  # a test may take so many times what it takes with no mutant, and so much more
SLOW_S = 0.5  # a test that takes longer waits until the others have noticed nothing
MUTANT_S = 8.0  # of tests per mutant: past it the slowest ones are not tried
INSIDE = "TW_MUTATE_INSIDE"
MEMORY = 2 << 30
OK = re.compile(r"^ok \d+ - (\S+)", re.M)


def enter():
    """As root, a process namespace of its own, where a mutant can end nobody else, and a /tmp in memory, where a sync costs nothing."""
    if os.geteuid() != 0 or os.environ.get(INSIDE) or not shutil.which("unshare"):
        return
    os.environ[INSIDE] = "yes"
    here = str(pathlib.Path(__file__).resolve())
    mount = "" if here.startswith("/tmp/") else "mount -t tmpfs tmpfs /tmp && "
    again = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", mount + 'exec "$@"', "sh"]
    sys.stdout.flush()
    os.execvp(again[0], again + sys.orig_argv)


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))  # not of addresses: the leak checker reserves terabytes of them


class Test:
    """A test program, or with `only` one function of it."""

    def __init__(self, row, root, only=""):
        self.row, self.root, self.only = row, root, only
        self.program, self.command, self.environment = row["name"], row["cmd"], dict(row["env"])
        self.name = f"{self.program} {only}".strip()
        if only:
            self.environment["CMOCKA_TEST_FILTER"] = only
        self.workdir = row["workdir"] or str(root)
        self.seconds, self.reaches = 0.0, frozenset()
        self.leaks = ""  # or the option that does not look for any, where a library that it loads loses memory by itself

    def run(self, late_s, **more):
        """How it did not end well, or "", and what it said. Everything it started is ended."""
        scratch = tempfile.mkdtemp(prefix="tw-mutant-")
        environment = {**os.environ, "LSAN_OPTIONS": "symbolize=0:allocator_may_return_null=1" + self.leaks, **self.environment, "TMPDIR": scratch, **more}
        run = subprocess.Popen(self.command, cwd=self.workdir, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, preexec_fn=limits)
        try:
            said = run.communicate(timeout=late_s)[0].decode(errors="replace")
            return ("" if run.returncode == 0 else f"{self.name} ended with {run.returncode}"), said
        except subprocess.TimeoutExpired:
            return f"{self.name} took over {late_s:.0f} s", ""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.stdout.close()
            run.wait()
            shutil.rmtree(scratch, ignore_errors=True)

    def measure(self, count):
        """How long it takes with every mutant asleep, and whose places it comes by. Returns the functions it names."""
        with tempfile.NamedTemporaryFile(prefix="tw-map-") as file:
            file.write(bytes(max(1, count)))
            file.flush()
            start = time.monotonic()
            wrong, said = self.run(300, TW_MUTANT_MAP=file.name)
            self.seconds = time.monotonic() - start
            if wrong and not self.leaks:
                self.leaks = ":detect_leaks=0"
                return self.measure(count)
            if wrong:
                raise RuntimeError(f"{wrong} without any mutant:\n{said[-2000:]}")
            file.seek(0)
            self.reaches = frozenset(i for i, byte in enumerate(file.read()) if byte)
        return OK.findall(said)

    def late_s(self):
        return self.seconds * LATE_FACTOR + LATE_S


def split(test, count):
    """The functions of a program that comes by any mutant."""
    names = test.measure(count)
    if not test.reaches:
        return []
    parts = [Test(test.row, test.root, name) for name in names]
    try:
        for part in parts:
            part.leaks = test.leaks
            part.measure(count)
    except RuntimeError:  # a function that leans on those before it
        return [test]
    return [p for p in parts if p.reaches]


def reaching(tests, number, file=""):
    """The slow ones last; of the others those of the file's own folder first, since they are the likeliest to notice; then the quickest."""
    own = file.split("/")[-2:-1]
    return sorted((t for t in tests if number in t.reaches),
                  key=lambda t: (t.seconds > SLOW_S, t.program.split("-")[-1] not in own and t.program.split("-")[0] not in own, t.seconds))


def tried(tests, number, file):
    """How the mutant was found out, or "" when nothing noticed it, within a time for all tests."""
    spent = 0.0
    for t in reaching(tests, number, file):
        spent += t.seconds
        if spent > MUTANT_S and spent > t.seconds:
            break
        how, _ = t.run(t.late_s(), TW_MUTANT=str(number), CMOCKA_TEST_ABORT="1")
        if how:
            return how
    return ""
