#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fills a template of packaging/manual with the rows that the programs print their --help from.

    gen-manual.py OUT TEMPLATE ROWS.json HELP.txt SUPPORT.txt EPOCH

ROWS.json is `thingward --json --help`, HELP.txt `thingward-device --help`, SUPPORT.txt `thingward-support --help`, EPOCH the day of the page in seconds. A template that
names a part nobody makes is an error, so that no page shows a bare @PART@.
"""
import json
import pathlib
import re
import sys
import time

COLUMNS = re.compile(r"  (.{16}) (.{10,}?) (?! )(.+)")  # name, argument, help, as thingward-device pads them


def roff(text):
    """Text as man pages want it: what roff would read as a command or a hyphen is spelled out."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return "\\&" + text if text.startswith((".", "'")) else text


def sentence(text):
    return roff(text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."))


def option(name, argument, text):
    return [".TP", f".BI \"{roff(name)} \" \"{roff(argument)}\"" if argument else f".B {roff(name)}", sentence(text)]


def is_common(one):
    return one["name"] in ("json", "help")


def needed(one):
    return one["help"] + (" (needed)" if one["required"] else "")


def command(row):
    positional = f" \\fI{roff(row['positional'])}\\fR" if row["positional"] else ""
    lines = [f".SS \"thingward {roff(row['words'])}{positional}\"", sentence(row["help"])]
    for one in row["options"]:
        if not is_common(one):
            lines += option("--" + one["name"], one["argument"], needed(one))
    if row.get("example"):
        lines += [".PP", "Example:", ".PP", ".RS 4", ".nf", roff(row["example"]), ".fi", ".RE"]
    return lines


def hands_options(text):
    lines = []
    for line in text.splitlines():
        if line.startswith("  "):
            found = COLUMNS.fullmatch(line)
            if not found:
                sys.exit(f"gen-manual: no option row: {line}")
            lines += option(found[1].strip(), found[2].strip(), found[3])
    return lines


def support_rows(text, options):
    """Its options, or the rows that are none: its commands."""
    lines = []
    for line in text.splitlines():
        if line.startswith("  "):
            found = re.fullmatch(r"  (-*[a-z-]+(?: [a-z]+)?)(?: ([A-Z:]+))? {2,}(.+)", line)
            if not found:
                sys.exit(f"gen-manual: no row of thingward-support: {line}")
            if found[1].startswith("-") == options:
                lines += option(found[1], found[2], found[3])
    return lines


def parts(rows, hands, support):
    device = [row for row in rows["commands"] if row["words"].startswith("device ")]
    desk = [row for row in rows["commands"] if row["words"].startswith("desk ")]
    rest = [row for row in rows["commands"] if row not in device and row not in desk]
    common = [one for one in rows["commands"][0]["options"] if is_common(one)]
    return {
        "VERSION": [rows["version"]],
        "COMMANDS": [line for row in rest for line in command(row)],
        "DEVICE": [line for row in device for line in command(row)],
        "DESK": [line for row in desk for line in command(row)],
        "COMMON": [line for one in common for line in option("--" + one["name"], one["argument"], one["help"])],
        "EXITS": [line for code, text in enumerate(rows["exits"]) for line in (".TP", f".B {code}", sentence(text))],
        "OPTIONS": hands_options(hands),
        "SUPPORTCOMMANDS": support_rows(support, False),
        "SUPPORTOPTIONS": support_rows(support, True),
    }


def main():
    out, template, *read, epoch = sys.argv[1:]
    rows, hands, support = (pathlib.Path(name).read_text(encoding="utf-8") for name in read)
    made = parts(json.loads(rows), hands, support)
    made["DATE"] = [time.strftime("%Y-%m-%d", time.gmtime(int(epoch)))]

    def fill(found):
        if found[1] not in made:
            sys.exit(f"gen-manual: {template} wants @{found[1]}@, which nobody makes")
        return "\n".join(made[found[1]])

    page = re.sub(r"@([A-Z]+)@", fill, pathlib.Path(template).read_text(encoding="utf-8"))
    pathlib.Path(out).write_text(page, encoding="utf-8")


main()
