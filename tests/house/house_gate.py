"""The gate finds growth, tells what got better, and never judges what it cannot compare."""

import contextlib
import io
import json
import os
import sys

import cases

bench_gate = cases.load_tool("bench_gate")

MADE_WITH = {"c": "gcc 12.2.0", "cpp": "gcc 12.2.0", "machine": "x86_64",
             "options": "buildtype=release", "simdjson": "3.0.1"}

# One part of a profile: set-up without cost, the path, a function of ours that calls out, and the
# machine's own library, whose instructions are never ours.
PART = """part: {number}

desc: Trigger: --dump-before=gate_tell

positions: line
events: Ir
summary: 999999


ob=/build/bench/bench_gate
fl=gate.c
fn=main
cfn=gate_path_{name}
calls=1 0
0 999999

fn=gate_path_{name}{suffix}
0 100
0 20
cob=/build/bench/bench_gate
cfn=tw_ours
calls=7 0
0 888888

fn=tw_ours
0 {rest}
cob=/lib/libc.so.6
cfi=???
cfn=memcpy
calls={calls} 0
0 777777
0 30

ob=/lib/libc.so.6
fl=???
fn=memcpy
0 777777

totals: 999999

"""


def profile(paths, suffix=""):
    """A profile of {name: (instructions, calls)}."""
    text = "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\ncmd:  bench_gate\n"
    for number, (name, (instructions, calls)) in enumerate(paths.items(), 1):
        text += PART.format(number=number, name=name, suffix=suffix, rest=instructions - 150,
                            calls=calls)
    return text + "part: 99\n\ndesc: Trigger: Program termination\n\nob=/lib/ld.so\nfn=exit\n0 5\n"


def pretend(folder, paths, named=None, script="exit 0"):
    """A build folder, and a valgrind that writes the profile, prints the names, and ends as told."""
    cases.write(folder, "build/bench/bench_gate", "")
    cases.write(folder, "build/bench/gate_made_with.json", json.dumps(MADE_WITH))
    cases.write(folder, "profile", profile(paths))
    lines = "\n".join(f"echo {name} 1000" for name in (paths if named is None else named))
    cases.write(folder, "bin/valgrind", f"""#!/bin/sh
for word in "$@"; do
    case $word in --callgrind-out-file=*) /bin/cat "{folder}/profile" >"${{word#*=}}" ;; esac
done
{lines}
{script}
""").chmod(0o755)


def baseline(folder, paths, **made):
    rows = {name: {"instructions": count, "calls": calls} for name, (count, calls) in paths.items()}
    cases.write(folder, "baseline.json",
                json.dumps({"made_with": {**MADE_WITH, **made}, "paths": rows}))


def run(folder, *arguments):
    """The gate's status, and all that it said."""
    said = io.StringIO()
    before = os.environ["PATH"]
    os.environ["PATH"] = str(folder / "bin")
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = bench_gate.main([str(folder / "build"), "--baseline",
                                      str(folder / "baseline.json"), *arguments])
    finally:
        os.environ["PATH"] = before
    return status, said.getvalue()


def expect(got, status, *words):
    cases.expect(got[0] == status, f"status {got[0]}, not {status}: {got[1]}")
    for word in words:
        cases.expect(word in got[1], f"'{word}' is not said: {got[1]}")


def line_of(got, name):
    return next(line for line in got[1].splitlines() if line.split()[:1] == [name])


def test_growth_is_found_and_its_path_named(folder):
    pretend(folder, {"book": (10201, 5), "ring": (10000, 5)})
    baseline(folder, {"book": (10000, 5), "ring": (10000, 5)})
    got = run(folder)
    expect(got, 1, "failed: book;")
    cases.expect("+2.01%" in line_of(got, "book") and "GREW" in line_of(got, "book"), got[1])
    cases.expect("+0.00%" in line_of(got, "ring") and "GREW" not in line_of(got, "ring"), got[1])


def test_two_percent_is_let_through(folder):
    pretend(folder, {"book": (10200, 5)})
    baseline(folder, {"book": (10000, 5)})
    expect(run(folder), 0, "1 paths, none grew")


def test_what_got_better_is_told_and_no_failure(folder):
    pretend(folder, {"book": (9700, 5), "ring": (10000, 5)})
    baseline(folder, {"book": (10000, 5), "ring": (10000, 5)})
    expect(run(folder), 0, "-3.00%", "better: book; accept it with ./dev bench --gate --accept")


def test_calls_out_may_not_grow_either(folder):
    pretend(folder, {"book": (10000, 2000)})
    baseline(folder, {"book": (10000, 1000)})
    expect(run(folder), 1, "CALLS OUT GREW, 1,000 to 2,000", "failed: book;")
    baseline(folder, {"book": (10000, 1990)})
    expect(run(folder), 0)


