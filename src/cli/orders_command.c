/* orders_command.c - `tradewind orders`: the orders of a store, their states, and why each was
 * made. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "json_writer.h"
#include "order_rows.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"

typedef struct orders_options {
    char database[TW_CONFIG_TEXT_SIZE];
    bool open;
    char symbol[TW_CONFIG_TEXT_SIZE];
    int64_t since_ns;
    int64_t limit;
    bool json;
    bool csv;
} orders_options;

static const tw_config_option orders_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "tradewind.db", "the store of the runs", NULL,
     offsetof(orders_options, database)},
    {"open", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "only those that are not at their end",
     NULL, offsetof(orders_options, open)},
    {"symbol", TW_CONFIG_TEXT, "NAME", NULL, NULL, "", "only those of one symbol", NULL,
     offsetof(orders_options, symbol)},
    {"since", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "only those that were made then or later",
     NULL, offsetof(orders_options, since_ns)},
    {"limit", TW_CONFIG_INTEGER, NULL, "1", "1000000", "50", "at most so many, the newest", NULL,
     offsetof(orders_options, limit)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(orders_options, json)},
    {"csv", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print them as CSV", NULL,
     offsetof(orders_options, csv)},
};

typedef struct orders_desk {
    const orders_options *options;
    tw_symbols *symbols;
    tw_store *store;
    order_rows rows;
} orders_desk;

static const char *name_of(const orders_desk *desk, const tw_order *order) {
    return tw_symbols_name(desk->symbols, order->symbol);
}

/* The number at the end of an id, which `explain` takes too. */
static const char *number_of(const char *id) {
    const char *dash = strrchr(id, '-');
    return dash != NULL && dash[1] != '\0' ? dash + 1 : id;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_nothing(const orders_desk *desk) {
    const orders_options *options = desk->options;
    char since[TW_TIME_TEXT_SIZE + 16] = "";
    char time[TW_TIME_TEXT_SIZE];
    if (options->since_ns != 0) {
        tw_time_format(options->since_ns, 0, time);
        snprintf(since, sizeof since, " since %s", time);
    }
    printf("%s has no %sorder%s%s%s.\n", tw_store_path(desk->store), options->open ? "open " : "",
           options->symbol[0] != '\0' ? " of " : "", options->symbol, since);
}

static void add_row(table *rows, const orders_desk *desk, const order_row *row) {
    const tw_order *order = &row->order;
    char text[READABLE_SIZE];
    char time[TW_TIME_TEXT_SIZE];
    table_row(rows);
    tw_time_format(order->created_ns, 3, time);
    table_cell(rows, time);
    table_cell(rows, number_of(order->client_order_id));
    table_cell(rows, name_of(desk, order));
    table_cell(rows, tw_side_name((tw_side)order->side));
    table_cell(rows, readable_decimal(order->quantity.nano, 0, 9, text));
    table_cell(rows, readable_decimal(order->limit_price.nano, 2, 4, text));
    table_cell(rows, tw_order_status_name((tw_order_status)order->status));
    table_cell(rows, readable_decimal(order->filled.nano, 0, 9, text));
    table_cell(rows, order->average_price.nano > 0
                         ? readable_decimal(order->average_price.nano, 2, 4, text)
                         : "-");
    table_cell(rows, row->why[0] != '\0' ? row->why : "-");
    table_cell(rows, row->decision > 0 ? readable_count(row->decision, text) : "-");
}

static tw_status print_words(const orders_desk *desk, tw_error *error) {
    if (desk->rows.count == 0) {
        print_nothing(desk);
        return TW_OK;
    }
    table *rows = table_new("TIME|>ORDER|SYMBOL|SIDE|>QUANTITY|>LIMIT|STATE|>FILLED|>AVERAGE|WHY|"
                            ">DECISION");
    for (size_t i = 0; i < desk->rows.count; i++)
        add_row(rows, desk, &desk->rows.rows[i]);
    tw_status status = table_end(rows, error);
    if (status == TW_OK && desk->rows.total > desk->rows.count)
        printf("\nThe newest %zu of %" PRIu64 "; --limit shows more.\n", desk->rows.count,
               desk->rows.total);
    return status;
}

/* ---- for machines -------------------------------------------------------------------------- */

static void json_order(json_writer *w, const orders_desk *desk, const order_row *row) {
    const tw_order *order = &row->order;
    json_open(w, NULL, '{');
    json_text(w, "id", order->client_order_id);
    json_text(w, "venue_id", order->venue_order_id);
    json_text(w, "symbol", name_of(desk, order));
    json_text(w, "side", tw_side_name((tw_side)order->side));
    json_text(w, "type", tw_order_type_name((tw_order_type)order->type));
    json_text(w, "status", tw_order_status_name((tw_order_status)order->status));
    json_flag(w, "open", !tw_order_status_is_final((tw_order_status)order->status));
    json_decimal(w, "quantity", order->quantity.nano);
    json_decimal(w, "limit", order->limit_price.nano);
    json_decimal(w, "filled", order->filled.nano);
    json_decimal(w, "average", order->average_price.nano);
    json_time(w, "created", order->created_ns);
    json_time(w, "updated", order->updated_ns);
    json_text(w, "why", row->why);
    json_count(w, "decision", row->decision);
    json_decimal(w, "mark", row->mark.nano);
    json_close(w);
}

static tw_status print_json(const orders_desk *desk, tw_error *error) {
    json_writer w = json_writer_begin();
    json_count(&w, "count", desk->rows.count);
    json_count(&w, "total", desk->rows.total);
    json_open(&w, "orders", '[');
    for (size_t i = 0; i < desk->rows.count; i++)
        json_order(&w, desk, &desk->rows.rows[i]);
    json_close(&w);
    return json_writer_end(&w, error);
}

/* No field of these can hold a comma or a quote: the engine makes the ids. */
static void print_csv(const orders_desk *desk) {
    puts("id,symbol,side,quantity,limit,status,filled,average,created,updated,why,decision,mark");
    for (size_t i = 0; i < desk->rows.count; i++) {
        const order_row *row = &desk->rows.rows[i];
        const tw_order *order = &row->order;
        const int64_t amounts[] = {order->quantity.nano, order->limit_price.nano,
                                   order->filled.nano, order->average_price.nano, row->mark.nano};
        char texts[5][TW_DECIMAL_TEXT_SIZE];
        char created[TW_TIME_TEXT_SIZE];
        char updated[TW_TIME_TEXT_SIZE];
        for (size_t a = 0; a < 5; a++)
            tw_decimal_format(amounts[a], texts[a]);
        tw_time_format(order->created_ns, 9, created);
        tw_time_format(order->updated_ns, 9, updated);
        printf("%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%" PRIu64 ",%s\n", order->client_order_id,
               name_of(desk, order), tw_side_name((tw_side)order->side), texts[0], texts[1],
               tw_order_status_name((tw_order_status)order->status), texts[2], texts[3], created,
               updated, row->why, row->decision, texts[4]);
    }
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status read_desk(orders_desk *desk, tw_error *error) {
    const orders_options *options = desk->options;
    order_filter filter = {.symbol = TW_SYMBOL_NONE,
                           .open = options->open,
                           .since_ns = options->since_ns,
                           .limit = (size_t)options->limit};
    tw_status status =
        input_any_store_open(options->database, TW_STORE_READ, &desk->symbols, &desk->store, error);
    if (status != TW_OK)
        return status;
    if (options->symbol[0] != '\0') {
        filter.symbol = tw_symbols_find(desk->symbols, tw_slice_of(options->symbol));
        if (filter.symbol == TW_SYMBOL_NONE)
            return tw_error_set(error, TW_NOT_FOUND, "%s has no symbol \"%s\"",
                                tw_store_path(desk->store), options->symbol);
    }
    return order_rows_read(desk->store, &filter, &desk->rows, error);
}

static tw_status show_orders(void *target, const tw_arguments *arguments, tw_error *error) {
    orders_desk desk = {.options = target};
    (void)arguments;
    if (desk.options->json && desk.options->csv)
        return tw_error_set(error, TW_USAGE, "--json and --csv are two forms of the same: say one");
    tw_status status = read_desk(&desk, error);
    if (status == TW_OK && desk.options->json)
        status = print_json(&desk, error);
    else if (status == TW_OK && desk.options->csv)
        print_csv(&desk);
    else if (status == TW_OK)
        status = print_words(&desk, error);
    order_rows_done(&desk.rows);
    tw_store_free(desk.store);
    tw_symbols_free(desk.symbols);
    return status;
}

int command_orders(int argc, char **argv) {
    static orders_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}, {'n', "limit"}, {'s', "symbol"}};
    const tw_arguments_table tables[] = {
        {.section = "orders",
         .options = orders_table,
         .count = sizeof orders_table / sizeof orders_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = 3},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind orders",
        .summary =
            "The orders of a store, also while a run writes to it: state, what was filled and\n"
            "at what price, why each was made, and the journal entry of the decision.\n"
            "`tradewind explain ORDER` tells the whole story of one.",
        .example = "  tradewind orders --db trading.db --open\n"
                   "  tradewind orders --db trading.db --symbol AAPL --since 2026-01-05 --csv\n",
        .tables = tables,
        .table_count = 1,
    };
    return command_main(&spec, argc, argv, show_orders, &options);
}
