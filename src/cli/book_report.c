/* book_report.c - see book_report.h. */
#include "book_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output_file.h"
#include "readable.h"
#include "table.h"
#include "tradewind/time.h"

enum { SHOWN_SYMBOL_MAX = 20, JSON_SIZE = 8192 };

#define DAY_NS (INT64_C(86400) * TW_NANO)

/* The end of one symbol's book. */
typedef struct symbol_end {
    const char *name;
    tw_quote best;
    tw_book_counts counts;
    tw_book_crossing crossing;
    const char *state; /* of a feed by level; else NULL */
} symbol_end;

static uint32_t order_count_of(const symbol_end *end) {
    return end->counts.bid_order_count + end->counts.ask_order_count;
}

static uint32_t level_count_of(const symbol_end *end) {
    return end->counts.bid_level_count + end->counts.ask_level_count;
}

static bool read_end(const book_replay *replay, tw_symbol symbol, symbol_end *ret_end) {
    if (replay->only != TW_SYMBOL_NONE && symbol != replay->only)
        return false;
    *ret_end = (symbol_end){.name = tw_symbols_name(replay->symbols, symbol)};
    tw_book_best(replay->book, symbol, &ret_end->best);
    tw_book_counts_of(replay->book, symbol, &ret_end->counts);
    ret_end->crossing = tw_book_crossed(replay->book, symbol);
    if (replay->sync != NULL)
        ret_end->state = tw_book_sync_state_name(tw_book_sync_state_of(replay->sync, symbol));
    return true;
}

/* ---- For people ---------------------------------------------------------------------------- */

static void add_cell(table *rows, int64_t nano, bool there) {
    char cell[READABLE_SIZE];
    table_cell(rows, there ? readable_decimal(nano, 0, 9, cell) : "-");
}

static void add_symbol(table *rows, const symbol_end *end) {
    char cell[READABLE_SIZE];
    bool bid = end->best.bid_size.nano > 0;
    bool ask = end->best.ask_size.nano > 0;
    table_row(rows);
    table_cell(rows, end->name);
    add_cell(rows, end->best.bid_size.nano, bid);
    add_cell(rows, end->best.bid_price.nano, bid);
    add_cell(rows, end->best.ask_price.nano, ask);
    add_cell(rows, end->best.ask_size.nano, ask);
    table_cell(rows, readable_count(level_count_of(end), cell));
    table_cell(rows, readable_count(order_count_of(end), cell));
    table_cell(rows, end->state != NULL                 ? end->state
                     : end->crossing == TW_BOOK_CROSSED ? "crossed"
                     : end->crossing == TW_BOOK_LOCKED  ? "locked"
                                                        : "");
}

static tw_status print_symbols(const book_replay *replay, tw_error *error) {
    table *rows = table_new("SYMBOL|>BID SIZE|>BID|>ASK|>ASK SIZE|>LEVELS|>ORDERS|");
    uint32_t shown = 0;
    uint32_t left = 0;
    uint32_t symbol_count = tw_symbols_count(replay->symbols);
    for (tw_symbol symbol = 0; symbol < symbol_count; symbol++) {
        symbol_end end;
        if (!read_end(replay, symbol, &end))
            continue;
        if (shown < SHOWN_SYMBOL_MAX)
            add_symbol(rows, &end);
        left += shown++ >= SHOWN_SYMBOL_MAX;
    }
    tw_status status = table_end(rows, error);
    if (status == TW_OK && left > 0)
        printf("... and %u more symbols\n", left);
    return status;
}

typedef struct count_line {
    const char *name;
    uint64_t count;
} count_line;

/* "4,067 executions, 2,201 hidden": those that are not zero. */
static void print_counts(const char *heading, const count_line *lines, size_t count) {
    char cell[READABLE_SIZE];
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (lines[i].count == 0)
            continue;
        printf("%s %s %s", first ? heading : ",", readable_count(lines[i].count, cell),
               lines[i].name);
        first = false;
    }
    if (!first)
        printf("\n");
}

