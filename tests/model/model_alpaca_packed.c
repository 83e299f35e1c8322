/*
 * model_alpaca_packed.c - frames of MessagePack through the flat reader beside the visitor alone.
 *
 * Frames are made up from every form of every value, in any order, and half of them are damaged
 * afterwards. Both ways must hand out the same records and fail with the same sentence at the same
 * place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alpaca_sides.h"
#include "json.h"

#define CASE_COUNT 40000

typedef struct scene {
    tw_random random;
    char buffer[DOCUMENT_SIZE];
    tw_text text;
    unsigned odd; /* one value in so many is strange; 0: none is */
} scene;

static unsigned below(scene *s, unsigned bound) {
    return (unsigned)tw_random_below(&s->random, bound);
}

static bool strange(scene *s) {
    return s->odd != 0 && below(s, s->odd) == 0;
}

/* The same where the rest of the frame is mostly plain. */
static bool rare(scene *s) {
    return s->odd != 0 && below(s, 60) == 0;
}

static void put_bytes(scene *s, unsigned first, uint64_t bits, unsigned width) {
    tw_text_append_char(&s->text, (char)first);
    for (unsigned i = width; i-- > 0;)
        tw_text_append_char(&s->text, (char)(bits >> 8 * i & 0xFF));
}

static void put_string(scene *s, const char *string) {
    size_t size = strlen(string);
    unsigned wide = strange(s) ? 1 + below(s, 3) : 0;
    if (wide == 0) {
        tw_msgpack_put_string(&s->text, tw_slice_of(string));
        return;
    }
    put_bytes(s, 0xD8 + wide, size, 1u << (wide - 1));
    tw_text_append(&s->text, tw_slice_of(string));
}

static void put_integer(scene *s, uint64_t value) {
    if (value < 128 && !strange(s))
        put_bytes(s, (unsigned)value, 0, 0);
    else if (value <= UINT16_MAX && !strange(s))
        put_bytes(s, 0xCD, value, 2);
    else if (value <= UINT32_MAX && !strange(s))
        put_bytes(s, 0xCE, value, 4);
    else
        put_bytes(s, 0xCF, value, 8);
}

static void put_double(scene *s, double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put_bytes(s, 0xCB, bits, 8);
}

