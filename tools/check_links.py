#!/usr/bin/env python3
"""check_links.py - every link of the documentation leads somewhere.

    check_links.py [ROOT]

Reads the Markdown files of the tree and follows each link that stays inside of it: the file or
folder must exist, inside the tree, and a #heading must be one of that page, in GitHub's spelling.
Addresses of the world (https:, mailto:) are not visited, and code is not read. Absolute paths are
violations: they lead somewhere else on every machine.

Prints one line a violation, "file:line: sentence", and exits 1 if there is any.
"""

import os
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
WORLD = re.compile(r"^[a-z][a-z0-9+.-]*:")
CODE = re.compile(r"`[^`]*`")
FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
# Build output and data hold pages of other people.
FOREIGN_FOLDERS = re.compile(r"^(\.git|build|build-.*|__pycache__|corpus|data|node_modules|dist)$")


def pages(root):
    """The Markdown files below root, relative to it, in order."""
    found = []
    for here, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not FOREIGN_FOLDERS.match(name))
        found += [os.path.relpath(os.path.join(here, name), root)
                  for name in sorted(names) if name.endswith(".md")]
    return found


def prose(path):
    """(line number, line) of a page without its fenced and indented code."""
    fenced = False
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            if FENCE.match(line):
                fenced = not fenced
            elif not fenced and not line.startswith("    "):
                yield number, line.rstrip("\n")


def anchors(path):
    """The anchors that GitHub gives to the headings of a page."""
    taken, names = {}, set()
    for _, line in prose(path):
        heading = HEADING.match(line)
        if not heading:
            continue
        text = LINK.sub(lambda link: link.group(0).partition("]")[0].lstrip("!["), heading.group(1))
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = taken.get(name, 0)
        taken[name] = count + 1
        names.add(f"{name}-{count}" if count else name)
    return names


def check_link(root, page, target):
    """The sentence of what is wrong with one link, or None."""
    if WORLD.match(target):
        return None
    path, _, anchor = target.partition("#")
    if path.startswith("/"):
        return f"{target} is absolute; write it from this page"
    place = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if place.startswith(".."):
        return f"{target} leads out of the tree"
    full = os.path.join(root, place)
    if not os.path.exists(full):
        return f"{target} leads nowhere"
    if anchor and (not place.endswith(".md") or anchor not in anchors(full)):
        return f"{place} has no heading #{anchor}"
    return None


def links(path):
    """(line number, target) of each link of a page; the words of a link may span two lines."""
    lines = dict(prose(path))
    text = "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))
    text = CODE.sub(lambda code: "`" + "\n" * code.group(0).count("\n"), text)
    for link in LINK.finditer(text):
        yield text.count("\n", 0, link.start()) + 1, link.group(1)


def check(root):
    problems = []
    for page in pages(root):
        for number, target in links(os.path.join(root, page)):
            problem = check_link(root, page, target)
            if problem:
                problems.append(f"{page}:{number}: {problem}")
    return problems


def main(arguments):
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(__file__)) or "."
    problems = check(os.path.abspath(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
