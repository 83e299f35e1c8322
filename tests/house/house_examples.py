"""The programs in the guide compile without a warning: every ```c block that has a main."""

import os
import re
import subprocess
import sys

import cases

BLOCK = re.compile(r"^```c\n(.*?)^```$", re.M | re.S)


def programs():
    """(page, number, text) of each whole program in the guide."""
    found = []
    for page in sorted((cases.ROOT / "docs" / "guide").glob("*.md")):
        blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
        whole = [text for text in blocks if "int main(" in text]
        found += [(page.name, number, text) for number, text in enumerate(whole, 1)]
    return found


def compiles(path):
    command = [os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra",
               "-Wpedantic", "-Werror", "-fsyntax-only", "-I", str(cases.ROOT / "include"),
               str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_there_is_a_program_in_the_guide(_folder):
    cases.expect(programs(), "no block of docs/guide has a main")


def test_every_program_of_the_guide_compiles(folder):
    for page, number, text in programs():
        done = compiles(cases.write(folder, f"{page}.{number}.c", text))
        cases.expect(done.returncode == 0, f"{page}, program {number}: {done.stderr}")


def test_a_program_that_does_not_compile_is_found(folder):
    path = cases.write(folder, "bad.c", "int main(void) { return tw_no_such(); }\n")
    cases.expect(compiles(path).returncode != 0, "it compiled")


sys.exit(cases.run(globals().copy()))
