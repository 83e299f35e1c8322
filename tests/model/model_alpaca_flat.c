/*
 * model_alpaca_flat.c - pages and frames through the flat reader beside the visitor alone.
 *
 * Documents are made up from plain and from strange forms of every value, in any order, with any
 * blanks, and half of them are damaged afterwards. Both ways must hand out the same records, say
 * the same of what is beside them, and fail with the same sentence at the same place. Only input
 * that the visitor's parser refuses before it hands out anything (a string without an end, bytes
 * that are no UTF-8) may have been handed out up to its fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alpaca_sides.h"

#define CASE_COUNT 30000

typedef struct scene {
    tw_random random;
    char buffer[DOCUMENT_SIZE];
    tw_text text;
    unsigned blanks; /* 0: none, 1: one behind ":" and ",", 2: anywhere */
    unsigned odd;    /* one value in so many is strange; 0: none is */
} scene;

/* ---- documents ---- */

static unsigned below(scene *s, unsigned bound) {
    return (unsigned)tw_random_below(&s->random, bound);
}

static bool strange(scene *s) {
    return s->odd != 0 && below(s, s->odd) == 0;
}

static void put(scene *s, const char *string) {
    tw_text_append_string(&s->text, string);
}

static void put_blank(scene *s, bool behind) {
    static const char *const blanks[] = {"", " ", "\n", "\t ", "\r\n", ""};
    if (s->blanks == 1 && behind)
        put(s, " ");
    if (s->blanks == 2)
        put(s, blanks[below(s, 6)]);
}

/* A structural character with blanks around it. */
static void put_mark(scene *s, const char *mark) {
    put_blank(s, false);
    put(s, mark);
    put_blank(s, mark[0] == ':' || mark[0] == ',');
}

static void put_digits(scene *s, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        tw_text_append_char(&s->text, (char)('0' + below(s, 10)));
}

static void put_anything(scene *s) {
    static const char *const values[] = {"null",
                                         "true",
                                         "false",
                                         "nul",
                                         "tru",
                                         "0",
                                         "-0",
                                         "01",
                                         "-",
                                         "1.",
                                         ".5",
                                         "1e3",
                                         "1.5E-3",
                                         "1e",
                                         "2e+2",
                                         "9223372036.854775807",
                                         "9223372036.854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "0.0000000005",
                                         "0.00000000050000001",
                                         "12345678.12345678",
                                         "123456789.123456789",
                                         "1e400",
                                         "\"\"",
                                         "\"12.5\"",
                                         "\"x",
                                         "\"\\u0041\"",
                                         "\"a\\\"b\"",
                                         "\"\xC3\xA9\"",
                                         "\"\xC3\"",
                                         "\"a\tb\"",
                                         "[]",
                                         "{}",
                                         "[1,2]",
                                         "[\"@\",\"\",\"long\",null]",
                                         "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]",
                                         "{\"a\":[{\"b\":1}]}",
                                         "[\"a\" \"b\"]",
                                         "-1",
                                         "\"2024-02-30T14:30:00Z\"",
                                         "\"2024-01-02T24:30:00Z\"",
                                         "\"2024-01-02T14:60:00Z\"",
                                         "\"2024-01-02t14:30:00z\"",
                                         "\"2024-01-02 14:30:00Z\"",
                                         "\"2024-01-02\"",
                                         "\"2024-01-02T14:30:00+05:30\"",
                                         "\"2024-01-02T14:30:00.Z\"",
                                         "\"2024-01-02T14;30:00Z\"",
                                         "\"2024-01-02T14:30:00.1234567890Z\"",
                                         "\"1969-12-31T23:59:59.5Z\"",
                                         "\"2262-04-11T23:47:16.854775807Z\"",
                                         "\"2262-04-11T23:47:17Z\"",
                                         "\"2262-04-11T01:00:00Z\"",
                                         "\"2024-01-02T14:30:00\"",
                                         "\"2024-01-02T14:3x:00Z\"",
                                         ""};
    put(s, values[below(s, sizeof values / sizeof values[0])]);
}

