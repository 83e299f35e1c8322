#!/bin/sh
# check.sh - the slower proof: what `./dev check` runs after the test suite.
#
#     ./dev check            every stage
#     ./dev check STAGE...   the named ones
#
# Each stage is a function check_STAGE that prints what went wrong and returns non-zero; it runs in
# a subshell, so a failure never stops the next stage. A failing stage is shown in full with the
# command that repeats it. The last line is `N passed, N failed[, N skipped]`.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root" || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
all_stages='scripts format includes headers sanitize tidy symbols gate install models fuzz'
named_stages='long threads' # only when named
skipped_status=77
jobs=$(nproc 2>/dev/null || echo 2)

# build_folder DIR [OPTIONS]: configures DIR once and builds it.
build_folder() {
    folder=$1
    shift
    if [ ! -f "$folder/build.ninja" ]; then
        meson setup "$folder" "$@" || return 1
    fi
    ninja -C "$folder" --quiet
}

# ---- stages ----------------------------------------------------------------------------------

# The shell and Python scripts parse, shellcheck finds no trap in them, and the manual formats.
check_scripts() {
    sh -n dev && bash -n .ci/run || return 1
    set -- dev .ci/run tools/*.sh
    for script in tests/e2e/*.sh tests/e2e/lib/*.sh; do
        [ ! -f "$script" ] || set -- "$@" "$script"
    done
    if command -v shellcheck >/dev/null 2>&1; then
        shellcheck -S warning "$@" || return 1
    fi
    python3 -m compileall -q -f tools tests/house >/dev/null || return 1
    find tools tests/house -name __pycache__ -prune -exec rm -rf {} +
    if command -v groff >/dev/null 2>&1; then
        groff -ww -mdoc -z man/tradewind.1 >"$scratch/manual" 2>&1
        cat "$scratch/manual"
        [ ! -s "$scratch/manual" ]
    fi
}

# Every C and C++ source is as clang-format 14 writes it.
check_format() {
    if ! formatter=$(sh tools/find_clang_format.sh); then
        echo "clang-format 14 is not here (found: $(clang-format --version 2>&1 | head -n 1));" \
            "another major lays the same style out differently, so this stage is skipped"
        return $skipped_status
    fi
    find src include tests bench \( -name '*.[ch]' -o -name '*.cpp' \) -print 2>/dev/null | sort |
        xargs "$formatter" --dry-run --Werror
}

# The include table of the house, unique file names, a whole umbrella.
check_includes() {
    python3 tools/check_includes.py "$root"
}

# Each public header compiles alone, in each language a user may have.
check_headers() {
    printf '%s\n' include/tradewind.h include/tradewind/*.h |
        xargs -P "$jobs" -n 1 sh tools/check_header.sh
}

# One folder for all that clang does: it warns, instruments for the sanitisers and for the fuzzers.
# Its programs are many and large: lld, where it is, links one in a fifth of the time, and at a fixed
# place (no PIE) one starts in three quarters.
build_clang() {
    linker=bfd
    ! command -v ld.lld >/dev/null || linker=lld
    CC=clang CXX=clang++ CC_LD=$linker CXX_LD=$linker build_folder build-clang -Dtests=enabled \
        -Dbench=false -Dfuzzers=counters -Db_sanitize=address,undefined -Db_lundef=false \
        -Db_pie=false -Dbuildtype=debugoptimized
}

# run_sanitized SELECTION...: those programs of the suite under the sanitisers.
run_sanitized() {
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1 \
        UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1 \
        python3 tools/run_tests.py --quiet --timeout-factor 4 --without house "$@" build-clang
}

# The other compiler builds everything but benchmarks without a warning, and the suite, but for its longest programs,
# passes under the address and undefined-behaviour sanitisers.
check_sanitize() {
    build_clang && run_sanitized --without long
}

# The longest programs under the sanitisers.
check_long() {
    build_clang && run_sanitized --suite long
}

# Threads under the thread sanitiser: not part of the default run, which is bounded in time.
check_threads() {
    build_folder build-tsan -Dtests=enabled -Db_sanitize=thread -Db_lundef=false \
        -Dbuildtype=debugoptimized || return 1
    TSAN_OPTIONS=halt_on_error=1 python3 tools/run_tests.py --quiet --timeout-factor 10 \
        --suite unit --suite model --suite wire --suite replay build-tsan
}

# clang-tidy over the C of src, with the flags that clang really compiles it with. Another major finds
# other things in unchanged code, so only 14 judges. Its analyzer gives a function up after TIDY_NODES
# states: its own bound of 225000 takes three times as long, and is for the time before a release.
check_tidy() {
    if ! clang-tidy --version | grep -q 'version 14\.'; then
        echo "clang-tidy 14 is not here (found:$(clang-tidy --version | grep version)); skipped"
        return $skipped_status
    fi
    build_clang || return 1
    find src -name '*.c' | sort |
        xargs -P "$jobs" -n 3 clang-tidy -p build-clang --quiet --extra-arg=-Xclang \
            --extra-arg=-analyzer-config --extra-arg=-Xclang \
            --extra-arg="max-nodes=${TIDY_NODES:-40000}" 2>"$scratch/tidy.err" ||
        { grep -v 'warnings* generated' "$scratch/tidy.err"; return 1; }
}

# core and kit call no clock, heap, random, stdio, socket or thread; the library exports exactly
# what the headers declare.
check_symbols() {
    build_folder build -Dtests=enabled || return 1
    find build/src/core build/src/kit -name 'lib*.a' | sort |
        xargs python3 tools/check_symbols.py pure &&
        python3 tools/check_symbols.py exports build/src/libtradewind.so include/tradewind
}

# No hot path takes 2 % more instructions than the baseline in bench/ says. They are counted, not
# timed: other work on the machine changes nothing.
check_gate() {
    build_folder build -Dtests=enabled || return 1
    python3 tools/bench_gate.py build
}

# Plans beside full enumeration, ten times as many of them as in the suite; a million orders of two
# accounts, after each of which cash and shares are what they were.
check_models() {
    build_folder build -Dtests=enabled || return 1
    TRADEWIND_MODEL_RUNS=100000 python3 tools/run_tests.py --quiet build model_rebalance &&
        TRADEWIND_MODEL_RUNS=2100 python3 tools/run_tests.py --quiet build model_neighbours
}

# What is installed is enough for a stranger: a consumer built through pkg-config runs, against
# the shared and against the static library, and the command and its manual are there.
check_install() {
    build_folder build -Dtests=enabled || return 1
    tree=$scratch/tree
    meson install -C build --no-rebuild --quiet --destdir "$tree" || return 1
    library=$(dirname "$(find "$tree" -name libtradewind.so)")
    [ -n "$(find "$tree" -path '*/man1/tradewind.1')" ] ||
        { echo "no manual was installed" && return 1; }
    # The tree stands under $tree and not yet at /: pkg-config calls that a system root.
    PKG_CONFIG_PATH=$library/pkgconfig
    export PKG_CONFIG_PATH
    flags=$(PKG_CONFIG_SYSROOT_DIR=$tree pkg-config --cflags tradewind) || return 1
    libraries=$(PKG_CONFIG_SYSROOT_DIR=$tree pkg-config --libs tradewind) || return 1
    # shellcheck disable=SC2086 # flags are words
    gcc -std=c11 -Wall -Wextra -Werror $flags tests/house/consumer.c -o "$scratch/shared" \
        $libraries &&
        LD_LIBRARY_PATH=$library "$scratch/shared" || return 1
    # shellcheck disable=SC2086
    g++ -x c++ -std=c++11 -Wall -Wextra -Werror $flags tests/house/consumer.c -o "$scratch/cpp" \
        $libraries &&
        LD_LIBRARY_PATH=$library "$scratch/cpp" || return 1
    # The static library beside shared ones: what it requires itself, not what those require.
    # shellcheck disable=SC2046,SC2086
    gcc -std=c11 $flags tests/house/consumer.c -o "$scratch/static" \
        "$library/libtradewind.a" -lwslay -lm -lstdc++ -pthread \
        $(pkg-config --libs $(pkg-config --print-requires-private tradewind | cut -d' ' -f1)) &&
        "$scratch/static" || return 1
    if [ -f src/cli/main.c ]; then
        "$(find "$tree" -path '*/bin/tradewind')" --version
    fi
}

