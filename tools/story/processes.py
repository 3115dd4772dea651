# SPDX-License-Identifier: Apache-2.0
"""Starting programs that stay, and stopping exactly those.

A process is known by its id and the time it started, both kept in a file: an id alone may belong to somebody else by the
time we look again.
"""
import json
import os
import signal
import subprocess
import time


def start_time(pid):
    """Field 22 of /proc/PID/stat, or None when there is no such process (or only its remains)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as opened:
            fields = opened.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def start(folder, name, command, log, **options):
    """Starts a program that outlives us, and writes down which it is."""
    with open(log, "ab") as out:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   start_new_session=True, **options)
    record = {"name": name, "pid": process.pid, "start_time": start_time(process.pid), "command": str(command[0])}
    (folder / f"{name}.process").write_text(json.dumps(record) + "\n")
    return process


def running(folder):
    """The processes written down that still run, as (file, pid)."""
    found = []
    for file in sorted(folder.glob("*.process")) if folder.is_dir() else []:
        try:
            record = json.loads(file.read_text())
        except ValueError:
            continue
        if record["start_time"] is not None and start_time(record["pid"]) == record["start_time"]:
            found.append((file, record["pid"]))
        else:
            file.unlink()
    return found


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def stop(folder, only=None, patience_s=10.0):
    """Asks each (or only the one of that name) to end, waits, and only then insists. Returns the names of those that ran."""
    def ours():
        return [(file, pid) for file, pid in running(folder) if only in (None, file.stem)]

    found = ours()
    for number, patience in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 2.0)):
        for _, pid in ours():
            _signal(pid, number)
        until = time.monotonic() + patience
        while ours() and time.monotonic() < until:
            time.sleep(0.05)
    return [file.stem for file, _ in found]
