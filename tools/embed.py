#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the pages into the program: C with `const struct tw_asset tw_assets[]` (service/front/front.h).

    embed.py OUT.c PATH=FILE...

PATH is what a client asks for. The media type follows from the suffix; the ETag is the SHA-256 of the bytes, so it changes with
them and with nothing else. JSON is for programs to read: it is built in without its white space, a third of it. Modules and styles are
built in without indentation and lines of comment, which browsers do not read, and in gzip where that is shorter; all pages together have at
most PAGES_MAX bytes in the program, and PLAIN_MAX before they are packed: a slow line loads them in a second or two, and a slow reader reads
them at all. The same files give the same bytes: gzip's head names no time. A page that stands in the folder of another and is not named is
refused: a browser would ask for it in vain, and nobody would see that before somebody opens the place.
"""
import collections
import hashlib
import json
import pathlib
import re
import sys
import zlib

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
}
WIDTH = 24
PAGES_MAX = 150000
PLAIN_MAX = 320000


Asset = collections.namedtuple("Asset", "path type data plain gzip")


class Refused(Exception):
    pass


def literal(data):
    rows = (data[i:i + WIDTH] for i in range(0, len(data), WIDTH))
    return "\n".join("\t" + " ".join(f"{byte}," for byte in row) for row in rows)


def bare(text, suffix):
    """Without what only people read. A line of comment begins with its mark; a template over several lines is refused, for its indentation may count."""
    if suffix == ".js":
        if any(line.count("`") % 2 for line in text.splitlines() if not line.lstrip().startswith("//")):
            raise Refused("a template literal over several lines")
        text = re.sub(r"(?m)^[ \t]*//.*\n", "", text)
        # What ends a line is a comment where no quote follows: in a text one would.
        text = re.sub(r"(?m)([;,{}()])[ \t]+// [^'\"`\n]*$", r"\1", text)
    else:
        text = re.sub(r"(?ms)^[ \t]*/\*.*?\*/[ \t]*\n", "", text)
    return re.sub(r"(?m)^[ \t]+", "", re.sub(r"\n{2,}", "\n", text))


def packed(data):
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    return press.compress(data) + press.flush()


def asset(word):
    path, _, name = word.partition("=")
    if not path.startswith("/") or not name:
        raise Refused(f"{word}: want PATH=FILE")
    suffix = pathlib.Path(name).suffix
    if suffix not in TYPES:
        raise Refused(f"{name}: no media type is known for {suffix or 'a file without suffix'}")
    data = pathlib.Path(name).read_bytes()
    if not data:
        raise Refused(f"{name}: empty")
    if suffix == ".json":
        data = json.dumps(json.loads(data), separators=(",", ":"), ensure_ascii=False).encode()
        return Asset(path, TYPES[suffix], data, data, False)
    if suffix in (".js", ".css"):
        data = bare(data.decode(), suffix).encode()
    short = packed(data)
    gzip = len(short) < len(data)
    return Asset(path, TYPES[suffix], short if gzip else data, data, gzip)


def hold_folders(words):
    named = {pathlib.Path(word.partition("=")[2]).resolve() for word in words}
    pages = {one for one in named if one.suffix != ".json"}
    for one in sorted(beside for folder in {page.parent for page in pages} for beside in folder.iterdir()):
        if one.suffix in TYPES and one.suffix != ".json" and one not in named:
            raise Refused(f"{one}: stands beside the pages and is not built in: name it where they are named (page_files in src/device/meson.build)")


def hold_bounds(pages):
    for size, most, what in ((sum(len(page.data) for page in pages), PAGES_MAX, "in the program"), (sum(len(page.plain) for page in pages), PLAIN_MAX, "unpacked")):
        if size > most:
            raise Refused(f"the pages have {size} bytes {what}, at most {most} may be")


def main():
    out, *words = sys.argv[1:]
    try:
        assets = [asset(word) for word in words]
        if len({one.path for one in assets}) != len(assets):
            raise Refused("a path twice")
        hold_folders(words)
        hold_bounds([one for one in assets if not one.path.endswith(".json")])
    except (Refused, OSError, ValueError) as error:
        sys.exit(f"embed: {error}")
    text = ["/* Made by tools/embed.py. */", '#include "service/front/front.h"', ""]
    for number, one in enumerate(assets):
        text += [f"static const uint8_t data_{number}[] = {{", literal(one.data), "};"]
    text += ["", "const struct tw_asset tw_assets[] = {"]
    for number, one in enumerate(assets):
        tag = hashlib.sha256(one.data).hexdigest()[:24]
        text.append(f'\t{{ "{one.path}", "{one.type}", "\\"{tag}\\"", data_{number}, {len(one.data)}, {"true" if one.gzip else "false"} }},')
    text += ["\t{ 0 },", "};", ""]
    pathlib.Path(out).write_text("\n".join(text), encoding="utf-8")


main()
