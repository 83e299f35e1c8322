#!/bin/sh
# fuzz.sh - runs the libFuzzer targets of tests/fuzz under the sanitisers.
#
#     ./dev fuzz [NAME|all [SECONDS]]     NAME is the x of tests/fuzz/fuzz_x.c
#
# One target a processor at a time. New inputs are kept in build-fuzz/corpus/NAME; the checked-in
# ones of tests/fuzz/corpus/NAME are read and never written. FUZZ_RUNS and FUZZ_SEED bound and fix a
# run, FUZZ_BUILD names another folder (./dev check fuzz sets all three). An input that fails is left in
# build-fuzz/crashes with the command that repeats it, and the last lines name the targets that failed.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"
build=${FUZZ_BUILD:-build-fuzz}

# Runs one target; its output goes to a log, which is shown when it has ended.
run_target() {
    name=$1 seconds=$2
    target=$build/tests/fuzz/fuzz_$name
    # A fixed run starts from the checked-in corpus alone, or it would not repeat.
    [ -z "${FUZZ_SEED:-}" ] || rm -rf "$build/corpus/$name"
    mkdir -p "$build/corpus/$name"
    set -- "$build/corpus/$name"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    status=0
    "$target" -max_total_time="$seconds" -runs="${FUZZ_RUNS:--1}" -seed="${FUZZ_SEED:-0}" \
        -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$build/crashes/$name-" \
        -print_final_stats=1 -verbosity=0 "$@" >"$build/logs/$name" 2>&1 || status=$?
    echo "fuzz: $name, ${FUZZ_RUNS:+at most $FUZZ_RUNS inputs, }$seconds s"
    cat "$build/logs/$name"
    [ "$status" -eq 0 ] || {
        echo "$name" >>"$build/failed"
        echo "fuzz: $name failed; the input is in $build/crashes; repeat: $target INPUT"
    }
}

if [ "${1:-}" = --one ]; then
    run_target "$2" "$3"
    exit 0
fi
wanted=${1:-all}
seconds=${2:-60}
if [ ! -f "$build/build.ninja" ]; then
    CC=clang CXX=clang++ meson setup "$build" -Dbench=false -Dfuzzers=whole \
        -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
fi
targets=
for source in tests/fuzz/fuzz_*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    [ "$wanted" = all ] || [ "$wanted" = "$name" ] || continue
    if ! grep -q "^  '$name': " tests/fuzz/meson.build; then
        echo "fuzz: $source has no row in tests/fuzz/meson.build"
        exit 1
    fi
    targets="$targets $name"
done
if [ -z "$targets" ]; then
    if [ "$wanted" != all ]; then
        echo "fuzz: there is no target '$wanted' in tests/fuzz"
        exit 2
    fi
    echo "fuzz: there is no target in tests/fuzz"
    exit 77
fi
# shellcheck disable=SC2046,SC2086
ninja -C "$build" --quiet $(printf 'tests/fuzz/fuzz_%s ' $targets)
mkdir -p "$build/crashes" "$build/logs"
rm -f "$build/failed"
# shellcheck disable=SC2086
printf '%s\n' $targets | xargs -P "$(nproc)" -I NAME sh tools/fuzz.sh --one NAME "$seconds"
[ -f "$build/failed" ] || exit 0
while read -r name; do
    echo "fuzz: $name failed:"
    grep -a -m 3 -e 'ERROR' -e 'SUMMARY' -e 'must hold' \
        "$build/logs/$name" || tail -n 20 "$build/logs/$name"
done <"$build/failed"
exit 1
