#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the upper halves of the character sets of one byte that mail is written in, as a C table: gen-charsets.py OUT.c"""
import sys

SETS = [f"iso-8859-{n}" for n in range(1, 17) if n != 12] + [f"windows-125{n}" for n in range(9)] + ["windows-874", "koi8-r", "koi8-u"]


def upper(name):
    # Whoever says ISO-8859-1 means Windows' set where the two differ: there are only control characters in the other.
    codec = {"iso-8859-1": "windows-1252", "windows-874": "cp874"}.get(name, name)
    for byte in range(0x80, 0x100):
        code = ord(bytes([byte]).decode(codec, "replace"))
        yield 0xfffd if 0x80 <= code < 0xa0 else code


with open(sys.argv[1], "w") as out:
    out.write("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/gen-charsets.py from Python's codecs. */\n"
              "#include \"formats/mailcharset.h\"\n\nconst struct tw_mail_charset tw_mail_charsets[] = {\n")
    for name in SETS:
        out.write(f'\t{{ "{name}", {{ ' + ", ".join(f"0x{c:04x}" for c in upper(name)) + " } },\n")
    out.write("\t{ .name = NULL },\n};\n")
