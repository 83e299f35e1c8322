#!/bin/sh
# fuzz.sh - runs the libFuzzer targets of tests/fuzz under the sanitisers.
#
#     ./dev fuzz [NAME|all [SECONDS]]     NAME is the x of tests/fuzz/fuzz_x.c
#
# New inputs are kept in build-fuzz/corpus/NAME; the checked-in ones of tests/fuzz/corpus/NAME are
# read and never written. FUZZ_RUNS and FUZZ_SEED bound and fix a run (./dev check fuzz does). An
# input that fails is left in build-fuzz/crashes with the command that repeats it.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"
wanted=${1:-all}
seconds=${2:-60}
build="build-fuzz"

if [ ! -f "$build/build.ninja" ]; then
    CC=clang CXX=clang++ meson setup "$build" -Dfuzzers=true -Dbench=false \
        -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
fi
targets=$(sed -n "s/^  '\([a-z_]*\)': .*/\1/p" tests/fuzz/meson.build)
for name in $targets; do
    ninja -C "$build" --quiet "tests/fuzz/fuzz_$name"
done
mkdir -p "$build/crashes"

found=0
bad=0
for source in tests/fuzz/fuzz_*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    [ "$wanted" = all ] || [ "$wanted" = "$name" ] || continue
    target=$build/tests/fuzz/fuzz_$name
    if [ ! -x "$target" ]; then
        echo "fuzz: $source has no row in tests/fuzz/meson.build"
        bad=1
        continue
    fi
    found=$((found + 1))
    mkdir -p "$build/corpus/$name"
    set -- "$build/corpus/$name"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    if [ -n "${FUZZ_SEED:-}" ]; then
        # A fixed run starts from the checked-in corpus alone, or it would not repeat.
        rm -rf "$build/corpus/$name" && mkdir -p "$build/corpus/$name"
    fi
    echo "fuzz: $name, ${FUZZ_RUNS:+at most $FUZZ_RUNS inputs, }$seconds s"
    "$target" -max_total_time="$seconds" -runs="${FUZZ_RUNS:--1}" -seed="${FUZZ_SEED:-0}" \
        -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$build/crashes/$name-" \
        -print_final_stats=1 -verbosity=0 "$@" || {
        echo "fuzz: $name failed; the input is in $build/crashes; repeat: $target INPUT"
        bad=1
    }
done
if [ "$found" -eq 0 ] && [ "$bad" -eq 0 ]; then
    if [ "$wanted" != all ]; then
        echo "fuzz: there is no target '$wanted' in tests/fuzz"
        exit 2
    fi
    echo "fuzz: there is no target in tests/fuzz"
    exit 77
fi
exit $bad
