/* positions_command.c - `tradewind positions`: what is held, by the store alone. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "journal_account.h"
#include "json_writer.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"

typedef struct positions_options {
    char database[TW_CONFIG_TEXT_SIZE];
    bool json;
} positions_options;

static const tw_config_option positions_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "tradewind.db", "the store of the runs", NULL,
     offsetof(positions_options, database)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(positions_options, json)},
};

/* A symbol that is held, or that a decision aims at. */
typedef struct position_row {
    const char *name;
    const journal_holding *holding;
    tw_money value;
    tw_money profit;
    bool valued;     /* it has a mark */
    bool profitable; /* and an entry price */
} position_row;

typedef struct positions_desk {
    const positions_options *options;
    tw_symbols *symbols;
    tw_store *store;
    journal_account account;
    position_row *rows;
    size_t count;
    size_t capacity;
} positions_desk;

/* ---- rows ---------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const position_row *)a)->name, ((const position_row *)b)->name);
}

static tw_status measure(position_row *row, tw_error *error) {
    const journal_holding *holding = row->holding;
    tw_money entry = {0};
    row->valued = holding->mark.nano > 0;
    row->profitable = row->valued && holding->average.nano > 0;
    if (tw_notional(holding->mark, holding->quantity, &row->value) != TW_OK ||
        tw_notional(holding->average, holding->quantity, &entry) != TW_OK ||
        tw_decimal_subtract(row->value.nano, entry.nano, &row->profit.nano) != TW_OK)
        return tw_error_set(error, TW_OVERFLOW, "the position in %s is worth more than 9.2 billion",
                            row->name);
    return TW_OK;
}

static tw_status make_rows(positions_desk *desk, tw_error *error) {
    const journal_account *account = &desk->account;
    desk->capacity = account->count;
    desk->rows = TW_NEW(NULL, desk->capacity, position_row);
    if (desk->rows == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for %u positions", account->count);
    tw_status status = TW_OK;
    for (tw_symbol s = 0; status == TW_OK && s < account->count; s++) {
        if (account->holdings[s].quantity.nano == 0 && account->holdings[s].target_nano <= 0)
            continue;
        position_row *row = &desk->rows[desk->count++];
        row->name = tw_symbols_name(desk->symbols, s);
        row->holding = &account->holdings[s];
        status = measure(row, error);
    }
    if (desk->count > 0)
        qsort(desk->rows, desk->count, sizeof desk->rows[0], by_name);
    return status;
}

static double weight_of(const positions_desk *desk, const position_row *row) {
    const journal_account *account = &desk->account;
    bool known = account->marked && account->equity.nano > 0;
    return known ? (double)row->value.nano / (double)account->equity.nano : NAN;
}

static double target_of(const position_row *row) {
    return row->holding->target_nano < 0 ? NAN
                                         : (double)row->holding->target_nano / (double)TW_NANO;
}

/* ---- printing ------------------------------------------------------------------------------ */

static void add_row(table *rows, const positions_desk *desk, const position_row *row) {
    const journal_holding *holding = row->holding;
    char text[READABLE_SIZE];
    table_row(rows);
    table_cell(rows, row->name);
    table_cell(rows, readable_decimal(holding->quantity.nano, 0, 9, text));
    table_cell(rows, holding->average.nano > 0 ? readable_decimal(holding->average.nano, 2, 4, text)
                                               : "-");
    table_cell(rows, row->valued ? readable_decimal(holding->mark.nano, 2, 4, text) : "-");
    table_cell(rows, row->valued ? readable_decimal(row->value.nano, 2, 2, text) : "-");
    table_cell(rows, readable_percent(weight_of(desk, row), text));
    table_cell(rows, readable_percent(target_of(row), text));
    table_cell(rows, row->profitable ? readable_decimal(row->profit.nano, 2, 2, text) : "-");
}

static tw_status print_words(const positions_desk *desk, tw_error *error) {
    const journal_account *account = &desk->account;
    char text[READABLE_SIZE];
    char time[TW_TIME_TEXT_SIZE];
    if (!account->known) {
        printf("%s has no account: no run of it has heard from its venue.\n",
               tw_store_path(desk->store));
        return TW_OK;
    }
    tw_time_format(account->time_ns, 0, time);
    printf("cash %s", readable_decimal(account->cash.nano, 2, 2, text));
    if (account->marked)
        printf(", equity %s", readable_decimal(account->equity.nano, 2, 2, text));
    printf(", as of %s\n", time);
    if (desk->count == 0) {
        printf("Nothing is held.\n");
        return TW_OK;
    }
    table *rows = table_new("SYMBOL|>QUANTITY|>ENTRY|>MARK|>VALUE|>WEIGHT|>TARGET|>PROFIT");
    for (size_t i = 0; i < desk->count; i++)
        add_row(rows, desk, &desk->rows[i]);
    return table_end(rows, error);
}

static void json_position(json_writer *w, const positions_desk *desk, const position_row *row) {
    const journal_holding *holding = row->holding;
    json_open(w, NULL, '{');
    json_text(w, "symbol", row->name);
    json_decimal(w, "quantity", holding->quantity.nano);
    if (holding->average.nano > 0)
        json_decimal(w, "entry", holding->average.nano);
    if (row->valued) {
        json_decimal(w, "mark", holding->mark.nano);
        json_time(w, "mark_time", holding->mark_ns);
        json_decimal(w, "value", row->value.nano);
    }
    if (row->profitable)
        json_decimal(w, "profit", row->profit.nano);
    json_number(w, "weight", weight_of(desk, row));
    json_number(w, "target", target_of(row));
    json_close(w);
}

static tw_status print_json(const positions_desk *desk, tw_error *error) {
    const journal_account *account = &desk->account;
    json_writer w = json_writer_begin();
    json_flag(&w, "known", account->known);
    if (account->known) {
        json_time(&w, "time", account->time_ns);
        json_decimal(&w, "cash", account->cash.nano);
        if (account->marked)
            json_decimal(&w, "equity", account->equity.nano);
    }
    json_open(&w, "positions", '[');
    for (size_t i = 0; i < desk->count; i++)
        json_position(&w, desk, &desk->rows[i]);
    json_close(&w);
    return json_writer_end(&w, error);
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status read_desk(positions_desk *desk, tw_error *error) {
    tw_status status = input_any_store_open(desk->options->database, TW_STORE_READ, &desk->symbols,
                                            &desk->store, error);
    if (status == TW_OK)
        status = journal_account_read(desk->store, desk->symbols, &desk->account, error);
    if (status == TW_OK && desk->account.known)
        status = make_rows(desk, error);
    return status;
}

static tw_status show_positions(void *target, const tw_arguments *arguments, tw_error *error) {
    positions_desk desk = {.options = target};
    (void)arguments;
    tw_status status = read_desk(&desk, error);
    if (status == TW_OK)
        status = desk.options->json ? print_json(&desk, error) : print_words(&desk, error);
    TW_DELETE(NULL, desk.rows, desk.capacity, position_row);
    journal_account_done(&desk.account);
    tw_store_free(desk.store);
    tw_symbols_free(desk.symbols);
    return status;
}

int command_positions(int argc, char **argv) {
    static positions_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "positions",
         .options = positions_table,
         .count = sizeof positions_table / sizeof positions_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = 1},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind positions",
        .summary = "What the account of a store's newest run holds, also while it goes on: entry\n"
                   "price, newest price in the store, value, weight, target, profit. The venue is\n"
                   "not asked.",
        .example = "  tradewind positions --db trading.db\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, show_positions, &options);
}
