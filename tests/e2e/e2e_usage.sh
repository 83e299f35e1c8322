#!/bin/sh
# e2e_usage.sh - help, versions, and everything that is wrong usage: status 2 and a way out.
# shellcheck disable=SC2154 # some names are set in lib/cases.sh
. "$(dirname -- "$0")/lib/cases.sh"

help_is_on_standard_output() {
    expect 0 --help
    prints 'usage: tradewind COMMAND'
    for command in run exchange; do
        prints "  $command "
        expect 0 "$command" --help
        prints "Usage: tradewind $command [options]"
        prints "  tradewind $command --"
        cp out "$command.help"
        expect 0 help "$command"
        cmp -s out "$command.help" || fail "help $command is not $command --help"
        [ ! -s err ] || fail "help is no error"
    done
}

each_command_tells_the_version() {
    expect 0 --version
    prints 'tradewind '
    cp out version
    for command in run exchange; do
        expect 0 "$command" --version
        cmp -s out version || fail "$command --version is another"
    done
}

nothing_to_do_is_wrong_usage() {
    expect 2
    silent
    says 'usage: tradewind COMMAND' 30
}

an_unknown_command_is_told_its_nearest() {
    expect 2 exchnage
    says 'there is no command "exchnage"; did you mean "exchange"?'
    expect 2 help runn
    says 'did you mean "run"?'
    expect 2 zzzzzz
    says 'there is no command "zzzzzz"; see `tradewind --help`'
    silent
}

an_unknown_option_is_told_its_nearest() {
    expect 2 run --durration 5m
    says 'unknown option --durration; did you mean --duration?'
    expect 2 exchange --lisen 127.0.0.1:0
    says 'unknown option --lisen; did you mean --listen?'
    silent
}

a_wrong_value_is_told_what_is_right() {
    expect 2 run --seed x
    says 'expected a whole number'
    expect 2 run --duration soon
    says 'expected a span of time'
    expect 2 run --band 200%
    says '--band'
    expect 2 run --venue moon
    says 'demo'
    expect 2 run --clock sundial
    says '--clock sundial: write real, step, or x and a speed'
    expect 2 run --symbols 'AAPL,B AD'
    says '"B AD" cannot be a symbol'
    for rate in 200 0/min 200/hour /min many -1/min 100000001/min; do
        expect 2 exchange --rate-limit "$rate"
        says "--rate-limit $rate: write off, or requests a minute"
    done
    expect 2 exchange --plan gold
    says '--plan gold: write plus or basic'
    expect 2 exchange --connections 100001
    says 'expected 0 to 100000'
    expect 2 exchange --listen here
    says 'write an address and a port, like 127.0.0.1:8765'
    expect 2 exchange --listen 127.0.0.1:70000
    says '127.0.0.1:70000'
    expect 2 run --duration
    says '--duration'
    expect 2 run surplus
    says 'surplus'
    silent
}

an_initial_book_needs_its_tape() {
    expect 2 run --initial book.csv
    says 'name the --tape too'
    expect 2 exchange --initial book.csv
    says 'name the --tape too'
}

a_secret_is_no_option() {
    expect 2 run --secret-key abc
    says 'secret-key'
    ! grep -q abc err || fail "the secret is repeated"
}

an_unknown_key_of_the_configuration_is_an_error() {
    printf '[run]\nduratoin = 5m\n' >tradewind.conf
    expect 2 run --clock step
    says 'duration'
    says 'tradewind.conf:2'
    # What only the exchange alone has is no mistake for a run.
    printf '[exchange]\nlisten = 127.0.0.1:0\nsymbls = AAPL\n' >tradewind.conf
    expect 2 run --clock step
    says 'tradewind.conf:3: unknown setting "symbls"; did you mean "symbols"?'
}

an_option_wins_over_the_configuration() {
    printf '[run]\nduration = 1h\n[exchange]\nclock = step\nsymbols = AAPL\n' >tradewind.conf
    expect 0 run --duration 5s --json
    holds out 'd["clock"] == "step" and d["symbols"] == 1'
    holds out 'd["to"] < "2026-01-05T14:31"'
}

help_to_a_full_device_is_a_failure() {
    [ -w /dev/full ] || skip "there is no /dev/full"
    status=0
    "$tradewind" run --help >/dev/full 2>err || status=$?
    [ "$status" -eq 1 ] || fail "it ended with $status"
    says 'standard output could not be written'
}

run_cases help_is_on_standard_output each_command_tells_the_version nothing_to_do_is_wrong_usage \
    an_unknown_command_is_told_its_nearest an_unknown_option_is_told_its_nearest \
    a_wrong_value_is_told_what_is_right an_initial_book_needs_its_tape a_secret_is_no_option \
    an_unknown_key_of_the_configuration_is_an_error an_option_wins_over_the_configuration \
    help_to_a_full_device_is_a_failure
