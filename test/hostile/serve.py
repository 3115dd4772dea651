#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server with hostile text in every field, for a browser: one line of JSON says where it is, whose sessions there are and which pages; it ends
when its input does. Each page once, or with all that is there (TW_HOSTILE=all)."""
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import story  # noqa: E402

EVERYTHING = os.environ.get("TW_HOSTILE") == "all"


def pages(w):
    """(role, path) of every page; of those with the same path in the catalog, the one that came first and the one that came last, or all."""
    by_operation = {}
    for name, path in w.looks():
        if w.ops[name].get("media") == "text/html" or path.endswith(".html"):
            by_operation.setdefault((name, "member" in path), []).append((w.role_of(name), path))
    for found in by_operation.values():
        yield from found if EVERYTHING else dict.fromkeys((found[0], found[-1]))


def main():
    with tempfile.TemporaryDirectory(prefix="tw-hostile-") as folder:
        w = story.World(pathlib.Path(folder))
        try:
            w.configure(1)  # nobody takes the mail
            w.fill_all(range(6) if EVERYTHING else [random.Random(time.strftime("%j")).randrange(50)])
            said = {"url": w.origin.decode(), "sessions": {role: p.token for role, p in w.people.items()}, "pages": list(pages(w)), "receipt": w.receipts[-1], "wrong": [str(one)[:300] for one in w.wrong]}
            print(json.dumps(said), flush=True)
            sys.stdin.read()
        finally:
            w.service.stop()


if __name__ == "__main__":
    main()