static void print_anomalies(const book_replay *replay) {
    tw_book_anomalies a;
    tw_book_anomalies_of(replay->book, &a);
    const count_line lines[] = {
        {"unknown ids", a.unknown_id - replay->totals.old_orders - replay->totals.announced},
        {"orders from before the file", replay->totals.old_orders},
        {"orders that a modification announced", replay->totals.announced},
        {"duplicate ids", a.duplicate_id},
        {"over-executions", a.over_executed},
        {"over-reductions", a.over_reduced},
        {"bad prices", a.bad_price},
        {"bad quantities", a.bad_quantity},
        {"bad ids", a.bad_id},
        {"bad sides", a.bad_side},
        {"bad symbols", a.bad_symbol},
        {"bad kinds", a.bad_kind},
        {"levels that were not there", replay->sync != NULL ? 0 : a.unknown_level},
        {"times locked", replay->totals.locked},
        {"times crossed", replay->totals.crossed},
        {"gaps and faults of the feed", replay->totals.gap_warnings},
    };
    print_counts("Out of the ordinary:", lines, sizeof lines / sizeof lines[0]);
}

/* A day file that was cut between two messages looks whole otherwise. */
static void print_ending(const book_replay *replay) {
    if (replay->config.format == TW_TAPE_ITCH && !tw_tape_gaps_of(replay->tape).ended)
        printf("The feed did not say that it was over: this may be only a part of it.\n");
}

static void print_sync(const book_replay *replay) {
    if (replay->sync == NULL)
        return;
    tw_book_sync_counts c;
    tw_book_sync_counts_of(replay->sync, TW_SYMBOL_NONE, &c);
    tw_book_anomalies a;
    tw_book_anomalies_of(replay->book, &a);
    const count_line lines[] = {
        {"checksums right", c.checksums - c.mismatches},
        {"checksums wrong", c.mismatches},
        {"updates older than their snapshot", c.old},
        {"gaps", c.gaps},
        {"duplicates", c.duplicates},
        {"late", c.late},
        {"out of order", c.disorders},
        {"without a snapshot", c.early},
        {"crossed", c.crossed},
        {"removals of levels that were not there", a.unknown_level},
    };
    print_counts("Synchronised:", lines, sizeof lines / sizeof lines[0]);
}

/* Of a feed without dates, times of day. */
static void format_time(int64_t time_ns, char *text) {
    tw_time_format(time_ns, 9, text);
    if (time_ns < 2 * DAY_NS)
        memmove(text, text + sizeof "1970-01-01T" - 1, sizeof "09:30:00.000000000");
    if (time_ns < 2 * DAY_NS)
        text[sizeof "09:30:00.000000000" - 1] = '\0';
}

static void print_times(const book_totals *t) {
    char first[TW_TIME_TEXT_SIZE];
    char last[TW_TIME_TEXT_SIZE];
    if (t->first_ns <= 0 || t->last_ns <= 0)
        return;
    format_time(t->first_ns, first);
    format_time(t->last_ns, last);
    printf("From %s to %s.\n", first, last);
}

