#!/bin/sh
# e2e_book_plot.sh - `tradewind book --plot`: odd times, prices and names, and a gnuplot that fails.
#
# Where gnuplot itself does not matter, a script of the test stands for it.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/runs.sh"

needs_gnuplot() {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

few_messages() {
    cat <<END
34200.1,1,11,100,1000000,1
34200.3,1,13,70,1000200,-1
34200.4,4,11,40,1000000,1
END
}

# books EXPRESSION: a DBN file of mbp-10 for the list of (time, bids, asks) that the expression
# makes; bids and asks are prices in billionths, the best first.
books() {
    python3 -c '
import struct, sys

nothing = 2**63 - 1

def level(bids, asks, i):
    bid, ask = (prices[i] if i < len(prices) else nothing for prices in (bids, asks))
    sizes = (0 if bid == nothing else 5, 0 if ask == nothing else 5)
    return struct.pack("<qqIIII", bid, ask, *sizes, 1, 1)

def record(time, bids, asks):
    head = struct.pack("<BBHIQ", 368 // 4, 10, 1, 7, time)
    body = struct.pack("<qI", 0, 1) + b"AN" + bytes([0x80, 0]) + struct.pack("<QiI", time, 0, 0)
    return head + body + b"".join(level(bids, asks, i) for i in range(10))

fixed = b"TEST.DS".ljust(16, b"\0") + struct.pack("<HQQQ", 2, 0, 2**64 - 1, 0) + bytes([1, 0, 0])
fixed += struct.pack("<H", 71) + bytes(53) + struct.pack("<5I", 0, 0, 0, 0, 0)
out = sys.stdout.buffer
out.write(b"DBN\2" + struct.pack("<I", len(fixed)) + fixed)
for book in eval("(" + sys.argv[1] + ")"):
    out.write(record(*book))' "$1"
}

# stand_in LINES...: a program of these lines is found as gnuplot.
stand_in() {
    mkdir -p programs
    {
        echo '#!/bin/sh'
        printf '%s\n' "$@"
    } >programs/gnuplot
    chmod +x programs/gnuplot
    PATH=$PWD/programs:$PATH
    export PATH
}

is_picture() {
    [ "$(head -c 4 "$1" | tail -c 3)" = PNG ]
}

# No temporary file was left beside book.png, and nothing took its name.
left_no_picture() {
    [ ! -e book.png ] || fail "there is a book.png"
    [ -z "$(find . -name '.book.png*')" ] || fail "a temporary file was left"
}

draws() {
    run book "$1" --plot book.png
    ended 0
    is_picture book.png
    ! grep -E 'undefined|range|equal' err
}

times_at_both_ends_are_drawn() {
    needs_gnuplot
    books '[(0, [10**9], [2 * 10**9])] +
        [(2**63 - 6000 + i, [10**9], [2 * 10**9 + i]) for i in range(6000)]' >ends.dbn
    draws ends.dbn
}

the_shortest_time_is_drawn() {
    needs_gnuplot
    books '[(17 * 10**17 + i, [10**9], [2 * 10**9]) for i in range(2)]' >short.dbn
    draws short.dbn
}

prices_of_zero_are_drawn() {
    needs_gnuplot
    books '[(10**9 * i, [0], [0]) for i in range(1, 5)]' >zero.dbn
    draws zero.dbn
    books '[(10**9 * i, [0, -1], [0, 1]) for i in range(1, 5)]' >near_zero.dbn
    draws near_zero.dbn
}

prices_that_differ_by_less_than_a_double_tells_are_drawn() {
    needs_gnuplot
    books '[(10**9 * i, [9 * 10**18, 9 * 10**18 - 1], [9 * 10**18 + 2]) for i in range(1, 5)]' \
        >near.dbn
    draws near.dbn
}

# The books that the script of the last picture draws, by their times.
drawn_times() {
    sed -n '/^$touch/,/^END/p' script | sed '1d;$d' | cut -d. -f1 | tr '\n' ' '
}

one_time_too_late_hides_nothing_behind_it() {
    stand_in 'cat >script' 'printf "drawnIEND\\256B\`\\202"' # as a PNG ends
    books '[(10**9 * i, [10**9], [2 * 10**9]) for i in (1, 2, 9, 3, 4)]' >late.dbn
    run book late.dbn --plot book.png
    ended 0
    [ "$(drawn_times)" = '1 2 9 9 9 9 ' ] # the last of them is how the file ends
}

books_of_no_time_are_told_as_such() {
    stand_in 'exit 1'
    books '[(10**9 * (6000 - i), [10**9], [2 * 10**9 + i]) for i in range(6000)]' >back.dbn
    run book back.dbn --plot book.png
    ended 3
    said 'no time passes between its first and its last book'
    left_no_picture
    books '[(10**9 * i, [10**9], []) for i in range(9)]' >one_side.dbn
    run book one_side.dbn --plot book.png
    ended 3
    said 'no book with two sides to plot'
}

a_name_is_never_a_command() {
    needs_gnuplot
    few_messages >messages.csv
    name=$(printf "it's\n! touch pwned\n\"\`touch pwned\`.png")
    run book messages.csv --plot "$name"
    ended 0
    is_picture "$name"
    [ ! -e pwned ] || fail "a command in the name was run"
}

settings_of_the_user_do_not_send_the_picture_elsewhere() {
    needs_gnuplot
    few_messages >messages.csv
    echo 'set output "elsewhere.png"' >.gnuplot
    draws messages.csv
    [ ! -e elsewhere.png ]
}

a_gnuplot_that_fails_is_told_with_the_file() {
    few_messages >messages.csv
    stand_in 'cat >/dev/null' 'exit 3'
    run book messages.csv --plot book.png
    ended 1
    said 'gnuplot failed to draw the book of messages.csv'
    left_no_picture
    stand_in 'exit 0' # before it has read what to draw
    run book messages.csv --plot book.png
    ended 1
    left_no_picture
}

a_gnuplot_that_draws_nothing_makes_no_picture() {
    few_messages >messages.csv
    stand_in 'cat >/dev/null'
    run book messages.csv --plot book.png
    ended 1
    said 'gnuplot drew nothing of the book of messages.csv'
    left_no_picture
    stand_in 'cat >/dev/null' 'echo half a picture'
    run book messages.csv --plot book.png
    ended 1
    said 'the picture of the book of messages.csv is not whole'
    left_no_picture
}

# A program that is gone, or only waits for its end to be looked at, has no command line.
is_gone() {
    [ -z "$(tr -d '\0' <"/proc/$1/cmdline")" ]
}

gnuplot_ends_with_the_command() {
    few_messages >messages.csv
    for signal in TERM KILL; do
        rm -f number
        stand_in 'cat >/dev/null' 'echo $$ >number.new' 'mv number.new number' 'exec sleep 60'
        "$tradewind" book messages.csv --plot book.png >out 2>err &
        started=$!
        echo "$started" >>"$work/children"
        eventually test -s number
        cat number >>"$work/children"
        kill "-$signal" "$started"
        wait_for "$started"
        eventually is_gone "$(cat number)"
        [ "$signal" = KILL ] || left_no_picture
    done
}

a_removed_picture_is_not_made_again() {
    few_messages >messages.csv
    stand_in 'cat >script' 'rm -f .book.png.*' 'echo drawn'
    run book messages.csv --plot book.png
    ended 1
    left_no_picture
    ! grep -F book.png script
}

run_cases times_at_both_ends_are_drawn the_shortest_time_is_drawn prices_of_zero_are_drawn \
    prices_that_differ_by_less_than_a_double_tells_are_drawn \
    one_time_too_late_hides_nothing_behind_it books_of_no_time_are_told_as_such \
    a_name_is_never_a_command settings_of_the_user_do_not_send_the_picture_elsewhere \
    a_gnuplot_that_fails_is_told_with_the_file a_gnuplot_that_draws_nothing_makes_no_picture \
    gnuplot_ends_with_the_command a_removed_picture_is_not_made_again
