#!/bin/sh
# house_page_bundle.sh - the dashboard's page: its bundle is what its sources make, they are typed, and
# their pure parts do what they say. Without npm or its registry only its notices are looked at.
# shellcheck disable=SC2154 # some names are set in cases.sh
. "$(dirname -- "$0")/../e2e/lib/cases.sh"
. "$(dirname -- "$0")/../e2e/lib/npm.sh"

exec 9>&1 # what is counted is shown of cases that pass, too

# The sources in the folder page here, with their packages.
lay_out() {
    find_packages page "$root/web"
    mkdir page
    for part in src test build.mjs test.mjs package.json tsconfig.json; do
        cp -R "$root/web/$part" page
    done
    ln -s "$modules/node_modules" page/node_modules
}

the_bundle_is_what_its_sources_make() {
    lay_out
    node page/build.mjs "$PWD/made" >said 2>&1 || fail "$(cat said)"
    diff -r made "$root/web/dist" >said 2>&1 ||
        fail "web/dist is not what web/src makes; (cd web && npm ci && npm run build): $(cut -c 1-200 said | head -n 20)"
}

every_notice_is_in_the_bundle() {
    command -v node >/dev/null || skip "there is no node"
    for words in 'TradingView, Inc.' 'Apache License' 'SIL OPEN FONT LICENSE' 'fancy-canvas'; do
        grep -qiF -- "$words" "$root/web/dist/notices.txt" || fail "notices.txt does not have: $words"
    done
    # What a bundle is made of is listed there, and nothing else is in it.
    node -e '
        const { packages } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
        for (const [path, { dev }] of Object.entries(packages))
            if (path && !dev) console.log(path.slice("node_modules/".length));' "$root/web/package-lock.json" >names
    [ -s names ] || fail "the lock file names nothing"
    while read -r name; do
        grep -qF -- "$name " "$root/web/dist/notices.txt" || fail "notices.txt does not name $name"
    done <names
}

the_sources_are_typed() {
    lay_out
    (cd page && node node_modules/typescript/bin/tsc --noEmit) >said 2>&1 || fail "$(cat said)"
}

figures_and_stream_do_what_they_say() {
    lay_out
    node page/test.mjs >said 2>&1 || fail "$(grep -A 20 '^not ok' said)"
    count=$(sed -n 's/^# pass //p' said)
    [ "${count:-0}" -gt 0 ] || fail "no test ran: $(cat said)"
    echo "counts: page: $count passed, 0 failed" >&9
}

run_cases the_bundle_is_what_its_sources_make every_notice_is_in_the_bundle the_sources_are_typed \
    figures_and_stream_do_what_they_say
