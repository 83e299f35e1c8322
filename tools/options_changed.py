#!/usr/bin/env python3
"""options_changed.py - which of the wanted Meson options a build folder does not have yet.

    options_changed.py BUILD -Dname=value ...

Prints the options whose value differs, one a line, so that a caller reconfigures (seconds) only
when something really changes. A folder that cannot be read needs all of them.
"""

import json
import os
import sys


def text_of(value):
    """A Meson option's value as it is written on the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def main(arguments):
    build, wanted = arguments[0], arguments[1:]
    try:
        with open(os.path.join(build, "meson-info", "intro-buildoptions.json")) as source:
            present = {option["name"]: text_of(option["value"]) for option in json.load(source)}
    except (OSError, ValueError):
        present = {}
    for option in wanted:
        name, _, value = option.removeprefix("-D").partition("=")
        if present.get(name) != value:
            print(option)


if __name__ == "__main__":
    main(sys.argv[1:])
