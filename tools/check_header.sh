#!/bin/sh
# check_header.sh HEADER - a public header compiles alone, twice, in each language a user may have.
set -eu
header=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
name=${header#include/}
printf '#include "%s"\n#include "%s"\n' "$name" "$name" >"$scratch/alone.c"
cp "$scratch/alone.c" "$scratch/alone.cpp"
bad=0
for compiler in 'gcc -std=c11' 'gcc -std=c17' 'g++ -std=c++11' \
    'clang -std=c11' 'clang -std=c17' 'clang++ -std=c++11'; do
    case $compiler in
    *++*) source=$scratch/alone.cpp ;;
    *) source=$scratch/alone.c ;;
    esac
    # shellcheck disable=SC2086 # a compiler and its standard
    if ! $compiler -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$source"; then
        echo "$header does not compile alone with $compiler"
        bad=1
    fi
done
exit $bad
