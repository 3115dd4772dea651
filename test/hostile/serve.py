#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manufacturer's server with hostile text in every field, for a browser: one line of JSON says where it is, whose sessions there are, which pages, and in
which file the answers are that came to forms (answers.py); it ends when its input does. Each page once, or with all that is there (TW_HOSTILE=all)."""
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
import answers  # noqa: E402
import story  # noqa: E402
from test_mail import Box, Server  # noqa: E402

EVERYTHING = os.environ.get("TW_HOSTILE") == "all"


def pages(w):
    """(role, path, operation) of every page; of those with the same path in the catalog, the first that is there and the one that came last, or all."""
    by_operation = {}
    for name, path in w.looks():
        if w.ops[name].get("media") == "text/html" or path.endswith((".html", "/")):
            by_operation.setdefault((name, "member" in path), []).append((w.role_of(name), path, name))
    for found in by_operation.values():
        there = next((one for one in found if w.send(one[2], one[1])[0].status < 400), found[0])
        yield from found if EVERYTHING else dict.fromkeys((there, found[-1]))
    for role, path in (("anyone", "/desk/cases"), ("anyone", "/login?out=1"), ("analyst", "/login"), ("analyst", "/no-such-page"), ("anyone", "/no-such-page"), ("anyone", "/%3Cb%20class=twx%3E")):
        yield role, path, ""


def told(w, kept):
    return {"url": w.origin.decode(), "sessions": {role: p.token for role, p in w.people.items()}, "pages": [*pages(w), *w.answers.led.values()], "answers": str(kept),
            "operations": {name: o["method"] for name, o in w.ops.items() if o.get("media") == "text/html"}, "done": sorted(w.answers.done | answers.ELSEWHERE), "accepting": sorted(answers.NEVER_REFUSED), "wrong": [str(one)[:300] for one in w.wrong]}


def main():
    with tempfile.TemporaryDirectory(prefix="tw-hostile-") as folder:
        w, kept = story.World(pathlib.Path(folder)), pathlib.Path(folder) / "answers.json"
        answers.Answers(w)
        w.box = Box()
        mail = Server(w.box)
        mail.start()
        try:
            w.configure(mail.port)
            w.fill_all(range(6) if EVERYTHING else [random.Random(time.strftime("%j")).randrange(50)])
            answers.press_all(w)
            answers.refuse_all(w)
            for role in {w.role_of(name) for name, o in w.ops.items() if o.get("step_up") == "yes"}:
                w.prove(role)  # else their pages are the one that asks for it
            kept.write_text(json.dumps(list(w.answers.pages.values())))
            print(json.dumps(told(w, kept)), flush=True)
            sys.stdin.read()
        finally:
            w.service.stop()
            mail.stop()


if __name__ == "__main__":
    main()
