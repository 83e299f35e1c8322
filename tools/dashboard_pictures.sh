#!/bin/sh
# dashboard_pictures.sh - takes the pictures of the dashboard in docs/pictures anew.
#
#     sh tools/dashboard_pictures.sh [COMMAND]
#
# COMMAND is the built command (default build/tradewind). Chromium and Node.js are needed. It takes a
# run of about a minute, so that there are bars, orders and fills to be seen.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
command=${1:-$root/build/tradewind}
[ -x "$command" ] || {
    echo "dashboard_pictures: $command is not there: build first (./dev build)" >&2
    exit 1
}
browser=$(command -v chromium) || {
    echo "dashboard_pictures: chromium is not installed" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp "$root"/tests/e2e/page/*.mjs "$root/tests/e2e/sdk/suite.mjs" "$work"
mkdir -p "$work/profile" "$root/docs/pictures"
case $command in
/*) ;;
*) command=$PWD/$command ;;
esac
cd "$work"
HOME=$work TMPDIR=$work TRADEWIND=$command CHROMIUM=$browser PROFILE=$work/profile OUT=$root/docs/pictures node pictures.mjs
