"""The front door says what it knows, refuses what it does not, and costs nothing when all is there."""

import subprocess
import sys

import cases

COMMANDS = ("setup", "build", "demo", "test", "check", "bench", "run", "format", "fuzz", "coverage",
            "install", "clean")


def dev(*arguments):
    return subprocess.run(["sh", str(cases.ROOT / "dev"), *arguments], check=False,
                          capture_output=True, text=True)


def test_help_has_a_line_for_each_command(_):
    page = dev("help")
    cases.expect(page.returncode == 0, page.stderr)
    words = [line.split()[0] for line in page.stdout.splitlines() if line.startswith("  ")]
    for command in COMMANDS:
        cases.expect(words.count(command) == 1, f"{command} is not in the help once")


def test_no_command_is_help(_):
    cases.expect(dev().stdout == dev("help").stdout, "without a command the help is shown")


def test_an_unknown_command_is_wrong_usage(_):
    done = dev("fly")
    cases.expect(done.returncode == 2 and "'fly'" in done.stderr, f"{done}")


def test_an_unknown_set_is_wrong_usage(_):
    done = dev("setup", "everything")
    cases.expect(done.returncode == 2 and "'everything'" in done.stderr, f"{done}")


def test_install_refuses_an_option_it_does_not_know(_):
    done = dev("install", "--perfix", "/nowhere")
    cases.expect(done.returncode == 2 and "--perfix" in done.stderr, f"{done}")


def test_install_needs_a_folder_after_prefix(_):
    done = dev("install", "--prefix")
    cases.expect(done.returncode == 2, f"{done}")


sys.exit(cases.run(globals().copy()))
