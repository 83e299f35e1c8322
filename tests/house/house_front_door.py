"""The front door says what it knows, refuses what it does not, and costs nothing when all is there."""

import os
import shutil
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


# A pretended machine: a PATH of its own with the ordinary small programs, and whatever a case adds.
ORDINARY = ("sh", "dirname", "basename", "cat", "sed", "grep", "tr", "env")


def machine(folder, **programs):
    for name in ORDINARY:
        os.symlink(shutil.which(name), folder / name)
    for name, script in programs.items():
        path = cases.write(folder, name.replace("_", "-"), "#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)


def setup_on(folder, *sets, **variables):
    environment = {"PATH": str(folder), "LOG": str(folder / "log"), **variables}
    done = subprocess.run([shutil.which("sh"), str(cases.ROOT / "dev"), "setup", *sets],
                          check=False, capture_output=True, text=True, env=environment)
    log = folder / "log"
    return done, log.read_text(encoding="utf-8").splitlines() if log.exists() else []


# What dpkg-query prints for the packages asked for, all installed but those in the pattern.
def dpkg_without(pattern):
    return ('shift 3; for p in "$@"; do case $p in ' + pattern +
            ") ;; *) echo installed $p ;; esac; done")


def test_nothing_is_done_when_nothing_is_missing(folder):
    machine(folder, dpkg_query=dpkg_without("nothing"), apt_get='echo "$@" >>"$LOG"', id="echo 0")
    done, log = setup_on(folder, "all")
    cases.expect(done.returncode == 0 and log == [] and "everything is there" in done.stderr,
                 f"{done} {log}")


def test_only_what_is_missing_is_installed_and_nothing_is_removed(folder):
    machine(folder, dpkg_query=dpkg_without("libuv1-dev|meson"), apt_get='echo "$@" >>"$LOG"',
            id="echo 0")
    done, log = setup_on(folder)
    cases.expect(done.returncode == 0, f"{done}")
    cases.expect("meson libuv1-dev" in done.stderr, "the user is told what is installed")
    cases.expect(len(log) == 2 and log[0].endswith("update"), f"{log}")
    cases.expect(log[1].endswith(" install meson libuv1-dev"), f"{log}")
    for option in ("-y", "--no-remove", "--no-install-recommends"):
        cases.expect(option in log[1].split(), f"{option} is not in {log[1]}")


def test_a_half_installed_package_is_missing(folder):
    machine(folder, dpkg_query='shift 3; for p in "$@"; do case $p in meson) echo config-files $p ;; '
            "*) echo installed $p ;; esac; done", apt_get='echo "$@" >>"$LOG"', id="echo 0")
    _, log = setup_on(folder)
    cases.expect(log[-1].endswith(" install meson"), f"{log}")


def test_a_build_needs_no_test_package(folder):
    machine(folder, dpkg_query=dpkg_without("libcmocka-dev|clang"), apt_get='echo "$@" >>"$LOG"',
            id="echo 0")
    cases.expect(setup_on(folder)[1] == [], "a build asks for neither cmocka nor clang")
    cases.expect(setup_on(folder, "test")[1][-1].endswith(" install libcmocka-dev"), "tests do")


def test_what_counts_instructions_comes_with_the_checks_not_with_a_build(folder):
    machine(folder, dpkg_query=dpkg_without("valgrind"), apt_get='echo "$@" >>"$LOG"', id="echo 0")
    cases.expect(setup_on(folder, "test")[1] == [], "tests ask for no valgrind")
    for name in ("gate", "check", "all"):
        (folder / "log").unlink(missing_ok=True)
        cases.expect(setup_on(folder, name)[1][-1].endswith(" install valgrind"), f"{name} does")


def test_a_server_for_the_tests_becomes_no_service_of_the_machine(folder):
    conf = cases.write(folder, "createcluster.conf", "#create_main_cluster = true\n")
    machine(folder, dpkg_query=dpkg_without("postgresql*"), id="echo 0", tee='cat >>"$2"',
            apt_get='echo "$@" "$(grep -c ^create_main_cluster "$CONF")" >>"$LOG"')
    done, log = setup_on(folder, "test", CONF=str(conf), TRADEWIND_CLUSTER_CONF=str(conf))
    cases.expect(done.returncode == 0 and len(log) == 3, f"{done} {log}")
    cases.expect(log[1].endswith(" install postgresql-common 0"), f"{log}")
    cases.expect(log[2].endswith(" install postgresql 1"), f"{log}")
    cases.expect(conf.read_text(encoding="utf-8") == "#create_main_cluster = true\n",
                 "the settings are as the package has them")


def test_settings_of_a_postgresql_that_was_there_are_left_alone(folder):
    machine(folder, dpkg_query=dpkg_without("postgresql"), id="echo 0",
            apt_get='echo "$@" >>"$LOG"')
    done, log = setup_on(folder, "test", TRADEWIND_CLUSTER_CONF=str(folder / "nothing"))
    cases.expect(done.returncode == 0 and len(log) == 2, f"{done} {log}")
    cases.expect(log[1].endswith(" install postgresql"), f"{log}")


def test_without_root_it_goes_through_sudo(folder):
    machine(folder, dpkg_query=dpkg_without("meson"), apt_get='echo "$@" >>"$LOG"', id="echo 1000",
            sudo='echo "sudo: $1" >>"$LOG"; "$@"')
    done, log = setup_on(folder)
    cases.expect(done.returncode == 0 and log[0] == "sudo: apt-get" and "sudo" in done.stderr,
                 f"{done} {log}")


def test_without_root_or_sudo_it_says_what_to_run(folder):
    machine(folder, dpkg_query=dpkg_without("meson"), apt_get='echo "$@" >>"$LOG"', id="echo 1000")
    done, log = setup_on(folder)
    cases.expect(done.returncode == 1 and log == [], f"{done} {log}")
    cases.expect("apt-get install --no-install-recommends meson" in done.stderr, done.stderr)


def test_a_failed_installation_is_a_failure(folder):
    machine(folder, dpkg_query=dpkg_without("meson"), id="echo 0",
            apt_get='case "$*" in *install*) exit 100 ;; esac')
    done, _ = setup_on(folder)
    cases.expect(done.returncode == 1 and "could not install: meson" in done.stderr, f"{done}")


def test_another_system_is_told_what_it_needs(folder):
    machine(folder, python3="exit 0", pkg_config='case "$2" in libuv) exit 1 ;; esac')
    done, _ = setup_on(folder)
    cases.expect(done.returncode == 1 and "not a Debian system" in done.stderr, f"{done}")
    for name in ("cc", "meson", "libuv"):
        cases.expect(f" {name}" in done.stderr, f"{name} is not named: {done.stderr}")
    cases.expect("sqlite3" not in done.stderr, "what is there is not asked for")


def ci_with(folder, script):
    """Runs .ci/run over a pretended front door; returns its status and its last line."""
    (folder / ".ci").mkdir()
    shutil.copy(cases.ROOT / ".ci" / "run", folder / ".ci" / "run")
    cases.write(folder, "dev", "#!/bin/sh\n" + script + "\n").chmod(0o755)
    done = subprocess.run(["bash", str(folder / ".ci" / "run")], check=False, capture_output=True,
                          text=True)
    return done.returncode, done.stdout.splitlines()[-1]


def test_the_ci_sums_cases_and_checks(folder):
    got = ci_with(folder, 'case $1 in test) echo "40 passed, 0 failed, 2 skipped" ;; '
                  'check) echo "10 passed, 0 failed" ;; esac')
    cases.expect(got == (0, "51 passed, 0 failed"), f"set-up is one more: {got}")


def test_the_ci_goes_on_after_a_failure_and_fails(folder):
    got = ci_with(folder, 'case $1 in test) echo "39 passed, 1 failed"; exit 1 ;; '
                  'check) echo "10 passed, 0 failed" ;; esac')
    cases.expect(got == (1, "50 passed, 1 failed"), f"{got}")


def test_the_ci_counts_a_build_that_breaks(folder):
    got = ci_with(folder, 'case $1 in test) echo "no compiler"; exit 1 ;; '
                  'check) echo "10 passed, 0 failed" ;; esac')
    cases.expect(got == (1, "11 passed, 1 failed"), f"{got}")


def test_the_ci_trusts_no_silent_success(folder):
    got = ci_with(folder, 'case $1 in check) echo "10 passed, 0 failed" ;; esac')
    cases.expect(got == (1, "11 passed, 1 failed"), f"{got}")


sys.exit(cases.run(globals().copy()))
