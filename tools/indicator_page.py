#!/usr/bin/env python3
"""Hold the tables of docs/guide/indicators.md to what the library says of its indicators.

usage: indicator_page.py PROGRAM PAGE [--write]

PROGRAM (tests/house/indicator_kinds.c) prints a line for each kind. A row of a table in the page
begins with **name**; its first four cells are the library's, the last two (formula; convention and
source) are written by hand. Without --write, rows that differ, are missing or name no kind are
printed, and the exit status is 1; with it they are brought up to date, and a new kind gets a row at
the end of the page with its hand-written cells empty, which is an error until they are filled in.
"""

import re
import subprocess
import sys

ROW = re.compile(r"^\| \*\*(\w+)\*\*")


def kinds(program):
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    return {fields[0]: fields for fields in
            (line.split("\t") for line in done.stdout.splitlines())}


def cells_of(fields):
    name, call, words, inputs, outputs, lookback = fields
    first = f"**{name}**" + call[len(name):].replace("()", "")
    return [first + (f"; {words}" if words else ""), inputs, outputs, lookback]


def row_of(fields, written):
    return "| " + " | ".join(cells_of(fields) + written) + " |"


def written_of(row):
    return [cell.strip() for cell in row.strip().strip("|").split(" | ")][-2:]


def renewed(text, known):
    """The page as it should be, and what was wrong with it."""
    lines, faults, seen = [], [], set()
    for line in text.splitlines():
        match = ROW.match(line)
        if match is None:
            lines.append(line)
            continue
        name = match.group(1)
        if name not in known:
            faults.append(f"{name}: there is no such kind")
            continue
        seen.add(name)
        written = written_of(line)
        if len(written) != 2 or not all(written):
            faults.append(f"{name}: a formula and a convention are wanted")
        wanted = row_of(known[name], written)
        if wanted != line:
            faults.append(f"{name}: the row should be\n{wanted}")
        lines.append(wanted)
    for name in known.keys() - seen:
        faults.append(f"{name}: has no row")
        lines.append(row_of(known[name], ["", ""]))
    return "\n".join(lines) + "\n", faults


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    program, page = arguments[:2]
    with open(page, encoding="utf-8") as file:
        text = file.read()
    page_text, faults = renewed(text, kinds(program))
    if arguments[2:] == ["--write"]:
        with open(page, "w", encoding="utf-8") as file:
            file.write(page_text)
    for fault in faults:
        print(f"{page}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
