#!/usr/bin/env python3
"""embed_file.py - writes a file as an array of C.

    embed_file.py FILE NAME HEADER OUT

OUT defines `const char NAME[]`, whose last byte is a NUL that is not part of the file, and
`const size_t NAME_size` without it, as HEADER declares them.
"""

import sys

BYTES_A_LINE = 16


def main():
    path, name, header, out = sys.argv[1:]
    with open(path, "rb") as source:
        data = source.read()
    lines = [f'#include "{header}"', "", f"const char {name}[] = {{"]
    for begin in range(0, len(data), BYTES_A_LINE):
        piece = data[begin:begin + BYTES_A_LINE]
        lines.append("    " + ", ".join(str(byte if byte < 128 else byte - 256) for byte in piece) + ",")
    lines += ["    0};", "", f"const size_t {name}_size = {len(data)};", ""]
    with open(out, "w", encoding="ascii") as target:
        target.write("\n".join(lines))


main()
