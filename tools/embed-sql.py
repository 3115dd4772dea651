#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns .sql files into C: each block that follows a line `-- name: NAME` becomes `const char tw_sql_NAME[]`.

    embed-sql.py OUT.c OUT.h FILE.sql...

Comments are left out. A name twice, text before the first name, or an empty block is an error with file and line.
"""
import pathlib
import re
import sys

NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$")


class Refused(Exception):
    pass


def blocks(path):
    """[(name, line number, [SQL lines])] in the order of the file."""
    found = []
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        name = NAME.match(line)
        if name:
            found.append((name.group(1), number, []))
        elif line.startswith("--") or not line.strip():
            continue
        elif not found:
            raise Refused(f"{path}:{number}: SQL before the first `-- name:`")
        else:
            found[-1][2].append(line.strip())
    return found


def c_literal(lines):
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return "\n".join(f'\t"{line}\\n"' for line in escaped)


def main(out_c, out_h, *files):
    seen, source, header = {}, [], []
    for path in files:
        for name, number, lines in blocks(path):
            if name in seen:
                raise Refused(f"{path}:{number}: {name} stands in {seen[name]} already")
            if not lines:
                raise Refused(f"{path}:{number}: {name} is empty")
            seen[name] = f"{path}:{number}"
            source.append(f"const char tw_sql_{name}[] =\n{c_literal(lines)};\n")
            header.append(f"extern const char tw_sql_{name}[];\n")
    head = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/embed-sql.py; change the .sql files instead. */\n"
    guard = "TW_" + re.sub(r"[^A-Z0-9]", "_", pathlib.Path(out_h).name.upper())
    pathlib.Path(out_h).write_text(f"{head}#ifndef {guard}\n#define {guard}\n{''.join(header)}#endif\n", encoding="utf-8")
    pathlib.Path(out_c).write_text(f'{head}#include "{pathlib.Path(out_h).name}"\n{"".join(source)}', encoding="utf-8")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Refused, OSError) as e:
        print(f"embed-sql: {e}", file=sys.stderr)
        sys.exit(1)
