#!/usr/bin/env python3
"""run_tests.py - runs the test programs of a build folder and counts their cases.

    run_tests.py [--suite NAME]... [--without NAME]... [--jobs N] [--quiet] BUILD [TEXT ...]

The programs are the tests Meson knows (meson-info/intro-tests.json). They run in parallel, each
with its output captured. What counts is test cases, not programs: cmocka (and our Python tests,
which write the same words) print one line a case,

    [       OK ] name        [  FAILED  ] name        [  SKIPPED ] name

A program that prints no such line is one case itself: status 0 passed, 77 skipped, else failed.
A program that dies or runs too long is a failed case more, named after the case it died in, so
that nothing is lost by crashing. Failing programs are printed in full, with the command that
repeats them. Of those that pass, lines that begin with `counts: ` are shown: what they compared
with real data. The last line is the sum:

    N passed, N failed[, N skipped]

TEXT keeps the programs whose name contains one of the texts. Exit status: 0 all passed, 1 some
failed or nothing ran, 2 wrong usage.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

CASE = re.compile(r"\[\s*(OK|FAILED|SKIPPED)\s*\] (\S.*?)\s*$")
START = re.compile(r"\[ RUN +\] (\S.*?)\s*$")
# cmocka repeats the failed cases in a list below this line; the list is not counted again.
GROUP_BEGIN = re.compile(r"\[=+\] (?:.*: )?Running \d+ test")
GROUP_END = re.compile(r"\[=+\] (?:.*: )?\d+ test\(s\) run")
COUNTS = re.compile(r"^counts: (.*)$", re.M)
SKIPPED_STATUS = 77

Outcome = collections.namedtuple("Outcome", "passed failed skipped")
Result = collections.namedtuple("Result", "test outcome output seconds trouble")


def count_cases(output):
    """The (passed, failed, skipped) names in a program's output, and the case left running."""
    names = {"OK": [], "FAILED": [], "SKIPPED": []}
    in_summary, running, groups = False, None, 0
    for line in output.splitlines():
        if GROUP_BEGIN.search(line):
            in_summary, groups = False, groups + 1
        elif GROUP_END.search(line):
            in_summary = True
        elif START.search(line):
            running = START.search(line).group(1)
        elif CASE.search(line) and not in_summary:
            word, name = CASE.search(line).groups()
            names[word].append(name)
            running = None
    return names["OK"], names["FAILED"], names["SKIPPED"], running, groups


def judge(output, status, timed_out):
    """The Outcome of one finished program, and a sentence when it did not end as it should."""
    passed, failed, skipped, running, groups = count_cases(output)
    trouble = None
    if timed_out:
        trouble = "it ran too long and was stopped"
    elif status < 0:
        trouble = "it was ended by " + signal.Signals(-status).name
    elif not passed and not failed and not skipped:
        if groups:
            trouble = "it has no test case"
        elif status == 0:
            return Outcome(["the program"], [], []), None
        elif status == SKIPPED_STATUS:
            return Outcome([], [], ["the program"]), None
        else:
            trouble = f"it ended with status {status}"
    elif status != 0 and not failed:
        trouble = f"it ended with status {status} though no case failed"
    elif status == 0 and failed:
        trouble = "it ended with status 0 though a case failed"
    if trouble:
        failed = failed + [running or "the program"]
        trouble += f" in case {running}" if running else ""
    return Outcome(passed, failed, skipped), trouble


