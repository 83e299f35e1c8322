#!/usr/bin/env python3
"""embed_files.py - writes files as a table of C.

    embed_files.py HEADER TABLE OUT FILE...

OUT defines `const page_file TABLE[]` with the name (without folders) and the bytes of each FILE, and
`const size_t TABLE_count` without the `s` of the table's name, as HEADER declares them.
"""

import os
import sys

BYTES_A_LINE = 24


def array(name, data):
    lines = [f"static const char {name}[] = {{"]
    for begin in range(0, len(data), BYTES_A_LINE):
        piece = data[begin:begin + BYTES_A_LINE]
        lines.append("    " + ",".join(str(byte if byte < 128 else byte - 256) for byte in piece) + ",")
    return lines + ["    0};", ""]


def main():
    header, table, out, *paths = sys.argv[1:]
    lines, rows = [f'#include "{header}"', ""], []
    for number, path in enumerate(paths):
        with open(path, "rb") as source:
            data = source.read()
        lines += array(f"file_{number}", data)
        rows.append(f'    {{"{os.path.basename(path)}", file_{number}, {len(data)}}},')
    lines += [f"const page_file {table}[] = {{", *rows, "    {0}};", ""]
    lines += [f"const size_t {table[:-1]}_count = {len(paths)};", ""]
    with open(out, "w", encoding="ascii") as target:
        target.write("\n".join(lines))


main()
