#!/usr/bin/env python3
"""bench_gate.py - the instructions of the hot paths, against a baseline that is in the tree.

    bench_gate.py BUILD [--accept] [--baseline FILE]

Runs BUILD/bench/bench_gate under valgrind's callgrind and counts, for each path of it, the
instructions of our own code, and the calls out of it (memcpy, malloc and the like; what those do
inside depends on the machine and is not counted). Both are the same in every run, however busy the
machine is, so a path that grows by more than LIMIT_PERCENT has become slower by what was written.

--accept writes the counts as the new baseline, which is committed with the change that moved them.

Exit status: 0 no path grew; 1 one did, or could not be counted; 2 wrong usage; 77 skipped, because
there is no valgrind here, or what the baseline was counted with (compiler, options, headers of
simdjson, which are compiled in) is not what BUILD is made with.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT_PERCENT = 2
CALLS_SLACK = 16  # so few calls more are a path's frame, not its work
SECONDS_MAX = 600
SKIPPED = 77
PREFIX = "gate_path_"
BASELINE = pathlib.Path(__file__).resolve().parents[1] / "bench" / "gate_baseline.json"


class Trouble(Exception):
    """What keeps the gate from judging; the sentence says what to do."""


class Skip(Exception):
    """Why there is nothing to judge here."""


# ---- what callgrind wrote ------------------------------------------------------------------------


class Part:
    """One dump of callgrind: self cost and calls out of one object, and the path that it is of."""

    def __init__(self):
        self.path = None
        self.instructions = 0
        self.calls = 0


def parse_part(lines, program):
    """One part of a profile without compressed names; costs of other objects are left out. A line of
    cost after "calls=" is the callee's, which is counted where it is its own."""
    part = Part()
    here = there = None
    callee_cost = False
    for line in lines:
        if line.startswith("ob="):
            here = pathlib.PurePath(line[3:]).name
        elif line.startswith("cob="):
            there = pathlib.PurePath(line[4:]).name
        elif line.startswith("fn=") and here == program:
            name = line[3:].split(".")[0].split("'")[0]
            if name.startswith(PREFIX):
                part.path = name.removeprefix(PREFIX)
        elif line.startswith("calls="):
            if here == program and there not in (None, program):
                part.calls += int(line[6:].split()[0])
            there = None
            callee_cost = True
        elif line[:1].isdigit():
            if here == program and not callee_cost:
                part.instructions += int(line.split()[1])
            callee_cost = False
    return part


def parse_profile(text, program):
    """{path: {"instructions", "calls"}} of a profile of one part a path."""
    counts = {}
    for piece in re.split(r"^part: \d+$", text, flags=re.M)[1:]:
        part = parse_part(piece.splitlines(), program)
        if part.path is None:
            continue  # what came after the last path
        if part.path in counts:
            raise Trouble(f"the path {part.path} was counted twice")
        counts[part.path] = {"instructions": part.instructions, "calls": part.calls}
    return counts


def count(program):
    """Runs the program under callgrind. Every path it names must have been counted."""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        command = ["valgrind", "--tool=callgrind", f"--toggle-collect={PREFIX}*",
                   "--dump-before=gate_tell", "--combine-dumps=yes", "--compress-strings=no",
                   "--compress-pos=no", f"--callgrind-out-file={profile}", str(program)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True,
                                  timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise Trouble(f"valgrind did not end within {SECONDS_MAX} s") from None
        if done.returncode == SKIPPED:
            raise Skip(done.stderr.strip().splitlines()[-1])
        if done.returncode != 0 or not profile.exists():
            raise Trouble(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()}")
        counts = parse_profile(profile.read_text(encoding="utf-8"), program.name)
    named = [line.split()[0] for line in done.stdout.splitlines()]
    lost = [name for name in named if counts.get(name, {}).get("instructions", 0) == 0]
    if lost or not named:
        raise Trouble(f"not counted: {', '.join(lost) or 'any path'}")
    return counts


# ---- the baseline --------------------------------------------------------------------------------


def read_json(path):
    try:
        with open(path, encoding="utf-8") as source:
            return json.load(source)
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Trouble(f"{path} is no JSON: {error}") from None


def read_baseline(path):
    """The baseline, if it is one."""
    found = read_json(path)
    try:
        made, paths = dict(found["made_with"]), dict(found["paths"])
        for name, counts in paths.items():
            if not (counts["instructions"] > 0 and counts["calls"] >= 0):
                raise ValueError(name)
    except (KeyError, TypeError, ValueError) as error:
        raise Trouble(f"{path} is no baseline (at {error}); write it anew: ./dev bench --gate --accept"
                      ) from None
    return made, paths


def write_baseline(path, made, counts):
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in counts.items())
    head = ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in made.items())
    path.write_text(f'{{\n  "made_with": {{\n{head}\n  }},\n  "paths": {{\n{rows}\n  }}\n}}\n',
                    encoding="utf-8")