def run_one(test, build, timeout_factor):
    """Runs one program in a process group of its own, so that its children end with it."""
    environment = dict(os.environ)
    environment.update(test["env"])
    begin = time.monotonic()
    timed_out = False
    try:
        process = subprocess.Popen(
            test["cmd"], cwd=test["workdir"] or build, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        return Result(test, Outcome([], ["the program"], []), "", 0.0, f"it cannot start: {error}")
    try:
        limit = test["timeout"] * timeout_factor if test["timeout"] > 0 else None
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    text = output.decode("utf-8", "replace")
    outcome, trouble = judge(text, process.returncode, timed_out)
    return Result(test, outcome, text, time.monotonic() - begin, trouble)


def run_all(tests, build, jobs, timeout_factor):
    """Yields each Result as it comes: first those that may share the machine, then the others."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        together = [pool.submit(run_one, test, build, timeout_factor)
                    for test in tests if test["is_parallel"]]
        for future in concurrent.futures.as_completed(together):
            yield future.result()
    for test in tests:
        if not test["is_parallel"]:
            yield run_one(test, build, timeout_factor)


def repeat_command(test, build):
    """One line that runs this program again, as it was run here."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in sorted(test["env"].items())
                if not name.startswith("MALLOC_")]
    if os.environ.get("TRADEWIND_DATA"):
        settings.append("TRADEWIND_DATA=" + shlex.quote(os.environ["TRADEWIND_DATA"]))
    folder = shlex.quote(test["workdir"] or build)
    return f"(cd {folder} && {' '.join(settings + [shlex.join(test['cmd'])])})"


def show(result, build, quiet):
    outcome = result.outcome
    if not outcome.failed and quiet:
        return
    word = "FAILED" if outcome.failed else "passed" if outcome.passed else "skipped"
    counts = ", ".join(f"{len(names)} {what}" for names, what in
                       ((outcome.passed, "passed"), (outcome.failed, "failed"),
                        (outcome.skipped, "skipped")) if names)
    print(f"{word:8} {result.test['name']:32} {result.seconds:6.2f} s  {counts}")
    if not outcome.failed:
        for line in COUNTS.findall(result.output):
            print(f"{'':8} {line}")
    if outcome.failed:
        print("-" * 78)
        print(result.output.rstrip())
        if result.trouble:
            print(f"{result.test['name']}: {result.trouble}")
        print(f"failed: {', '.join(outcome.failed)}")
        print(f"repeat: {repeat_command(result.test, build)}")
        print("-" * 78)
    sys.stdout.flush()


def suites_of(test):
    return {name.rpartition(":")[2] for name in test["suite"]}


def load_tests(build, suites, without, texts):
    """The tests of the folder that belong to one of the suites, to none of those left out, and
    match one of the texts."""
    with open(os.path.join(build, "meson-info", "intro-tests.json")) as source:
        tests = json.load(source)
    if suites:
        tests = [test for test in tests if suites_of(test) & set(suites)]
    tests = [test for test in tests if not suites_of(test) & set(without)]
    if texts:
        tests = [test for test in tests if any(text in test["name"] for text in texts)]
    # The longest first (their priority in Meson says so), or the last ones would run alone.
    return sorted(tests, key=lambda test: -test["priority"])


def main(arguments):
    parser = argparse.ArgumentParser(description="run the test programs of a build folder")
    parser.add_argument("build")
    parser.add_argument("text", nargs="*")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 2),
                        help="programs at a time: twice the processors, for many only wait")
    parser.add_argument("--timeout-factor", type=float, default=1.0)
    parser.add_argument("--quiet", action="store_true", help="show only what fails")
    options = parser.parse_args(arguments)

    build = os.path.abspath(options.build)
    try:
        tests = load_tests(build, options.suite, options.without, options.text)
    except (OSError, ValueError) as error:
        print(f"run_tests: {build} is not a configured build folder: {error}",
              file=sys.stderr)
        return 2
    passed = failed = skipped = 0
    skipping = []
    for result in run_all(tests, build, options.jobs, options.timeout_factor):
        show(result, build, options.quiet)
        passed += len(result.outcome.passed)
        failed += len(result.outcome.failed)
        skipped += len(result.outcome.skipped)
        skipping += [f"{result.test['name']}: {name}" for name in result.outcome.skipped]
    if skipping:
        print("skipped: " + ", ".join(sorted(skipping)))
    if not tests:
        print("no test program was found")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
