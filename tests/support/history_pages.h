/*
 * history_pages.h - pages of market data as the bytes of their records, for tests that compare one
 * way of asking with another.
 *
 * Records are flat objects, so that a record ends at its first closing brace.
 */
#ifndef TRADEWIND_TESTS_HISTORY_PAGES_H
#define TRADEWIND_TESTS_HISTORY_PAGES_H

#include "exchange_world.h"

#define RECORD_COUNT_MAX 40000

/* "AAPL{...}" one after the other. */
typedef struct record_list {
    char *bytes;
    size_t size;
    char *records[RECORD_COUNT_MAX];
    uint32_t count;
    uint32_t pages;
} record_list;

static inline void records_clear(record_list *list) {
    if (list->bytes == NULL)
        list->bytes = malloc(BODY_SIZE_MAX);
    assert_non_null(list->bytes);
    list->size = 0;
    list->count = 0;
    list->pages = 0;
}

/* Takes the records of a body like {"bars":{"AAPL":[{...},{...}],...}... or {"bars":[{...}... */
static inline void records_take(record_list *list, const char *body) {
    char symbol[64] = "";
    const char *at = strchr(body, ':') + 1;
    bool single = *at == '[';
    for (at++; *at != '}' && *at != ']';) {
        if (!single && *at == '"') {
            snprintf(symbol, sizeof symbol, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
            at = strchr(at, '[') + 1;
        } else if (*at == '{') {
            size_t size = strcspn(at, "}") + 1;
            assert_true(list->count < RECORD_COUNT_MAX);
            assert_true(list->size + size + sizeof symbol < BODY_SIZE_MAX);
            list->records[list->count++] = list->bytes + list->size;
            list->size +=
                (size_t)sprintf(list->bytes + list->size, "%s%.*s", symbol, (int)size, at) + 1;
            at += size;
            if (!single && *at == ']')
                at++;
        } else {
            at++;
        }
    }
}

/* The escaped token of an answer; empty without one. */
static inline void token_of(const char *body, char *token, size_t capacity) {
    static const char key[] = "\"next_page_token\":\"";
    const char *at = strstr(body, key);
    size_t size = 0;
    token[0] = '\0';
    if (at == NULL)
        return;
    for (at += sizeof key - 1; *at != '"'; at++) {
        bool plain = *at != '+' && *at != '/' && *at != '=';
        size += (size_t)snprintf(token + size, capacity - size, plain ? "%c" : "%%%02X", *at);
    }
}

/* Reads all pages of a query, which has a "?". */
static inline void records_read(record_list *list, const char *query) {
    char token[512] = "";
    records_clear(list);
    do {
        char path[2048];
        snprintf(path, sizeof path, "%s%s%s", query, token[0] == '\0' ? "" : "&page_token=", token);
        records_take(list, get(path));
        token_of(w.body, token, sizeof token);
        list->pages++;
        assert_true(list->pages < 20000);
    } while (token[0] != '\0');
}

/* What follows "key": in a record, as it is written. */
static inline int64_t record_number(const char *record, const char *key) {
    char name[16];
    int64_t nano = 0;
    snprintf(name, sizeof name, "\"%s\":", key);
    const char *at = strstr(record, name);
    if (at == NULL)
        fail_msg("no %s in %s", key, record);
    at += strlen(name);
    assert_int_equal(tw_decimal_parse((tw_slice){at, strcspn(at, ",}")}, &nano), TW_OK);
    return nano;
}

static inline int64_t record_time(const char *record) {
    int64_t time_ns = 0;
    const char *at = strstr(record, "\"t\":\"");
    assert_non_null(at);
    at += 5;
    assert_int_equal(tw_time_parse((tw_slice){at, strcspn(at, "\"")}, &time_ns), TW_OK);
    return time_ns;
}

/* ---- a bar the obvious way ---- */

typedef struct made_bar {
    int64_t open, high, low, close, volume;
    double turnover;
    int64_t count;
} made_bar;

static inline void add_trade(made_bar *bar, const char *record) {
    int64_t price = record_number(record, "p");
    int64_t size = record_number(record, "s");
    if (bar->count == 0)
        *bar = (made_bar){.open = price, .high = price, .low = price};
    bar->high = price > bar->high ? price : bar->high;
    bar->low = price < bar->low ? price : bar->low;
    bar->close = price;
    bar->volume += size;
    bar->turnover += (double)price * (double)size;
    bar->count++;
}

static inline void assert_bar(const char *record, const made_bar *bar) {
    assert_int_equal(record_number(record, "o"), bar->open);
    assert_int_equal(record_number(record, "h"), bar->high);
    assert_int_equal(record_number(record, "l"), bar->low);
    assert_int_equal(record_number(record, "c"), bar->close);
    assert_int_equal(record_number(record, "v"), bar->volume);
    assert_int_equal(record_number(record, "n"), bar->count * TW_NANO);
    double vwap = (double)record_number(record, "vw");
    assert_true(llabs((int64_t)(vwap - bar->turnover / (double)bar->volume)) < 10);
}

#endif