def differences(was, now):
    """The sentence about what differs, or none."""
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return "; ".join(f"{name}: {was.get(name, 'nothing')} in the baseline, {now.get(name, 'nothing')} "
                     "here" for name in names)


# ---- the judgement -------------------------------------------------------------------------------


def judge_path(was, now):
    """(failed, words) of one path; None where it is not in the baseline, or not counted any more."""
    if was is None:
        return True, "is not in the baseline"
    if now is None:
        return True, "is in the baseline and was not counted"
    change_percents = 100 * (now["instructions"] - was["instructions"])  # times the baseline
    limit_percents = LIMIT_PERCENT * was["instructions"]
    if change_percents > limit_percents:
        return True, f"GREW, more than {LIMIT_PERCENT} %"
    if 100 * (now["calls"] - was["calls"] - CALLS_SLACK) > LIMIT_PERCENT * was["calls"]:
        return True, f"CALLS OUT GREW, {was['calls']:,} to {now['calls']:,}"
    if change_percents < -limit_percents:
        return False, "better"
    return False, ""


def print_table(paths, counts, verdicts):
    print(f"{'path':<16} {'baseline':>13} {'now':>13} {'change':>9} {'calls out':>10}")
    for name, (_, words) in verdicts.items():
        was, now = paths.get(name), counts.get(name)
        cells = (f"{was['instructions']:,}" if was else "-", f"{now['instructions']:,}" if now else "-",
                 f"{now['instructions'] / was['instructions'] - 1:+.2%}" if was and now else "-",
                 f"{now['calls']:,}" if now else "-")
        print(f"{name:<16} {cells[0]:>13} {cells[1]:>13} {cells[2]:>9} {cells[3]:>10}  {words}".rstrip())


def judge(paths, counts):
    """Prints the table and what to do; the exit status."""
    verdicts = {name: judge_path(paths.get(name), counts.get(name)) for name in {**counts, **paths}}
    print_table(paths, counts, verdicts)
    failed = [name for name, (bad, _) in verdicts.items() if bad]
    better = [name for name, (bad, words) in verdicts.items() if words and not bad]
    if better:
        print(f"better: {', '.join(better)}; accept it with ./dev bench --gate --accept")
    if failed:
        print(f"failed: {', '.join(failed)}; make it as quick as it was, or, where the change is worth "
              "it, ./dev bench --gate --accept")
        return 1
    print(f"{len(verdicts)} paths, none grew by more than {LIMIT_PERCENT} %")
    return 0


def gate(build, baseline, accept):
    program = pathlib.Path(build) / "bench" / "bench_gate"
    if shutil.which("valgrind") is None:
        raise Skip("valgrind is not installed")
    if not program.exists():
        raise Trouble(f"{program} is not built; ./dev bench --gate builds it")
    made = read_json(program.with_name("gate_made_with.json"))
    if accept:
        counts = count(program)
        write_baseline(baseline, made, counts)
        print(f"accepted: {len(counts)} paths are the baseline now, in {baseline}")
        return 0
    was, paths = read_baseline(baseline)
    other = differences(was, made)
    if other:
        raise Skip(f"the baseline does not speak of this build ({other})")
    return judge(paths, count(program))


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench_gate.py", description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--accept", action="store_true", help="write the counts as the baseline")
    parser.add_argument("--baseline", type=pathlib.Path, default=BASELINE)
    wanted = parser.parse_args(arguments)
    try:
        return gate(wanted.build, wanted.baseline, wanted.accept)
    except Skip as why:
        print(f"skipped: {why}")
        return SKIPPED
    except Trouble as why:
        print(f"bench_gate: {why}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