static void put_number(scene *s) {
    if (strange(s)) {
        put_anything(s);
        return;
    }
    if (below(s, 12) == 0)
        put(s, "-");
    unsigned whole = 1 + below(s, below(s, 4) == 0 ? 11 : 5);
    tw_text_append_char(&s->text, (char)('1' + below(s, 9)));
    put_digits(s, whole - 1);
    if (below(s, 4) == 0)
        return;
    put(s, ".");
    put_digits(s, 1 + below(s, below(s, 4) == 0 ? 14 : 4));
    if (below(s, 20) == 0)
        put(s, below(s, 2) == 0 ? "e-2" : "E2");
}

static void put_integer(scene *s) {
    if (strange(s)) {
        put_anything(s);
        return;
    }
    tw_text_append_char(&s->text, (char)('1' + below(s, 9)));
    put_digits(s, below(s, 18));
}

static void put_time(scene *s) {
    if (strange(s)) {
        put_anything(s);
        return;
    }
    static const char *const days[] = {"2024-01-02T", "2024-01-03T", "2023-12-29T",
                                       "1999-11-02T", "1969-12-31T", "2262-04-11T"};
    unsigned day = s->odd == 0 || below(s, 20) > 0 ? below(s, 10) / 3 : 4 + below(s, 2);
    tw_text_append_format(&s->text, "\"%s%02u:%02u:%02u", days[day], day == 5 ? 23 : below(s, 24),
                          below(s, 60), below(s, 60));
    if (below(s, 2) == 0) {
        put(s, ".");
        put_digits(s, 1 + below(s, 9));
    }
    put(s, "Z\"");
}

static void put_code(scene *s) {
    static const char *const codes[] = {"\"V\"", "\"Q\"", "\"\"",  "\"VX\"", "\"canceled\"",
                                        "\"B\"", "\"S\"", "\" \"", "\"C\"",  "\"corrected\""};
    if (strange(s))
        put_anything(s);
    else
        put(s, codes[below(s, 10)]);
}

static void put_conditions(scene *s) {
    if (strange(s)) {
        put_anything(s);
        return;
    }
    put_mark(s, "[");
    for (unsigned i = 0, count = below(s, 7); i < count; i++) {
        if (i > 0)
            put_mark(s, ",");
        put_code(s);
    }
    put_blank(s, false);
    put(s, "]");
}

static void put_symbol(scene *s) {
    static const char *const names[] = {"AAPL",
                                        "MSFT",
                                        "A",
                                        "BRK.B",
                                        "BTC/USD",
                                        "AAPL240119C00100000",
                                        "SEVENSS",
                                        "EIGHTSSS",
                                        "lower",
                                        "THE_LONGEST_NAME_THAT_IS_A_NAME",
                                        "AAPL",
                                        "MSFT",
                                        "SPY",
                                        "QQQ",
                                        "A_NAME_THAT_IS_LONGER_THAN_ANY_NAME",
                                        "A B",
                                        "",
                                        "\\u0041"};
    tw_text_append_format(&s->text, "\"%s\"", names[below(s, strange(s) ? 18 : 14)]);
}

static void put_key_value(scene *s, const char *key) {
    put(s, "\"");
    put(s, key);
    put(s, "\"");
    put_mark(s, ":");
    if (key[0] == '\0')
        put_anything(s);
    else if (strcmp(key, "t") == 0)
        put_time(s);
    else if (strcmp(key, "S") == 0)
        put_symbol(s);
    else if (strchr("in", key[0]) != NULL && key[1] == '\0')
        put_integer(s);
    else if (strchr("xzu", key[0]) != NULL || key[1] == 'x' || strcmp(key, "tks") == 0)
        put_code(s);
    else if (strcmp(key, "c[]") == 0 || strcmp(key, "a") == 0)
        put_conditions(s);
    else
        put_number(s);
    put_blank(s, false);
}

static const char *const keys_of[FLAT_KIND_COUNT][10] = {
    [FLAT_TRADES] = {"t", "x", "p", "s", "c[]", "i", "z", "tks", "u", NULL},
    [FLAT_QUOTES] = {"t", "bx", "bp", "bs", "ax", "ap", "as", "c[]", "z", NULL},
    [FLAT_BARS] = {"t", "o", "h", "l", "c", "v", "n", "vw", NULL, NULL},
};

