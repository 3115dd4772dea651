#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fills a template of packaging/completions with the tool's own rows.

    gen-completion.py bash|zsh|fish OUT TEMPLATE ROWS.json DEVICE.json

ROWS.json is `thingward --json --help`; DEVICE.json names the settings a device has. Whoever adds a command, an option, an
operation or a setting has completed it.
"""
import json
import pathlib
import re
import sys

FILES = {"DIR", "FILE", "SOCKET", "EVIDENCE", "PRODUCTDIR"}  # what is named by a path


class Rows:
    def __init__(self, rows, device):
        self.commands = {row["words"]: row for row in rows["commands"]}
        self.next = {}  # "device settings" -> {"change": help}; help of an inner word is the words after it
        for words, row in self.commands.items():
            chain = words.split()
            for i, word in enumerate(chain):
                whole = i + 1 == len(chain)
                self.next.setdefault(" ".join(chain[:i]), {}).setdefault(word, row["help"] if whole else "")
        for chain, following in self.next.items():
            for word, text in following.items():
                inner = f"{chain} {word}".strip()
                following[word] = text or ", ".join(self.next[inner])
        options = [one for row in self.commands.values() for one in row["options"] if one["argument"]]
        self.files = sorted({"--" + one["name"] for one in options if one["argument"] in FILES})
        self.values = sorted({"--" + one["name"] for one in options} - set(self.files))
        self.keyed = [words for words, row in self.commands.items() if row["positional"].split()[:1] == ["KEY"]]
        self.positional = [words for words, row in self.commands.items() if row["positional"] in FILES]
        self.keys = [s["key"] for c in device["capabilities"] for s in c["settings"]]
        self.known = sorted({" ".join(words.split()[:i + 1]) for words in self.commands for i in range(len(words.split()))})


def patterns(words):
    if not words:
        sys.exit("gen-completion: no command takes a setting's KEY, or a path; are they called otherwise now?")
    return " | ".join(quoted(w) if " " in w else w for w in words)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def shared(rows):
    return {"FILES": patterns(rows.files), "VALUES": patterns(rows.values), "KEYED": patterns(rows.keyed),
            "POSITIONAL": patterns(rows.positional), "KEYS": " ".join(rows.keys), "KNOWN": " ".join(map(quoted, rows.known))}


def bash(rows):
    def cases(table):
        return "\n".join(f"\t{quoted(chain)}) echo {quoted(' '.join(words))} ;;" for chain, words in table.items())

    options = {words: ["--" + one["name"] for one in row["options"]] for words, row in rows.commands.items()}
    return {**shared(rows), "NEXT": cases(rows.next), "OPTIONS": cases(options)}


def zsh(rows):
    def described(word, text):
        return quoted(f"{word}:{text}")

    cases = []
    for chain, following in rows.next.items():
        cases.append(f"\t{quoted(chain)}) next=({' '.join(described(*pair) for pair in following.items())}) ;;")
    for words, row in rows.commands.items():
        given = " ".join(described("--" + one["name"], one["help"]) for one in row["options"])
        cases.append(f"\t{quoted(words)}) options=({given}) ;;")
    known = " ".join(f"{quoted(one)} 1" for one in rows.known)
    return {**shared(rows), "WORDS": "\n".join(cases), "KNOWN": known}


def fish(rows):
    def said(text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def row(chain, rest):
        at = said("__thingward_at " + said(chain))
        return f"complete -c thingward -n {at} {rest}"

    lines = [row(chain, f"-a {word} -d {said(text)}") for chain, following in rows.next.items() for word, text in following.items()]
    for words, command in rows.commands.items():
        for one in command["options"]:
            kind = "" if not one["argument"] else " -r -F" if "--" + one["name"] in rows.files else " -x"
            lines.append(row(words, f"-l {one['name']}{kind} -d {said(one['help'])}"))
    lines += [row(words, f"-a {said(' '.join(rows.keys))}") for words in rows.keyed]
    lines += [row(words, "-F") for words in rows.positional]
    return {**shared(rows), "ROWS": "\n".join(lines)}


def main():
    kind, out, template, tool_rows, device = sys.argv[1:]
    read = [json.loads(pathlib.Path(name).read_text(encoding="utf-8")) for name in (tool_rows, device)]
    made = {"bash": bash, "zsh": zsh, "fish": fish}[kind](Rows(*read))
    text = re.sub(r"@([A-Z]+)@", lambda found: made[found[1]], pathlib.Path(template).read_text(encoding="utf-8"))
    pathlib.Path(out).write_text(text, encoding="utf-8")


main()
