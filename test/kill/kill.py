#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every system call of every role, on the real programs: see README.md.

    test/kill/run [ROLE]                   a sample that moves with TW_SEED; TW_FAULT_STEP=1: every call
    test/kill/run ROLE CALL K entry|exit|EIO   one point, and what the device said
"""
import multiprocessing
import os
import random
import sys
import time
from collections import Counter

from device import WITH_TOKEN, Bad, Interrupted, Unit, Witness, worlds
from harness import Client
from test_tokens import SOFTHSM

ROLES = ("hands", "core", "front", "keys", "scan", "fetch", "hash", "ask", *WITH_TOKEN)
# What leaves a trace outside the process: these are struck before and after, and never left to the sample.
TRACES = {"write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "mkdirat",
          "sendmsg"}
DISK = {"pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate", "renameat", "renameat2", "unlinkat"}  # may fail with EIO instead
WITH_DISK = ("hands", "core", "keys")
FAILURES = int(os.environ.get("TW_KILL_FAILURES", "7"))  # of these, for each role that has a disk
SAMPLE = int(os.environ.get("TW_KILL_SAMPLE", "10"))  # of the other calls, for each role
FEW = int(os.environ.get("TW_KILL_FEW", "5"))  # of all calls, for each role that most devices do not have
LOST_MAX = 8  # points at which SoftHSM itself loses its token; four were seen, from the cut of its file to the write that fills it
JOBS = int(os.environ.get("TW_KILL_JOBS", "4"))
here = {}


def begin(template, folder, free):
    """In each worker: a unit of its own and an owner's key."""
    here["unit"] = Unit(template, folder / f"job-{free.get()}")
    here["client"] = Client(here["unit"])


def try_point(point):
    """(what was struck or None, what went wrong or None) of one life."""
    unit = here["unit"]
    unit.fresh(point[0])
    witness = Witness(unit, here["client"])
    wrong = None
    try:
        witness.story([str(word) for word in point])
        witness.judge_remains()
    except (Bad, Interrupted) as failure:
        wrong = str(failure)
    finally:
        if witness.life:
            witness.life.abandon()
    return witness.struck or (witness.life and witness.life.struck), wrong


def run_point(point):
    """(point, what was struck or None, what went wrong or None, whether that was the token's own loss) for (role, call, k, when)."""
    struck, wrong = try_point(point)
    if not struck and not wrong:
        struck, wrong = try_point(point)  # points move with timing
    return point, struck, wrong, wrong and point[0] == "library" and here["unit"].token_is_lost()


def list_calls(role):
    """The names of all calls of one role, in order, of a story that nothing ends."""
    unit = here["unit"]
    unit.fresh(role)
    witness = Witness(unit, here["client"])
    witness.story([role, "list", "0", "entry"])
    witness.judge_remains()
    return witness.first.calls


def points_of(role, calls, rng, everything):
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
    failures = [(*p[:3], "EIO") for p in points if p[1] in DISK and role in WITH_DISK]
    if everything:
        return points + [p for p in traces if p[3] == "exit"] + failures
    if role in WITH_TOKEN:
        return rng.sample(points + [p for p in traces if p[3] == "exit"], FEW)
    traces += rng.sample(failures, min(FAILURES, len(failures)))
    rest = [p for p in points if p not in set(traces)]
    return traces + [rest[(i * len(rest) + rng.randrange(len(rest))) // SAMPLE % len(rest)] for i in range(SAMPLE)]


def plan(rng, everything, roles):
    points = []
    for role in roles:
        calls = list_calls(role)
        mine = points_of(role, calls, rng, everything)
        print(f"{role}: {len(calls)} calls, {len(mine)} points", flush=True)
        points += mine
    rng.shuffle(points)
    return points


def tell(outcomes, loud):
    """Counts each point once, as lost, failed, skipped or passed; one that was not reached has shown nothing."""
    count = Counter()
    for (role, name, k, when), struck, wrong, lost in outcomes:
        what = f"EIO for {role} from" if when == "EIO" else f"SIGKILL of {role} at {when} of"
        count["lost" if lost else "failed" if wrong else "passed" if struck else "skipped"] += 1
        if lost:
            print(f"the token's own software lost it (SIGKILL of {role} at {when} of {name} {k}): its file is empty", flush=True)
        elif wrong:
            print(f"FAILED {what} {name} {k} (call {(struck or 'not reached').split()[0]}): {wrong}\n"
                  f"  repeat: test/kill/run {role} {name} {k} {when}", flush=True)
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
    if count["skipped"] * 20 > points:
        print("FAILED SIGKILL at system calls: more than one point in twenty was not reached\n  repeat: test/kill/run")
        count["failed"] += 1


def sweep(world, free, template, one):
    seed = os.environ.get("TW_SEED") or time.strftime("%j")
    arguments = (template, world.folder, free)
    begin(*arguments)
    if len(one) == 4:
        point = (one[0], one[1], int(one[2]), one[3])
        count = tell([run_point(point)], True)
        print(here["unit"].said.read_text(errors="replace"))
        return count
    print(f"seed {seed} (TW_SEED={seed} repeats it)")
    started = time.monotonic()
    points = plan(random.Random(seed), os.environ.get("TW_FAULT_STEP") == "1", one or [r for r in ROLES if SOFTHSM.exists() or r not in WITH_TOKEN])
    with multiprocessing.Pool(JOBS, begin, arguments) as pool:
        count = tell(pool.imap_unordered(run_point, points), False)
    bound(count, len(points))
    print(f"{time.monotonic() - started:.0f} s")
    return count


def main():
    if os.geteuid() != 0 or not (worlds.BUILD / "test/kill/killer").exists() or worlds.missing():
        why = "needs root" if os.geteuid() != 0 else worlds.missing() or "not built for this architecture"
        print(f"SKIPPED SIGKILL at system calls: {why}\n0 passed, 0 failed, 1 skipped")
        return 0
    skipped = 0 if SOFTHSM.exists() else 1
    if skipped:
        print("SKIPPED SIGKILL of what speaks to a token: softhsm2 is not installed")
    worlds.enter_namespaces()
    free = multiprocessing.Queue()
    for number in range(JOBS + 1):
        free.put(number)
    with worlds.World() as world:
        count = sweep(world, free, world.device("KILL-1"), sys.argv[1:])
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped'] + skipped} skipped")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
