/*
 * replay_command.c - `tradewind replay`: a run again from its recording, and whether it is the
 * same; or what it would have done with another setting.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "journal_fields.h"
#include "plain_text.h"
#include "replay_print.h"
#include "table.h"
#include "tradewind/store.h"
#include "tradewind/time.h"

typedef struct replay_options {
    char database[TW_CONFIG_TEXT_SIZE];
    char until[TW_CONFIG_TEXT_SIZE];
    char explain[TW_CONFIG_TEXT_SIZE];
    char set[TW_CONFIG_TEXT_SIZE];
    bool settings;
    bool speed;
    bool json;
} replay_options;

static const tw_config_option replay_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "store whose journal is compared too; default: the one that the recording names, if it is "
     "still there",
     NULL, offsetof(replay_options, database)},
    {"until", TW_CONFIG_TEXT, "TIME|ENTRY", NULL, NULL, "",
     "stop at this time of the venue, or when this entry of the journal has been made", NULL,
     offsetof(replay_options, until)},
    {"explain", TW_CONFIG_TEXT, "ORDER", NULL, NULL, "",
     "show what was journaled about an order, with the market as it stood", NULL,
     offsetof(replay_options, explain)},
    {"set", TW_CONFIG_TEXT, "NAME=VALUE", NULL, NULL, "",
     "run with another setting of the engine, or several with spaces between; nothing is compared "
     "then",
     NULL, offsetof(replay_options, set)},
    {"settings", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print the settings of the recorded engine, and do no more", NULL,
     offsetof(replay_options, settings)},
    {"speed-report", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "tell the size of the recording, too", NULL, offsetof(replay_options, speed)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(replay_options, json)},
};

enum { OPTION_COUNT = sizeof replay_table / sizeof replay_table[0], SETTING_SIZE = 512 };

/* The orders of one symbol and side. */
typedef struct order_wish {
    tw_order first;
    uint32_t count;
    uint32_t recorded; /* of which the run made this very one */
} order_wish;

/* All that one call of the command holds. */
typedef struct replay_desk {
    const replay_options *options;
    tw_replay *replay;
    replay_journal journal;
    replay_inputs inputs;
    order_wish *wishes; /* [symbols][buy, sell]; with --set, for people */
    uint32_t wish_count;
    uint64_t explained;
    bool different;
} replay_desk;

static replay_desk desk;

/* ---- options ------------------------------------------------------------------------------- */

static tw_status read_until(const replay_options *options, tw_replay_options *to, tw_error *error) {
    tw_slice text = tw_slice_of(options->until);
    if (text.size == 0 || tw_parse_u64(text, &to->until_sequence) == TW_OK ||
        tw_time_parse(text, &to->until_ns) == TW_OK)
        return TW_OK;
    return tw_error_set(error, TW_USAGE,
                        "--until takes a time like 2026-01-05T14:31:00Z or the number of an entry, "
                        "not \"%s\"",
                        options->until);
}

static tw_status change_one(tw_slice change, tw_error *error) {
    tw_error cause = {0};
    tw_slice value = change;
    tw_slice name = tw_slice_split(&value, '=');
    if (name.size == change.size)
        return tw_error_set(error, TW_USAGE, "--set takes name=value, not \"%.*s\"",
                            (int)change.size, change.data);
    if (tw_replay_set(desk.replay, name, value, &cause) == TW_OK)
        return TW_OK;
    return tw_error_set(error, TW_USAGE, "--set %.*s: %s; `--settings` lists them all",
                        (int)change.size, change.data, cause.message);
}

static tw_status change_settings(tw_error *error) {
    tw_slice rest = tw_slice_of(desk.options->set);
    tw_status status = TW_OK;
    while (status == TW_OK && rest.size > 0) {
        tw_slice change = tw_slice_trim(tw_slice_split(&rest, ' '));
        if (change.size > 0)
            status = change_one(change, error);
    }
    return status;
}

static void print_settings(void) {
    char memory[SETTING_SIZE];
    char plain[PLAIN_TEXT_SIZE(SETTING_SIZE)];
    const char *name = NULL;
    tw_text text = tw_text_over(memory, sizeof memory);
    for (size_t i = 0; (name = tw_replay_setting(desk.replay, i, &text)) != NULL; i++) {
        printf("%s=%s\n", name, plain_text(memory, plain, sizeof plain));
        tw_text_clear(&text);
    }
}

