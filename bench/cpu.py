# SPDX-License-Identifier: Apache-2.0
"""Processor time of a process and of all below it."""
import pathlib


def family(pid):
    out = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            out += family(int(child))
    return out


def processor_ns(pid):
    """Of every process below pid: nanoseconds on a processor, from the scheduler."""
    return {one: sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{one}/task").iterdir()) for one in family(pid)}


def role_of(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return words[1].decode() if b"thingward-role" in words[0] else words[0].decode().split("/")[-1].split(":")[0]
