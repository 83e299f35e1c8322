"""The tool that holds the guide's tables of indicators to the library finds what differs."""

import subprocess
import sys

import cases

TOOL = cases.ROOT / "tools" / "indicator_page.py"
KINDS = ("sma\tsma(period=20)\t\tclose\tsma\t19\n"
         "ema\tema(period=20, seed=sma)\tseed: sma, first\tclose\tema\t19\n")
SMA = "| **sma**(period=20) | close | sma | 19 | a mean | all |\n"
EMA = "| **ema**(period=20, seed=sma); seed: sma, first | close | ema | 19 | y += a | TTR |\n"


def run(folder, page, *options):
    """The tool over a page, beside a program that prints KINDS."""
    program = cases.write(folder, "kinds", f"#!/bin/sh\ncat <<'END'\n{KINDS}END\n")
    program.chmod(0o755)
    path = cases.write(folder, "page.md", page)
    done = subprocess.run([sys.executable, str(TOOL), str(program), str(path), *options],
                          check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, path.read_text(encoding="utf-8")


def test_a_page_that_is_current_passes(folder):
    code, told, _ = run(folder, "# Means\n\n" + SMA + EMA)
    cases.expect(code == 0 and told == "", told)


def test_another_default_is_found(folder):
    code, told, _ = run(folder, SMA.replace("period=20", "period=10") + EMA)
    cases.expect(code == 1 and "sma: the row should be" in told, told)


def test_a_kind_without_a_row_is_found(folder):
    code, told, _ = run(folder, SMA)
    cases.expect(code == 1 and "ema: has no row" in told, told)


def test_a_row_of_no_kind_is_found(folder):
    code, told, _ = run(folder, SMA + EMA + SMA.replace("sma", "smb"))
    cases.expect(code == 1 and "smb: there is no such kind" in told, told)


def test_a_row_without_a_formula_is_found(folder):
    code, told, _ = run(folder, SMA.replace("a mean", "") + EMA)
    cases.expect(code == 1 and "a formula and a convention are wanted" in told, told)


def test_rows_are_brought_up_to_date_and_keep_what_is_written(folder):
    _, _, page = run(folder, SMA.replace("19", "20") + EMA, "--write")
    cases.expect(page == SMA + EMA, page)


sys.exit(cases.run(globals().copy()))