/* ---- what happens -------------------------------------------------------------------------- */

static tw_status on_turn(void *context, uint64_t turn, uint32_t event_count_max, bool stop) {
    (void)context;
    (void)event_count_max;
    replay_inputs_turn(&desk.inputs, turn, stop);
    return TW_OK;
}

static tw_status on_market(void *context, const tw_market_event *event) {
    (void)context;
    replay_inputs_market(&desk.inputs, event);
    return TW_OK;
}

static tw_status on_venue(void *context, const tw_venue_event *event) {
    (void)context;
    replay_inputs_venue(&desk.inputs, event);
    return TW_OK;
}

static void explain(const tw_journal_entry *entry) {
    char time[TW_TIME_TEXT_SIZE];
    char payload[PLAIN_TEXT_SIZE(sizeof entry->payload)];
    tw_slice name = journal_text_of(tw_slice_of(entry->payload), "symbol");
    tw_symbol symbol = tw_symbols_find(tw_replay_symbols(desk.replay), name);
    tw_time_format(entry->time_ns, 9, time);
    printf("%s  %llu  %s  %s\n", time, (unsigned long long)entry->sequence, entry->kind,
           plain_text(entry->payload, payload, sizeof payload));
    if (strcmp(entry->kind, "intent") == 0 && symbol < desk.inputs.symbol_count)
        replay_inputs_print_market(&desk.inputs, symbol, entry->time_ns);
    desk.explained++;
}

static tw_status on_entry(void *context, const tw_journal_entry *made,
                          const tw_journal_entry *recorded) {
    (void)context;
    (void)recorded;
    if (!desk.options->json && journal_is_about(tw_slice_of(made->payload), desk.options->explain))
        explain(made);
    return replay_journal_keep(&desk.journal, made);
}

/* An order that is tried again and again is one wish: orders are told by symbol and side. */
static tw_status on_order(void *context, const tw_order *order, bool recorded) {
    (void)context;
    order_wish *wish = &desk.wishes[2 * (size_t)order->symbol + (order->side == TW_SIDE_SELL)];
    if (wish->count++ == 0)
        wish->first = *order;
    wish->recorded += recorded;
    return TW_OK;
}

static void add_wish(table *rows, const order_wish *wish) {
    char text[TW_TIME_TEXT_SIZE];
    const tw_order *order = &wish->first;
    table_row(rows);
    tw_time_format(order->created_ns, 9, text);
    table_cell(rows, text);
    table_cell(rows, tw_symbols_name(tw_replay_symbols(desk.replay), order->symbol));
    table_cell(rows, tw_side_name((tw_side)order->side));
    tw_decimal_format(order->quantity.nano, text);
    table_cell(rows, text);
    tw_decimal_format(order->limit_price.nano, text);
    table_cell(rows, text);
    snprintf(text, sizeof text, "%u", wish->count);
    table_cell(rows, text);
    snprintf(text, sizeof text, "%u", wish->recorded);
    table_cell(rows, text);
}

static tw_status print_wishes(tw_error *error) {
    table *rows = table_new("FIRST AT|SYMBOL|SIDE|>QUANTITY|>LIMIT|>ORDERS|>OF THE RUN");
    for (uint32_t i = 0; i < desk.wish_count; i++) {
        if (desk.wishes[i].count > 0)
            add_wish(rows, &desk.wishes[i]);
    }
    return table_end(rows, error);
}

/* ---- the command --------------------------------------------------------------------------- */

static tw_status compare_store(replay_outcome *outcome, tw_error *error) {
    const char *named = desk.options->database;
    const char *path = named[0] != '\0' ? named : outcome->origin.database;
    if (!outcome->result.compared || outcome->result.differs || path[0] == '\0' ||
        desk.journal.count == 0)
        return TW_OK;
    if (named[0] == '\0' && tw_store_is_server(path)) {
        /* Whom to log in to is not for a file to say. */
        snprintf(outcome->store.why, sizeof outcome->store.why,
                 "it is on a server: name it with --db");
        return TW_OK;
    }
    return replay_journal_compare(&desk.journal, path, tw_replay_settings(desk.replay)->epoch,
                                  named[0] != '\0', &outcome->store, error);
}

static tw_status print(const replay_outcome *outcome, tw_error *error) {
    if (desk.options->json)
        return replay_print_json(outcome, error);
    tw_status status = TW_OK;
    if (desk.wishes != NULL && outcome->result.orders > 0)
        status = print_wishes(error);
    if (status == TW_OK)
        replay_print_words(outcome);
    return status;
}

