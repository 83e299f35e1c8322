# npm.sh - packages of npm for a story, pinned by a lock file; sourced after cases.sh, never run.
#
# They are kept beside the command in the build folder, where a second run finds them.
#
# shellcheck shell=sh
# shellcheck disable=SC2154 # some names are set in cases.sh

# npm_install FOLDER: what its lock file says, whole or not at all.
npm_install() {
    npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error >npm_said 2>&1 && return
    grep -qE 'ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH' npm_said ||
        fail "the packages cannot be installed: $(cat npm_said)"
    skip "the registry of npm cannot be reached"
}

# find_packages NAME FOLDER: $modules becomes a folder that has node_modules as the lock file in FOLDER
# says. Without npm, or where its registry cannot be reached, the story is skipped. It is moved there
# whole: another run may want it, too.
find_packages() {
    command -v node >/dev/null || skip "there is no node"
    command -v npm >/dev/null || skip "there is no npm"
    modules=$(dirname -- "$tradewind")/$1-$(cksum <"$2/package-lock.json" | cut -d ' ' -f 1)
    [ ! -d "$modules" ] || return 0
    mkdir fresh
    cp "$2/package.json" "$2/package-lock.json" fresh
    npm_install fresh
    mv -T fresh "$modules" 2>/dev/null || [ -d "$modules" ] || fail "$modules cannot be made"
}