def test_only_our_own_instructions_count(folder):
    counts = bench_gate.parse_profile(profile({"book": (10000, 42)}), "bench_gate")
    cases.expect(counts == {"book": {"instructions": 10000, "calls": 42}}, f"{counts}")


def test_a_path_is_known_under_the_names_an_optimiser_gives_it(folder):
    for suffix in (".constprop.0", ".isra.0.cold", "'2"):
        counts = bench_gate.parse_profile(profile({"book": (10000, 1)}, suffix), "bench_gate")
        cases.expect(list(counts) == ["book"], f"{suffix}: {counts}")


def test_what_is_accepted_is_the_baseline(folder):
    pretend(folder, {"book": (20000, 7), "ring": (10000, 0)})
    baseline(folder, {"book": (10000, 5)}, c="gcc 9")
    expect(run(folder, "--accept"), 0, "accepted: 2 paths")
    written = json.loads((folder / "baseline.json").read_text(encoding="utf-8"))
    cases.expect(written == {"made_with": MADE_WITH, "paths": {
        "book": {"instructions": 20000, "calls": 7}, "ring": {"instructions": 10000, "calls": 0}}},
        f"{written}")
    expect(run(folder), 0, "2 paths, none grew")


def test_another_compiler_is_skipped_and_said(folder):
    pretend(folder, {"book": (20000, 5)})
    baseline(folder, {"book": (10000, 5)}, c="gcc 14.2.0")
    expect(run(folder), 77, "skipped", "c: gcc 14.2.0 in the baseline, gcc 12.2.0 here")


def test_other_options_are_skipped_and_said(folder):
    pretend(folder, {"book": (20000, 5)})
    baseline(folder, {"book": (10000, 5)}, options="buildtype=debug")
    expect(run(folder), 77, "buildtype=debug in the baseline, buildtype=release here")


def test_without_valgrind_it_is_skipped(folder):
    pretend(folder, {"book": (20000, 5)})
    baseline(folder, {"book": (10000, 5)})
    (folder / "bin" / "valgrind").unlink()
    expect(run(folder), 77, "skipped: valgrind is not installed")


def test_a_processor_without_the_instructions_is_skipped(folder):
    pretend(folder, {"book": (20000, 5)}, script='echo "no AVX2 here" >&2; exit 77')
    baseline(folder, {"book": (10000, 5)})
    expect(run(folder), 77, "skipped: no AVX2 here")


def test_a_path_that_is_gone_is_told(folder):
    pretend(folder, {"book": (10000, 5)})
    baseline(folder, {"book": (10000, 5), "ring": (10000, 5)})
    expect(run(folder), 1, "failed: ring;", "is in the baseline and was not counted")


def test_a_path_without_a_baseline_is_told(folder):
    pretend(folder, {"book": (10000, 5), "ring": (10000, 5)})
    baseline(folder, {"book": (10000, 5)})
    expect(run(folder), 1, "failed: ring;", "is not in the baseline")


def test_a_path_that_ran_and_was_not_counted_is_told(folder):
    pretend(folder, {"book": (10000, 5)}, named=["book", "ring"])
    baseline(folder, {"book": (10000, 5)})
    expect(run(folder), 1, "not counted: ring")
    pretend(folder, {}, named=[])
    expect(run(folder), 1, "not counted: any path")


def test_a_path_that_is_counted_twice_is_told(folder):
    pretend(folder, {"book": (10000, 5)})
    baseline(folder, {"book": (10000, 5)})
    text = profile({"book": (10000, 5)})
    cases.write(folder, "profile", text + text)
    expect(run(folder), 1, "book was counted twice")


def test_a_baseline_that_is_none_is_told(folder):
    pretend(folder, {"book": (10000, 5)})
    for text in ("{", "[]", "{}", '{"made_with": {}, "paths": {"book": 7}}',
                 '{"made_with": {}, "paths": {"book": {"instructions": 0, "calls": 0}}}',
                 '{"made_with": {}, "paths": {"book": {"instructions": "x", "calls": 0}}}'):
        cases.write(folder, "baseline.json", text)
        expect(run(folder), 1, "baseline.json is no ")
    (folder / "baseline.json").unlink()
    expect(run(folder), 1, "baseline.json cannot be read")


def test_a_program_that_fails_is_told_in_its_words(folder):
    pretend(folder, {"book": (10000, 5)}, script='echo "bench_gate: a hit failed" >&2; exit 1')
    baseline(folder, {"book": (10000, 5)})
    expect(run(folder), 1, "ended with 1", "bench_gate: a hit failed")


def test_a_program_that_is_not_built_is_told(folder):
    pretend(folder, {"book": (10000, 5)})
    baseline(folder, {"book": (10000, 5)})
    (folder / "build" / "bench" / "bench_gate").unlink()
    expect(run(folder), 1, "is not built; ./dev bench --gate builds it")


sys.exit(cases.run(globals().copy()))
