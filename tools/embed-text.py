#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes files into a C source as NUL-terminated arrays: embed-text.py OUT.c SYMBOL=FILE...

gcc 12 has no #embed. Each file becomes `const char SYMBOL[]`; whoever uses it declares it in a header.
"""
import sys


def rows(data):
    for at in range(0, len(data), 20):
        yield '\t' + ' '.join(f'{b},' for b in data[at:at + 20])


def main():
    out = ['/* Made by tools/embed-text.py. */']
    for argument in sys.argv[2:]:
        symbol, name = argument.split('=', 1)
        with open(name, 'rb') as f:
            data = f.read()
        if b'\0' in data:
            sys.exit(f'{name}: holds a NUL, which would end the text early')
        signed = [b - 256 if b > 127 else b for b in data]
        out += [f'extern const char {symbol}[{len(data) + 1}];', f'const char {symbol}[{len(data) + 1}] = {{', *rows(signed), '\t0', '};']
    with open(sys.argv[1], 'w', encoding='ascii') as f:
        f.write('\n'.join(out) + '\n')


main()
