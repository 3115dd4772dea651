#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the table of common passwords: gen-passwords.py LIST OUT.c (service/access/password.h).

A password is kept as the 32 bits of its FNV-1a, a third of the room of its text. One in three million other passwords has the bits of one
in the list and is refused too, which is no harm: whoever chose it chooses another.
"""
import sys


def fingerprint(word):
    value = 0x811C9DC5
    for byte in word.encode("ascii"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        words = [line.rstrip("\n") for line in f if not line.startswith("#")]
    if words != sorted(set(words)) or any(not w or w != w.lower() or not w.isprintable() for w in words):
        sys.exit(f"{sys.argv[1]}: not in order, twice, empty or not in lower case")
    table = sorted({fingerprint(w) for w in words})
    with open(sys.argv[2], "w", encoding="ascii") as f:
        f.write('/* Made by tools/gen-passwords.py. */\n#include "service/access/password.h"\n\n'
                f"const size_t tw_common_passwords_count = {len(table)};\nconst uint32_t tw_common_passwords[] = {{\n")
        for at in range(0, len(table), 8):
            f.write("\t" + " ".join(f"0x{v:08x}u," for v in table[at:at + 8]) + "\n")
        f.write("};\n")


main()