static void put_field(scene *s, const char *key) {
    static const char *const others[] = {"foo", "T", "S", "", "\\u0074", "msg", "code", "a", "t "};
    if (strange(s))
        key = others[below(s, sizeof others / sizeof others[0])];
    if (strcmp(key, "c[]") != 0) {
        put_key_value(s, key);
        return;
    }
    put(s, "\"c\"");
    put_mark(s, ":");
    put_conditions(s);
    put_blank(s, false);
}

/* The fields of a record, in the venue's order or any other; some missing, some twice. */
static void put_fields(scene *s, flat_kind kind, const char *symbol, bool first) {
    const char *keys[12];
    unsigned count = 0;
    for (unsigned i = 0; i < 10 && keys_of[kind][i] != NULL; i++)
        if (!strange(s))
            keys[count++] = keys_of[kind][i];
    if (symbol != NULL)
        keys[count++] = symbol;
    if (strange(s) && count > 0)
        keys[0] = keys[below(s, count)];
    for (unsigned i = 0; s->odd != 0 && i + 1 < count; i++) {
        unsigned other = below(s, 4) == 0 ? i + below(s, count - i) : i;
        const char *kept = keys[i];
        keys[i] = keys[other];
        keys[other] = kept;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!first)
            put_mark(s, ",");
        first = false;
        put_field(s, keys[i]);
    }
}

static void put_record(scene *s, flat_kind kind) {
    if (strange(s)) {
        put_anything(s);
        return;
    }
    put_mark(s, "{");
    put_fields(s, kind, NULL, true);
    put(s, "}");
    put_blank(s, false);
}

static void put_records(scene *s, flat_kind kind) {
    put_mark(s, "[");
    for (unsigned i = 0, count = below(s, 5); i < count; i++) {
        if (i > 0)
            put_mark(s, ",");
        put_record(s, kind);
    }
    put(s, "]");
}

static void put_page_end(scene *s) {
    static const char *const ends[] = {"\"next_page_token\":null",
                                       "\"next_page_token\":\"QUFQTHxN\"",
                                       "\"symbol\":\"AAPL\"",
                                       "\"currency\":\"USD\"",
                                       "\"next_page_token\":17",
                                       "\"next_page_token\":\"a\\nb\"",
                                       "\"x\":[1]",
                                       "\"symbol\":null"};
    for (unsigned i = 0, count = below(s, 3); i < count; i++) {
        put_mark(s, ",");
        put(s, ends[below(s, strange(s) ? 8 : 4)]);
        put_blank(s, false);
    }
}

static void make_page(scene *s) {
    static const char *const names[FLAT_KIND_COUNT] = {"trade", "quote", "bar"};
    flat_kind kind = (flat_kind)below(s, FLAT_KIND_COUNT);
    unsigned form = below(s, 4); /* by symbol, latest by symbol, a list, one */
    put_mark(s, "{");
    tw_text_append_format(&s->text, "\"%s%s\"", names[kind], form == 3 ? "" : "s");
    put_mark(s, ":");
    if (form == 2)
        put_records(s, kind);
    if (form == 3)
        put_record(s, kind);
    if (form < 2) {
        put_mark(s, "{");
        for (unsigned i = 0, count = below(s, 4); i < count; i++) {
            if (i > 0)
                put_mark(s, ",");
            put_symbol(s);
            put_mark(s, ":");
            form == 0 ? put_records(s, kind) : put_record(s, kind);
            put_blank(s, false);
        }
        put(s, "}");
    }
    put_page_end(s);
    put_mark(s, "}");
}