static void put_anything(scene *s) {
    static const struct {
        const char *bytes;
        size_t size;
    } values[] = {
        {"\xC0", 1},
        {"\xC1", 1},
        {"\xC2", 1},
        {"\xC3", 1},
        {"\xFF", 1},
        {"\xE0", 1},
        {"\xD0\x80", 2},
        {"\xD1\x80\x00", 3},
        {"\xD3\x00\x00\x00\x00\x00\x00\x00\x07", 9},
        {"\xCA\x42\xFD\x19\x9A", 5},
        {"\xCA\x7F\xC0\x00\x00", 5},
        {"\xCB\x7F\xF0\x00\x00\x00\x00\x00\x00", 9},
        {"\xCB\x7F\xF8\x00\x00\x00\x00\x00\x01", 9},
        {"\xCB\x3F\xD3\x33\x33\x33\x33\x33\x34", 9},
        {"\xCB\x42\x37\x48\x76\xE8\x00\x00\x00", 9},
        {"\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9},
        {"\xCC\x05", 2},
        {"\xCB\x40", 2},
        {"\xA0", 1},
        {"\xA1", 1},
        {"\xA4"
         "12.5",
         5},
        {"\xC4\x01V", 3},
        {"\xD9\x02VX", 4},
        {"\xDA\x00\x01V", 4},
        {"\xDB\x00\x00\x00\x01V", 6},
        {"\xDB\xFF\xFF\xFF\xFF", 5},
        {"\x90", 1},
        {"\x80", 1},
        {"\x92\xA1@\xC0", 4},
        {"\x91\x05", 2},
        {"\xDC\x00\x01\xA1I", 5},
        {"\xDD\xFF\xFF\xFF\xFF", 5},
        {"\xDF\x00\x00\x00\x00", 5},
        {"\x81\xA1p\x01", 4},
        {"\xD4\x01\x01", 3},
        {"\xD6\xFF\x65\x94\x00\x00", 6},
        {"\xD6\xFE\x65\x94\x00\x00", 6},
        {"\xD7\xFF\xFF\xFF\xFF\xFF\x65\x94\x00\x00", 10},
        {"\xC7\x08\xFF\x00\x00\x00\x00\x65\x94\x00\x00", 11},
        {"\xC7\x0C\xFF\x00\x00\x00\x05\x00\x00\x00\x00\x65\x94\x00\x00", 15},
        {"\xC7\x0C\xFF\x00\x00\x00\x05\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF0", 15},
        {"\xC7\x0C\xFF\x00\x00\x00\x05\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xF0", 15},
        {"\xB4"
         "2024-01-02T14:30:00Z",
         21},
        {"\xB4"
         "2024-01-02T24:30:00Z",
         21},
        {"", 0},
    };
    unsigned i = below(s, sizeof values / sizeof values[0]);
    tw_text_append(&s->text, (tw_slice){values[i].bytes, values[i].size});
}

static void put_number(scene *s) {
    static const double powers[] = {1, 1e2, 1e3, 1e4, 1e6, 1e9, 1e12};
    uint64_t bits = tw_random_next(&s->random);
    if (strange(s))
        put_anything(s);
    else if (below(s, 3) == 0)
        put_integer(s, bits >> (32 + below(s, 32)));
    else
        put_double(s, (below(s, 9) == 0 ? -1 : 1) * (double)(bits >> (15 + below(s, 40))) /
                          powers[below(s, 7)]);
}

static void put_time(scene *s) {
    uint64_t second = 1704153600 + below(s, 1000000), nanosecond = below(s, 1000000000);
    if (strange(s))
        put_anything(s);
    else if (below(s, 4) > 0) {
        put_bytes(s, 0xD7, 0xFF, 1);
        for (unsigned i = 8; i-- > 0;)
            tw_text_append_char(&s->text, (char)((nanosecond << 34 | second) >> 8 * i & 0xFF));
    } else {
        char buffer[TW_TIME_TEXT_SIZE];
        tw_time_format((int64_t)(second * 1000000000 + nanosecond), -1, buffer);
        put_string(s, buffer);
    }
}

static void put_code(scene *s) {
    static const char *const codes[] = {"V", "Q", "", "VX", "canceled", "B", "S", " "};
    if (strange(s))
        put_anything(s);
    else
        put_string(s, codes[below(s, 8)]);
}

static void put_conditions(scene *s) {
    if (strange(s)) {
        put_anything(s);
        return;
    }
    unsigned count = below(s, 7);
    if (strange(s))
        put_bytes(s, 0xDC, count, 2);
    else
        tw_msgpack_put_array(&s->text, count);
    for (unsigned i = 0; i < count; i++)
        put_code(s);
}

static void put_symbol(scene *s) {
    static const char *const names[] = {"AAPL", "MSFT", "BRK.B", "BTC/USD", "AAPL240119C00100000",
                                        "SPY",  "QQQ",  "A B",   ""};
    if (rare(s))
        tw_text_append(&s->text, (tw_slice){"\xA2"
                                            "A\0",
                                            3});
    else
        put_string(s, names[below(s, strange(s) ? 9 : 7)]);
}

static void put_value(scene *s, const char *key) {
    if (key[0] == '\0')
        put_anything(s);
    else if (strcmp(key, "t") == 0)
        put_time(s);
    else if (strcmp(key, "S") == 0)
        put_symbol(s);
    else if (strcmp(key, "i") == 0 || strcmp(key, "n") == 0)
        strange(s) ? put_anything(s) : put_integer(s, tw_random_next(&s->random) >> below(s, 64));
    else if (strchr("xzu", key[0]) != NULL || key[1] == 'x' || strcmp(key, "tks") == 0)
        put_code(s);
    else if (strcmp(key, "c[]") == 0)
        put_conditions(s);
    else
        put_number(s);
}

static void put_field(scene *s, const char *key) {
    static const char *const others[] = {"foo", "T", "S", "", "msg", "code", "a", "b", "o", "vw"};
    bool other = rare(s);
    if (other)
        key = others[below(s, sizeof others / sizeof others[0])];
    if (strange(s) && below(s, 4) == 0)
        put_anything(s);
    else
        put_string(s, strcmp(key, "c[]") == 0 ? "c" : key);
    if (other && below(s, 2) == 0)
        put_anything(s);
    else
        put_value(s, key);
}

static void put_message(scene *s) {
    static const char types[] = {'t', 'q', 'b', 'u', 'd', 's', 'o'};
    static const char *const keys_of[][10] = {
        {"S", "i", "x", "p", "s", "c[]", "t", "z", "tks", "u"},
        {"S", "bx", "bp", "bs", "ax", "ap", "as", "c[]", "t", "z"},
        {"S", "o", "h", "l", "c", "v", "t", "n", "vw", NULL},
    };
    unsigned type = below(s, strange(s) ? 7 : 5);
    const char *const *keys = keys_of[type < 2 ? type : 2];
    const char *order[11];
    unsigned count = 0;
    for (unsigned i = 0; i < 10 && keys[i] != NULL; i++)
        if (!strange(s))
            order[count++] = keys[i];
    if (rare(s) && count > 1)
        order[1] = order[below(s, count)];
    char name[2] = {types[type], '\0'};
    if (strange(s))
        put_bytes(s, 0xDE, count + below(s, 3), 2);
    else
        tw_msgpack_put_map(&s->text, count + 1);
    put_string(s, "T");
    put_string(s, name);
    unsigned first = strange(s) && count > 0 ? below(s, count) : 0;
    for (unsigned i = 0; i < count; i++)
        put_field(s, order[(first + i) % count]);
}

static void make_frame(scene *s) {
    if (below(s, 8) == 0) {
        put_message(s);
        return;
    }
    unsigned count = below(s, 6);
    if (strange(s))
        put_bytes(s, 0xDD, count + below(s, 2), 4);
    else
        tw_msgpack_put_array(&s->text, count);
    for (unsigned i = 0; i < count; i++)
        put_message(s);
}

static void one_case(scene *s, side sides[2], unsigned *refused, unsigned *events_seen) {
    static const char marks[] =
        "\x00\x01\x80\x90\xA1\xA2\xC0\xC1\xC7\xCA\xCB\xCF\xD6\xD7\xDC\xDF\xFF";
    bool forgiving = below(s, 2) == 0;
    tw_text_clear(&s->text);
    s->odd = below(s, 3) == 0 ? 0 : 6u << below(s, 8);
    make_frame(s);
    assert_false(s->text.truncated);
    size_t size = s->text.size;
    for (unsigned i = below(s, 2) * (1 + below(s, 3)); i > 0 && size > 0; i--)
        size = damage(&s->random, (tw_slice){marks, sizeof marks}, s->buffer, size);
    for (int i = 0; i < 2; i++) {
        reset(&sides[i]);
        tw_alpaca_events events = events_into(&sides[i], forgiving);
        sides[i].status = tw_alpaca_decode_stream_msgpack(
            sides[i].reader, (tw_slice){s->buffer, size}, &events, &sides[i].error);
    }
    if (!is_same(&sides[0], &sides[1], true)) {
        for (size_t i = 0; i < size; i++)
            print_message("%02X ", (unsigned)(unsigned char)s->buffer[i]);
        fail_msg("%s and %u records flat, %s and %u visited: %s | %s",
                 tw_status_name(sides[0].status), sides[0].count, tw_status_name(sides[1].status),
                 sides[1].count, sides[0].error.message, sides[1].error.message);
    }
    *refused += sides[1].status != TW_OK;
    *events_seen += sides[1].count;
}

static void both_ways_read_the_same(void **state) {
    (void)state;
    static scene s;
    static side sides[2];
    unsigned refused = 0, events_seen = 0;
    s.text = tw_text_over(s.buffer, sizeof s.buffer - 8);
    for (unsigned i = 0; i < 3 * CASE_COUNT; i++) {
        if (i % CASE_COUNT == 0)
            tw_random_init(&s.random, 1 + i / CASE_COUNT, 2);
        if (i % 50 == 0) { /* a table of symbols that is full stays so: begin anew */
            begin_side(&sides[0], false);
            begin_side(&sides[1], true);
        }
        one_case(&s, sides, &refused, &events_seen);
        if (i % 50 == 49) {
            end_side(&sides[0]);
            end_side(&sides[1]);
        }
    }
    print_message("%u refused of %u, %u events\n", refused, 3 * CASE_COUNT, events_seen);
    assert_true(refused > CASE_COUNT / 4 && events_seen > CASE_COUNT);
}

static void an_input_of_nothing_is_refused(void **state) {
    (void)state;
    side s;
    begin_side(&s, false);
    tw_alpaca_events events = events_into(&s, false);
    assert_int_equal(tw_alpaca_decode_stream_msgpack(s.reader, (tw_slice){NULL, 0}, &events, NULL),
                     TW_PARSE);
    end_side(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_read_the_same),
        cmocka_unit_test(an_input_of_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
