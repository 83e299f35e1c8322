"""The test runner counts every case, and lets no failure pass: not a crash, not a silent program."""

import contextlib
import io
import json
import sys

import cases

run_tests = cases.load_tool("run_tests")

PASSING = """[==========] Running 2 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
[  SKIPPED ] two
[==========] 2 test(s) run.
[  PASSED  ] 1 test(s).
"""

FAILING = """[==========] Running 2 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
[  ERROR   ] --- 1 != 2
[  FAILED  ] two
[==========] 2 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] two

 1 FAILED TEST(S)
"""


def counts(output, status=0, timed_out=False):
    outcome, trouble = run_tests.judge(output, status, timed_out)
    return (len(outcome.passed), len(outcome.failed), len(outcome.skipped)), trouble


def expect(got, wanted):
    cases.expect(got[0] == wanted, f"expected {wanted}, got {got}")


def test_cases_are_counted_not_programs(_):
    expect(counts(PASSING), (1, 0, 1))


def test_the_list_of_failures_is_not_counted_twice(_):
    expect(counts(FAILING, 1), (1, 1, 0))


def test_two_groups_in_one_program_are_both_counted(_):
    expect(counts(FAILING + PASSING, 1), (2, 1, 1))


def test_a_program_without_cases_is_one_case(_):
    expect(counts("all well\n", 0), (1, 0, 0))
    expect(counts("not well\n", 3), (0, 1, 0))
    expect(counts("not here\n", 77), (0, 0, 1))


def test_what_was_compared_is_shown(_):
    output = PASSING + "counts: 672 rows rebuilt\nother words\n"
    outcome, trouble = run_tests.judge(output, 0, False)
    result = run_tests.Result({"name": "golden"}, outcome, output, 0.1, trouble)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        run_tests.show(result, ".", False)
    cases.expect("672 rows rebuilt" in shown.getvalue(), shown.getvalue())
    cases.expect("other words" not in shown.getvalue(), shown.getvalue())


def test_an_empty_group_fails(_):
    expect(counts("[==========] Running 0 test(s).\n[==========] 0 test(s) run.\n", 0), (0, 1, 0))


def test_a_crash_fails_the_case_it_happened_in(_):
    got = counts(PASSING.replace("[  SKIPPED ] two\n", ""), -11)
    expect(got, (1, 1, 0))
    cases.expect("SIGSEGV" in got[1] and "two" in got[1], got[1])


def test_a_program_that_runs_too_long_fails(_):
    expect(counts(PASSING, -9, True), (1, 1, 1))


def test_status_and_cases_must_agree(_):
    expect(counts(PASSING, 1), (1, 1, 1))
    expect(counts(FAILING, 0), (1, 2, 0))


def run_folder(folder, tests):
    """Runs the runner over a pretended build folder; returns its status and its last line."""
    rows = [{"name": name, "cmd": ["/bin/sh", "-c", script], "env": {}, "suite": ["tradewind:unit"],
             "workdir": None, "timeout": 1, "is_parallel": True, "priority": 0}
            for name, script in tests]
    cases.write(folder, "meson-info/intro-tests.json", json.dumps(rows))
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        status = run_tests.main([str(folder)])
    return status, captured.getvalue().splitlines()


def test_the_last_line_is_the_sum(folder):
    status, lines = run_folder(folder, [("a", "true"), ("b", "exit 77"), ("c", "exit 1")])
    cases.expect(status == 1 and lines[-1] == "1 passed, 1 failed, 1 skipped", f"{status} {lines}")
    cases.expect(any(line.startswith("repeat: ") for line in lines), f"{lines}")


def test_all_passed_is_status_zero(folder):
    status, lines = run_folder(folder, [("a", "true"), ("b", "true")])
    cases.expect(status == 0 and lines[-1] == "2 passed, 0 failed", f"{status} {lines}")


def test_nothing_to_run_is_a_failure(folder):
    status, lines = run_folder(folder, [])
    cases.expect(status == 1 and lines[-1] == "0 passed, 0 failed", f"{status} {lines}")


def test_a_program_that_was_not_built_fails(folder):
    tests = [("a", "true")]
    run_folder(folder, tests)
    path = folder / "meson-info/intro-tests.json"
    path.write_text(path.read_text(encoding="utf-8").replace("/bin/sh", "/no/such/program"),
                    encoding="utf-8")
    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        status = run_tests.main([str(folder)])
    cases.expect(status == 1 and captured.getvalue().endswith("0 passed, 1 failed\n"),
                 captured.getvalue())


def test_a_hanging_program_is_stopped_with_its_children(folder):
    status, lines = run_folder(folder, [("a", "sleep 60 & sleep 60")])
    cases.expect(status == 1 and lines[-1] == "0 passed, 1 failed", f"{status} {lines}")


sys.exit(cases.run(globals().copy()))