static tw_status take_wishes(tw_error *error) {
    desk.wish_count = 2 * tw_replay_settings(desk.replay)->symbol_count;
    desk.wishes = TW_NEW(NULL, desk.wish_count, order_wish);
    return desk.wishes != NULL ? TW_OK : tw_error_set(error, TW_NO_MEMORY, "no memory for orders");
}

static tw_status play(replay_outcome *outcome, tw_error *error) {
    tw_replay_options how = {
        .on_turn = on_turn, .on_market = on_market, .on_venue = on_venue, .on_entry = on_entry};
    tw_status status = read_until(desk.options, &how, error);
    if (status == TW_OK && desk.options->set[0] != '\0' && !desk.options->json) {
        how.on_order = on_order;
        status = take_wishes(error);
    }
    if (status == TW_OK)
        status = replay_inputs_begin(&desk.inputs, tw_replay_symbols(desk.replay),
                                     tw_replay_settings(desk.replay),
                                     desk.options->explain[0] != '\0', error);
    if (status != TW_OK)
        return status;
    int64_t began_ns = tw_time_monotonic_ns();
    status = tw_replay_run(desk.replay, &how, &outcome->result, error);
    outcome->seconds = (double)(tw_time_monotonic_ns() - began_ns) / 1e9;
    return status;
}

/* Damage in the middle ends the command; how far everything was the same is told before. */
static void tell_damage(const replay_outcome *outcome, tw_error *error) {
    char words[TW_ERROR_MESSAGE_SIZE];
    snprintf(words, sizeof words, "%s", error->message);
    tw_error_set(error, TW_CORRUPT, "%.300s; the %llu entries before are identical", words,
                 (unsigned long long)outcome->result.entries);
}

static tw_status show(replay_outcome *outcome, tw_error *error) {
    tw_status status = play(outcome, error);
    if (status == TW_CORRUPT)
        tell_damage(outcome, error);
    if (status == TW_OK)
        status = compare_store(outcome, error);
    if (status == TW_OK)
        status = print(outcome, error);
    if (status == TW_OK && desk.options->explain[0] != '\0' && desk.explained == 0 &&
        !desk.options->json)
        return tw_error_set(error, TW_NOT_FOUND, "the replay has no order %s",
                            desk.options->explain);
    desk.different = outcome->result.compared && !replay_is_identical(outcome);
    return status;
}

static tw_status replay(void *target, const tw_arguments *arguments, tw_error *error) {
    static replay_outcome outcome;
    desk = (replay_desk){.options = target};
    outcome = (replay_outcome){.file = arguments->operands[0],
                               .inputs = &desk.inputs,
                               .changes = desk.options->set,
                               .speed = desk.options->speed};
    tw_status status = tw_replay_open(NULL, outcome.file, &desk.replay, error);
    if (status == TW_OK)
        status = change_settings(error);
    if (status == TW_OK && desk.options->settings) {
        print_settings();
    } else if (status == TW_OK) {
        tw_replay_origin_of(desk.replay, &outcome.origin);
        status = show(&outcome, error);
    }
    TW_DELETE(NULL, desk.wishes, desk.wish_count, order_wish);
    replay_inputs_done(&desk.inputs);
    replay_journal_done(&desk.journal);
    tw_replay_free(desk.replay);
    return status;
}

int command_replay(int argc, char **argv) {
    static replay_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {{.section = "replay",
                                          .options = replay_table,
                                          .count = OPTION_COUNT,
                                          .target = &options,
                                          .shorts = shorts,
                                          .short_count = 1}};
    const tw_arguments_spec spec = {
        .command = "tradewind replay",
        .operands = "FILE",
        .summary = "Repeats a run from its recording, and compares the journal that comes of it "
                   "with the\nrecorded one, entry by entry: exit status 0 if it is identical, 1 if "
                   "not.",
        .example = "  tradewind replay trading.db-record\n"
                   "  tradewind replay trading.db-record --explain 17\n"
                   "  tradewind replay trading.db-record --set 'band=0.02 cash_weight=0.1'\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_min = 1,
        .operand_count_max = 1,
    };
    int ending = command_main(&spec, argc, argv, replay, &options);
    return ending == EXIT_DONE && desk.different ? EXIT_FAILED : ending;
}
