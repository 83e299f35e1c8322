#!/bin/sh
# find_clang_format.sh - prints the name of a clang-format of major version 14, the one the house
# style is written for (another major lays the same rules out differently), or exits 1.
for name in clang-format-14 clang-format; do
    if command -v "$name" >/dev/null 2>&1 &&
        "$name" --version | grep -q 'version 14\.'; then
        printf '%s\n' "$name"
        exit 0
    fi
done
exit 1
