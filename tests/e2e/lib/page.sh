# page.sh - a page in a browser for a story; sourced after cases.sh, never run.
#
# shellcheck shell=sh
# shellcheck disable=SC2154 # some names are set in cases.sh

exec 9>&1 # what is counted is shown of cases that pass, too

# find_browser: lays out what the stories of tests/e2e/page need. Without Chromium and Node.js the
# story is skipped.
find_browser() {
    command -v node >/dev/null || skip "there is no node"
    browser=$(command -v chromium) || skip "there is no chromium"
    cp "$root"/tests/e2e/page/*.mjs "$root/tests/e2e/sdk/suite.mjs" .
    mkdir profile
}

# browse NAME: plays NAME.mjs there; every rule of it holds.
browse() {
    CHROMIUM=$browser PROFILE=$PWD/profile node "$1.mjs" >said 2>&1 || fail "$(cat said)"
    echo "counts: $1: $(tail -n 1 said)" >&9
    grep -q '^[1-9][0-9]* passed, 0 failed$' said || fail "$(cat said)"
}