# Each fuzz target for a bounded number of inputs from a fixed seed, under the sanitisers.
check_fuzz() {
    build_clang || return 1
    FUZZ_BUILD=build-clang FUZZ_RUNS=50000 FUZZ_SEED=1 sh tools/fuzz.sh all 6
}

# ---- running them ------------------------------------------------------------------------------

for stage in "$@"; do
    case " $all_stages $named_stages " in
    *" $stage "*) ;;
    *)
        echo "check: there is no stage '$stage'; the stages are: $all_stages (and: $named_stages)" >&2
        exit 2
        ;;
    esac
done
[ $# -gt 0 ] || {
    # shellcheck disable=SC2086
    set -- $all_stages
}

passed=0
failed=0
skipped=0
failures=
for stage in "$@"; do
    begin=$(date +%s)
    (check_"$stage") >"$scratch/$stage.out" 2>&1
    status=$?
    seconds=$(($(date +%s) - begin))
    case $status in
    0)
        word=passed
        passed=$((passed + 1))
        ;;
    "$skipped_status")
        word=skipped
        skipped=$((skipped + 1))
        ;;
    *)
        word=FAILED
        failed=$((failed + 1))
        failures="$failures $stage"
        ;;
    esac
    printf '%-8s check %-12s %4d s\n' "$word" "$stage" "$seconds"
    if [ "$word" != passed ]; then
        cat "$scratch/$stage.out"
    fi
    if [ "$word" = FAILED ]; then
        printf 'repeat: ./dev check %s\n' "$stage"
    fi
done
[ -z "$failures" ] || printf 'failed:%s\n' "$failures"
if [ "$skipped" -gt 0 ]; then
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
else
    printf '%d passed, %d failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
