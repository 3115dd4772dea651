#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every system call of every role, of the device and of the support service, on the real programs: see README.md.

    test/kill/run [support] [ROLE]         a sample, of both or of the support service alone, that moves with TW_SEED; TW_FAULT_STEP=1: every call
    test/kill/run [support] ROLE CALL      every point of that call
    test/kill/run [support] ROLE CALL K entry|exit|EIO   one point, and what was said
"""
import contextlib
import dataclasses
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from lives import worlds  # first: it says where the rest is
import device
import support
from test_tokens import SOFTHSM

# What leaves a trace outside the process: these are struck before and after, and never left to the sample.
TRACES = {"write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "mkdirat",
          "sendmsg"}
DISK = {"pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "renameat", "renameat2", "unlinkat"}  # may fail with EIO instead
FAILURES = int(os.environ.get("TW_KILL_FAILURES", "7"))  # of these, for each role that has a disk
SAMPLE = int(os.environ.get("TW_KILL_SAMPLE", "10"))  # of the other calls, for each role
FEW = int(os.environ.get("TW_KILL_FEW", "5"))  # of all calls, for each role that most devices do not have
# Of the support service, whose story takes longer: so many of all calls of each role, half of them such as leave a trace.
TIMES = int(os.environ.get("TW_KILL_TIMES", "1"))  # these:
SHARES = {"app": 10} | dict.fromkeys(("sign", "mail", "mail-in", "hash", "front", "keys", "hands"), 2)
LOST_MAX = 8  # points at which SoftHSM itself loses its token; four were seen, from the cut of its file to the write that fills it
JOBS = int(os.environ.get("TW_KILL_JOBS", "4"))
here = {}


@dataclasses.dataclass
class Side:
    word: str  # before a role's name on the command line
    roles: tuple
    template: object  # a context manager: (what every stand begins from, a folder for stands)
    stand: type
    with_disk: tuple
    draw: object  # (role, points, those that leave a trace, failures, rng) -> the sample


def begin(stand, template, folder, free):
    """In each worker: a place of its own."""
    here["stand"] = stand(template, folder / f"job-{free.get()}")


def run_point(point):
    """(point, what was struck or None, what went wrong or None, whether that was the token's own loss) for (role, call, k, when)."""
    stand = here["stand"]
    struck, wrong = stand.try_point(point)
    if not struck and not wrong:
        struck, wrong = stand.try_point(point)  # points move with timing
    return point, struck, wrong, wrong and stand.lost(point)


def list_calls(role):
    return here["stand"].list_calls(role)


def draw_of_device(role, points, traces, failures, rng):
    if role in device.WITH_TOKEN:
        return rng.sample(points + [p for p in traces if p[3] == "exit"], FEW)
    traces += rng.sample(failures, min(FAILURES, len(failures)))
    rest = [p for p in points if p not in set(traces)]
    return traces + [rest[(i * len(rest) + rng.randrange(len(rest))) // SAMPLE % len(rest)] for i in range(SAMPLE)]


def draw_of_support(role, points, traces, failures, rng):
    share = SHARES[role] * TIMES
    some = rng.sample(traces, min((share + rng.randrange(2)) // 2, len(traces)))
    rest = [p for p in points if p not in set(some)]
    return some + rng.sample(rest, min(share - len(some), len(rest)))


def points_of(side, role, calls, rng, everything):
    """Call n is the k-th of its name, and that is how it is found again: a wait more or less does not move the others."""
    seen, points, traces = Counter(), [], []
    for n, name in enumerate(calls):
        seen[name] += 1
        points.append((role, name, seen[name], "entry"))
        # Of a run of the same, as when a segment is filled, only the ends: between them nothing differs.
        inner = 0 < n < len(calls) - 1 and calls[n - 1] == name == calls[n + 1] and n > 1 and calls[n - 2] == name
        if name in TRACES and (everything or not inner):
            traces.append(points[-1])
            followed = n + 1 < len(calls) and calls[n + 1] in TRACES  # then the kill before that one is the same
            traces += [(role, name, seen[name], "exit")] * (everything or not followed)
    failures = [(*p[:3], "EIO") for p in points if p[1] in DISK and role in side.with_disk]
    if everything:
        return points + [p for p in traces if p[3] == "exit"] + failures
    return side.draw(role, points, traces, failures, rng)


def plan(side, pool, roles, rng, everything):
    points = []
    for role, calls in zip(roles, pool.map(list_calls, roles, 1)):
        mine = points_of(side, role, calls, rng, everything)
        print(f"{side.word}{role}: {len(calls)} calls, {len(mine)} points", flush=True)
        points += mine
    rng.shuffle(points)
    return points


def tell(side, outcomes, loud):
    """Counts each point once, as lost, failed, skipped or passed; one that was not reached has shown nothing."""
    count = Counter()
    for (role, name, k, when), struck, wrong, lost in outcomes:
        who = f"{side.word}{role}"
        what = f"EIO for {who} from" if when == "EIO" else f"SIGKILL of {who} at {when} of"
        count["lost" if lost else "failed" if wrong else "passed" if struck else "skipped"] += 1
        if lost:
            print(f"the token's own software lost it (SIGKILL of {role} at {when} of {name} {k}): its file is empty", flush=True)
        elif wrong:
            print(f"FAILED {what} {name} {k} (call {(struck or 'not reached').split()[0]}): {wrong}\n"
                  f"  repeat: test/kill/run {who} {name} {k} {when}", flush=True)
        elif not struck:
            print(f"SKIPPED {what} {name} {k}: not reached, tried twice", flush=True)
        elif loud:
            print(f"well; struck: {struck}")
    return count


def bound(count, points):
    """Fails what may happen to few points only. Where many were not reached, most of the plan was for nothing."""
    print(f"{points} points, {count['skipped']} skipped: not reached")
    if count["lost"] > LOST_MAX:
        print(f"FAILED SIGKILL at system calls: the token was lost at {count['lost']} points, more than SoftHSM's writing of one file has\n  repeat: test/kill/run library")
        count["failed"] += 1
    if count["skipped"] > max(3, points // 20):
        print("FAILED SIGKILL at system calls: more than one point in twenty, and than three, was not reached\n  repeat: test/kill/run")
        count["failed"] += 1


def sweep(side, one, seed):
    free = multiprocessing.Queue()
    for number in range(JOBS):
        free.put(number)
    started = time.monotonic()
    with side.template() as (template, folder):
        arguments = (side.stand, template, folder, free)
        if len(one) == 4:
            begin(*arguments)
            count = tell(side, [run_point((one[0], one[1], int(one[2]), one[3]))], True)
            print(here["stand"].said())
            return count
        with multiprocessing.Pool(JOBS, begin, arguments) as pool:
            points = plan(side, pool, one[:1] or side.roles, random.Random(seed), len(one) == 2 or os.environ.get("TW_FAULT_STEP") == "1")
            points = [p for p in points if len(one) < 2 or p[1] == one[1]]
            count = tell(side, pool.imap_unordered(run_point, points), False)
    bound(count, len(points))
    print(f"{time.monotonic() - started:.0f} s")
    return count


@contextlib.contextmanager
def one_device():
    with worlds.World() as world:
        yield world.device("KILL-1"), world.folder


@contextlib.contextmanager
def one_service():
    folder = Path(tempfile.mkdtemp(prefix="tw-kill-"))
    template = None
    try:
        template = support.Template(folder)
        yield template, folder
    finally:
        if template:
            template.stop()
        shutil.rmtree(folder, ignore_errors=True)


def sides(words):
    """Those that can be tried here; what cannot be is named. And how many cannot."""
    found, skipped = [], 0
    if words[:1] != ["support"]:
        roles = device.ROLES + device.WITH_TOKEN
        if not SOFTHSM.exists():
            print("SKIPPED SIGKILL of what speaks to a token: softhsm2 is not installed")
            roles, skipped = device.ROLES, 1
        found.append(Side("", roles, one_device, device.Stand, ("hands", "core", "keys"), draw_of_device))
    if words[:1] in ([], ["support"]):
        if why := support.why_not():
            print(f"SKIPPED SIGKILL of the support service: {why}")
            skipped += 1
        else:
            found.append(Side("support ", support.ROLES, one_service, support.Stand, ("app", "keys"), draw_of_support))
    return found, skipped


def main():
    words = sys.argv[1:]
    if os.geteuid() != 0 or not (worlds.BUILD / "test/kill/killer").exists() or worlds.missing():
        why = "needs root" if os.geteuid() != 0 else worlds.missing() or "not built for this architecture"
        print(f"SKIPPED SIGKILL at system calls: {why}\n0 passed, 0 failed, 1 skipped")
        return 0
    worlds.enter_namespaces()
    seed = os.environ.get("TW_SEED") or time.strftime("%j")
    print(f"seed {seed} (TW_SEED={seed} repeats it)")
    found, skipped = sides(words)
    count = Counter()
    for side in found:
        count += sweep(side, words[words[:1] == ["support"]:], seed)
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped'] + skipped} skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