static void put_message(scene *s) {
    static const char *const others[] = {
        "{\"T\":\"success\",\"msg\":\"connected\"}",
        "{\"T\":\"error\",\"code\":402,\"msg\":\"auth failed\"}",
        "{\"T\":\"subscription\",\"trades\":[\"AAPL\"],\"bars\":[]}",
        "{\"T\":\"o\",\"S\":\"A\",\"b\":[{\"p\":1,\"s\":2}],\"a\":[]}",
        "{\"T\":\"s\",\"S\":\"A\",\"sc\":\"H\",\"t\":\"2024-01-02T14:30:00Z\"}",
        "{\"T\":\"zz\"}",
        "{\"S\":\"A\",\"T\":\"t\",\"p\":1.5}",
        "{}",
        "5"};
    static const char *const types[] = {"t", "q", "b", "u", "d"};
    static const flat_kind kinds[] = {FLAT_TRADES, FLAT_QUOTES, FLAT_BARS, FLAT_BARS, FLAT_BARS};
    if (strange(s)) {
        put(s, others[below(s, sizeof others / sizeof others[0])]);
        return;
    }
    unsigned type = below(s, 5);
    put_mark(s, "{");
    put(s, "\"T\"");
    put_mark(s, ":");
    tw_text_append_format(&s->text, "\"%s\"", types[type]);
    put_blank(s, false);
    put_fields(s, kinds[type], "S", false);
    put(s, "}");
}

static void make_frame(scene *s) {
    if (below(s, 8) == 0) {
        put_message(s);
        return;
    }
    put_mark(s, "[");
    for (unsigned i = 0, count = below(s, 6); i < count; i++) {
        if (i > 0)
            put_mark(s, ",");
        put_message(s);
        put_blank(s, false);
    }
    put_mark(s, "]");
}

/* ---- the comparison ---- */

static void read_page(side *s, tw_slice input) {
    tw_alpaca_events events = events_into(s, false);
    tw_symbol symbol = TW_SYMBOL_NONE;
    tw_alpaca_page_options options = {TW_NS_PER_MINUTE, symbol};
    s->status = tw_alpaca_decode_page(s->reader, input, &options, &events, s->token, &s->error);
}

static void read_frame(side *s, tw_slice input, bool forgiving) {
    tw_alpaca_events events = events_into(s, forgiving);
    s->status = tw_alpaca_decode_stream(s->reader, input, &events, &s->error);
}

typedef struct tally {
    unsigned refused, records;
} tally;

static void one_case(scene *s, side sides[2], tally *count) {
    static const char marks[] = "{}[]\",:\\0-.e \x01\xC3";
    bool page = below(s, 2) == 0, forgiving = below(s, 2) == 0;
    tw_text_clear(&s->text);
    s->blanks = below(s, 4) % 3;
    s->odd = below(s, 3) == 0 ? 0 : 6u << below(s, 8);
    page ? make_page(s) : make_frame(s);
    assert_false(s->text.truncated);
    size_t size = s->text.size;
    for (unsigned i = below(s, 2) * (1 + below(s, 3)); i > 0 && size > 0; i--)
        size = damage(&s->random, (tw_slice){marks, sizeof marks}, s->buffer, size);
    tw_slice input = {s->buffer, size};
    for (int i = 0; i < 2; i++) {
        reset(&sides[i]);
        page ? read_page(&sides[i], input) : read_frame(&sides[i], input, forgiving);
    }
    if (!is_same(&sides[0], &sides[1], false))
        fail_msg("%s and %u records flat, %s and %u visited: %s | %s\n%.*s",
                 tw_status_name(sides[0].status), sides[0].count, tw_status_name(sides[1].status),
                 sides[1].count, sides[0].error.message, sides[1].error.message, (int)size,
                 s->buffer);
    count->refused += sides[1].status != TW_OK;
    count->records += sides[1].count;
}

static void run(uint64_t seed, tally *count) {
    static scene s;
    static side sides[2];
    tw_random_init(&s.random, seed, 1);
    s.text = tw_text_over(s.buffer, sizeof s.buffer - 8);
    for (unsigned i = 0; i < CASE_COUNT; i++) {
        if (i % 50 == 0) { /* a table of symbols that is full stays so: begin anew */
            if (i > 0) {
                end_side(&sides[0]);
                end_side(&sides[1]);
            }
            begin_side(&sides[0], false);
            begin_side(&sides[1], true);
        }
        one_case(&s, sides, count);
    }
    end_side(&sides[0]);
    end_side(&sides[1]);
}

static void both_ways_read_the_same(void **state) {
    (void)state;
    tally count = {0};
    for (uint64_t seed = 1; seed <= 3; seed++)
        run(seed, &count);
    print_message("%u refused of %u, %u events\n", count.refused, 3 * CASE_COUNT, count.records);
    assert_true(count.refused > CASE_COUNT / 4 && count.records > CASE_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_read_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
