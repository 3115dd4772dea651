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

from mutation import weave

LATE_FACTOR, LATE_S = 4, 2.0  # a test may take so many times what it takes with no mutant, and so much more
SLOW_S = 0.5  # a test that takes longer waits until the others have noticed nothing
MUTANT_S = 8.0  # of tests per mutant: past it the slowest ones are not tried
MUTANT_LATE_S = 60.0  # a test is not given more, however busy the machine
LIKELY = 4  # so many functions that noticed a neighbour come first
LATE = " took over "
INSIDE = "TW_MUTATE_INSIDE"
# Of the stack of an allocation two calls are kept: with fewer the leak checker takes it for one of the loader's, and says nothing.
SANITIZER = "symbolize=0:allocator_may_return_null=1:malloc_context_size=2:quarantine_size_mb=8"
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
    """Of this process and so of all that it starts: to set them between fork and exec would make each start slow. Memory: weave.HEAD."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))


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
        environment = {**os.environ, "ASAN_OPTIONS": SANITIZER + self.leaks, **self.environment, "TMPDIR": scratch, **more}
        run = subprocess.Popen(self.command, cwd=self.workdir, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
        try:
            said = run.communicate(timeout=late_s)[0].decode(errors="replace")
            return ("" if run.returncode == 0 else f"{self.name} ended with {run.returncode}"), said
        except subprocess.TimeoutExpired:
            return f"{self.name}{LATE}{late_s:.0f} s", ""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.stdout.close()
            run.wait()
            shutil.rmtree(scratch, ignore_errors=True)

    def measure(self):
        """How long it takes with every mutant asleep, and whose places it comes by. Returns the functions it names."""
        with tempfile.NamedTemporaryFile(prefix="tw-map-") as file:
            file.truncate(weave.ROOM)
            start = time.monotonic()
            wrong, said = self.run(300, TW_MUTANT_MAP=file.name)
            self.seconds = time.monotonic() - start
            if wrong and not self.leaks:
                self.leaks = ":detect_leaks=0"
                return self.measure()
            if wrong:
                raise RuntimeError(f"{wrong} without any mutant:\n{said[-2000:]}")
            file.seek(0)
            self.reaches = frozenset(m.start() for m in re.finditer(b"\1", file.read()))
        return OK.findall(said)

    def late_s(self):
        return self.seconds * LATE_FACTOR + LATE_S


def split(test):
    """A program that comes by any mutant, and its functions alone, unless it has none of that kind or they lean on each other."""
    names = test.measure()
    if not test.reaches:
        return []
    parts = [Test(test.row, test.root, name) for name in names]
    try:
        for part in parts:
            part.leaks = test.leaks
            part.measure()
    except RuntimeError:
        parts = []
    return [test, *(p for p in parts if p.reaches)]


def cheapest(tests):
    """Of one program: the functions that come by, or all of it where that takes less time."""
    whole, parts = [t for t in tests if not t.only], [t for t in tests if t.only]
    return whole if whole and (not parts or whole[0].seconds < min(SLOW_S, sum(t.seconds for t in parts))) else parts


def reaching(tests, number, file="", noticed=None):
    """Functions that noticed other mutants of the same function first. The slow ones last; of the others those of the file's own folder
    first, since they are the likeliest to notice; then the quickest."""
    own, noticed, programs = file.split("/")[-2:-1], noticed or {}, {}
    for t in tests:
        if number in t.reaches:
            programs.setdefault(t.program, []).append(t)
    likely = sorted((t for ts in programs.values() for t in ts if t.only and noticed.get(t.name)), key=lambda t: (-noticed[t.name], t.name))
    others = sorted((t for ts in programs.values() for t in cheapest(ts)),
                    key=lambda t: (t.seconds > SLOW_S, t.program.split("-")[-1] not in own and t.program.split("-")[0] not in own, t.seconds))
    return likely[:LIKELY] + [t for t in others if t not in likely[:LIKELY]]


def asked(test, number):
    """How one test ends with the mutant awake. Late is only what without the mutant would not be late at this moment: the machine may be busy."""
    late_s = test.late_s()
    while True:
        how, _ = test.run(late_s, TW_MUTANT=str(number), CMOCKA_TEST_ABORT="1")
        if LATE not in how or late_s > MUTANT_LATE_S or not test.run(late_s)[0]:
            return how
        late_s *= 3


def tried(tests, number, file, noticed=None):
    """How the mutant was found out, or "" when nothing noticed it, within a time for all tests. `noticed` counts by test, and is kept."""
    spent = 0.0
    for t in reaching(tests, number, file, noticed):
        spent += t.seconds
        if spent > MUTANT_S and spent > t.seconds:
            break
        how = asked(t, number)
        if how:
            if noticed is not None:
                noticed[t.name] = noticed.get(t.name, 0) + 1
            return how
    return ""