tw_status book_report_text(const book_replay *replay, tw_error *error) {
    const book_totals *t = &replay->totals;
    char cell[READABLE_SIZE];
    char rate[READABLE_SIZE];
    tw_status status = print_symbols(replay, error);
    if (status != TW_OK)
        return status;
    const count_line lines[] = {
        {"adds", t->adds},         {"cancels", t->cancels},       {"deletes", t->deletes},
        {"replaces", t->replaces}, {"executions", t->executions}, {"hidden", t->hidden},
        {"halts", t->halts},       {"clears", t->clears},         {"snapshots", t->snapshots},
        {"changes", t->changes},   {"quotes", t->quotes},         {"trades", t->trades},
        {"others", t->others},
    };
    printf("\n%s messages in %.3f s", readable_count(t->messages, cell), t->seconds);
    if (t->seconds > 0 && t->messages > 0)
        printf(" (%s/s, %.0f ns each)",
               readable_count((uint64_t)((double)t->messages / t->seconds), rate),
               t->seconds * 1e9 / (double)t->messages);
    printf(".\n");
    print_times(t);
    print_counts("Messages:", lines, sizeof lines / sizeof lines[0]);
    print_sync(replay);
    print_anomalies(replay);
    print_ending(replay);
    return output_printed(error);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void append_count(tw_text *text, const char *key, uint64_t count) {
    tw_text_append_format(text, "%s\"%s\":%" PRIu64,
                          text->size > 0 && text->data[text->size - 1] == '{' ? "" : ",", key,
                          count);
}

static void append_best(tw_text *text, const char *key, tw_price price, tw_quantity size) {
    char number[TW_DECIMAL_TEXT_SIZE];
    tw_text_append_format(text, ",\"%s\":", key);
    if (size.nano == 0) {
        tw_text_append_string(text, "null");
        return;
    }
    tw_decimal_format(price.nano, number);
    tw_text_append_format(text, "\"%s\"", number);
}

static void append_anomalies(tw_text *text, const book_replay *replay) {
    tw_book_anomalies a;
    tw_book_anomalies_of(replay->book, &a);
    tw_text_append_string(text, ",\"anomalies\":{");
    append_count(text, "unknown_id",
                 a.unknown_id - replay->totals.old_orders - replay->totals.announced);
    append_count(text, "old_orders", replay->totals.old_orders);
    append_count(text, "announced", replay->totals.announced);
    append_count(text, "duplicate_id", a.duplicate_id);
    append_count(text, "over_executed", a.over_executed);
    append_count(text, "over_reduced", a.over_reduced);
    append_count(text, "bad_price", a.bad_price);
    append_count(text, "bad_quantity", a.bad_quantity);
    append_count(text, "bad_id", a.bad_id);
    append_count(text, "bad_side", a.bad_side);
    append_count(text, "bad_symbol", a.bad_symbol);
    append_count(text, "bad_kind", a.bad_kind);
    append_count(text, "unknown_level", a.unknown_level);
    append_count(text, "locked", replay->totals.locked);
    append_count(text, "crossed", replay->totals.crossed);
    append_count(text, "feed_faults", replay->totals.gap_warnings);
    tw_text_append_char(text, '}');
}

static void append_sync(tw_text *text, const book_replay *replay) {
    if (replay->sync == NULL)
        return;
    tw_book_sync_counts c;
    tw_book_sync_counts_of(replay->sync, TW_SYMBOL_NONE, &c);
    tw_text_append_string(text, ",\"sync\":{");
    append_count(text, "snapshots", c.snapshots);
    append_count(text, "applied", c.applied);
    append_count(text, "old", c.old);
    append_count(text, "checksums", c.checksums);
    append_count(text, "mismatches", c.mismatches);
    append_count(text, "gaps", c.gaps);
    append_count(text, "duplicates", c.duplicates);
    append_count(text, "late", c.late);
    append_count(text, "disorders", c.disorders);
    append_count(text, "early", c.early);
    append_count(text, "crossed", c.crossed);
    tw_text_append_char(text, '}');
}

static void append_gaps(tw_text *text, const book_replay *replay) {
    if (replay->config.format != TW_TAPE_ITCH)
        return;
    tw_tape_gaps gaps = tw_tape_gaps_of(replay->tape);
    tw_text_append_string(text, ",\"capture\":{");
    append_count(text, "packets", gaps.packet_count);
    append_count(text, "gaps", gaps.gap_count);
    append_count(text, "missing", gaps.missing_count);
    append_count(text, "late", gaps.late_count);
    append_count(text, "duplicates", gaps.duplicate_count);
    append_count(text, "fragments", gaps.fragment_count);
    append_count(text, "other_packets", gaps.other_count);
    append_count(text, "cut_packets", gaps.cut_count);
    append_count(text, "unnamed", gaps.unnamed_count);
    tw_text_append_format(text, ",\"ended\":%s", gaps.ended ? "true" : "false");
    append_count(text, "other_symbols", gaps.passed_count);
    tw_text_append_char(text, '}');
}

/* The only symbol with a book, or none. */
static bool find_only(const book_replay *replay, symbol_end *ret_end) {
    uint32_t found = 0;
    uint32_t symbol_count = tw_symbols_count(replay->symbols);
    for (tw_symbol symbol = 0; symbol < symbol_count; symbol++) {
        symbol_end end;
        if (read_end(replay, symbol, &end) && found++ == 0)
            *ret_end = end;
    }
    return found == 1;
}

static void append_totals(tw_text *text, const book_replay *replay) {
    const book_totals *t = &replay->totals;
    symbol_end only = {0};
    tw_book_usage usage;
    tw_book_usage_of(replay->book, &usage);
    if (!find_only(replay, &only))
        only = (symbol_end){0};
    append_count(text, "messages", t->messages);
    append_count(text, "adds", t->adds);
    append_count(text, "cancels", t->cancels);
    append_count(text, "deletes", t->deletes);
    append_count(text, "replaces", t->replaces);
    append_count(text, "executions", t->executions);
    append_count(text, "hidden", t->hidden);
    append_count(text, "halts", t->halts);
    append_count(text, "clears", t->clears);
    append_count(text, "snapshots", t->snapshots);
    append_count(text, "changes", t->changes);
    append_count(text, "quotes", t->quotes);
    append_count(text, "trades", t->trades);
    append_count(text, "others", t->others);
    append_best(text, "best_bid", only.best.bid_price, only.best.bid_size);
    append_best(text, "best_ask", only.best.ask_price, only.best.ask_size);
    append_count(text, "orders", usage.order_count);
    append_count(text, "levels", usage.level_count);
    tw_text_append_string(text, ",\"ns_per_message\":");
    tw_text_append_double(text, t->messages > 0 ? t->seconds * 1e9 / (double)t->messages : 0.0);
    tw_text_append_format(text, ",\"first_ns\":%" PRId64 ",\"last_ns\":%" PRId64, t->first_ns,
                          t->last_ns);
}

/* Whether the whole file was replayed, and if not, why. */
static void append_fault(tw_text *text, const tw_error *fault) {
    tw_text_append_format(text, ",\"complete\":%s,\"error\":", fault == NULL ? "true" : "false");
    if (fault == NULL)
        tw_text_append_string(text, "null");
    else
        tw_text_append_json(text, tw_slice_of(fault->message));
}

static tw_status write_symbols(const book_replay *replay, output_file *out, tw_error *error) {
    tw_status status = output_file_write(out, tw_slice_of(",\n \"symbols\":["), error);
    uint32_t symbol_count = tw_symbols_count(replay->symbols);
    bool first = true;
    for (tw_symbol symbol = 0; symbol < symbol_count && status == TW_OK; symbol++) {
        char memory[JSON_SIZE];
        tw_text text = tw_text_over(memory, sizeof memory);
        symbol_end end;
        if (!read_end(replay, symbol, &end))
            continue;
        tw_text_append_string(&text, first ? "\n  {\"symbol\":" : ",\n  {\"symbol\":");
        tw_text_append_json(&text, tw_slice_of(end.name));
        append_best(&text, "best_bid", end.best.bid_price, end.best.bid_size);
        append_best(&text, "bid_size", (tw_price){end.best.bid_size.nano}, end.best.bid_size);
        append_best(&text, "best_ask", end.best.ask_price, end.best.ask_size);
        append_best(&text, "ask_size", (tw_price){end.best.ask_size.nano}, end.best.ask_size);
        append_count(&text, "bid_levels", end.counts.bid_level_count);
        append_count(&text, "ask_levels", end.counts.ask_level_count);
        append_count(&text, "orders", order_count_of(&end));
        if (end.state != NULL)
            tw_text_append_format(&text, ",\"state\":\"%s\"", end.state);
        tw_text_append_char(&text, '}');
        TW_ASSERT(!text.truncated);
        status = output_file_write(out, tw_text_slice(&text), error);
        first = false;
    }
    return status == TW_OK ? output_file_write(out, tw_slice_of("]}\n"), error) : status;
}

tw_status book_report_json(const book_replay *replay, const tw_error *fault, tw_error *error) {
    char memory[JSON_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_char(&text, '{');
    append_totals(&text, replay);
    append_fault(&text, fault);
    append_anomalies(&text, replay);
    append_sync(&text, replay);
    append_gaps(&text, replay);
    TW_ASSERT(!text.truncated);
    output_file out;
    tw_status status = output_file_open(&out, "-", error);
    if (status == TW_OK)
        status = output_file_write(&out, tw_text_slice(&text), error);
    if (status == TW_OK)
        status = write_symbols(replay, &out, error);
    return status == TW_OK ? output_file_finish(&out, error) : status;
}
