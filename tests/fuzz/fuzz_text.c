/*
 * fuzz_text.c - times, spans, decimals, doubles, configuration lines, JSON strings and log values.
 *
 * The first byte chooses the parser, the rest is its text. What is accepted must come back
 * unchanged from its own printed form; what is refused must leave its target alone.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tradewind/config.h"
#include "tradewind/decimal.h"
#include "tradewind/log.h"
#include "tradewind/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_time(tw_slice text) {
    int64_t time_ns = 77;
    int64_t again = 0;
    if (tw_time_parse(text, &time_ns) != TW_OK) {
        TW_ASSERT(time_ns == 77);
        return;
    }
    char buffer[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, -1, buffer);
    tw_status status = tw_time_parse(tw_slice_of(buffer), &again);
    TW_ASSERT(status == TW_OK && again == time_ns);
}

static void try_duration(tw_slice text) {
    int64_t span_ns = -1;
    int64_t again = 0;
    if (tw_duration_parse(text, &span_ns) != TW_OK) {
        TW_ASSERT(span_ns == -1);
        return;
    }
    TW_ASSERT(span_ns >= 0);
    char buffer[TW_TIME_TEXT_SIZE];
    tw_duration_format(span_ns, buffer);
    tw_status status = tw_duration_parse(tw_slice_of(buffer), &again);
    TW_ASSERT(status == TW_OK && again == span_ns);
}

static void try_decimal(tw_slice text) {
    int64_t exact = 77;
    int64_t rounded = 77;
    tw_status exact_status = tw_decimal_parse(text, &exact);
    tw_status rounded_status = tw_decimal_parse_rounded(text, &rounded);
    if (exact_status != TW_OK) {
        TW_ASSERT(exact == 77);
    } else {
        TW_ASSERT(rounded_status == TW_OK && rounded == exact);
    }
    if (rounded_status != TW_OK) {
        TW_ASSERT(rounded == 77);
        return;
    }
    char buffer[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(rounded, buffer);
    tw_status status = tw_decimal_parse(tw_slice_of(buffer), &exact);
    TW_ASSERT(status == TW_OK && exact == rounded);
}

static void try_double(tw_slice text) {
    double value = 77;
    double again = 0;
    if (tw_parse_double(text, &value) != TW_OK) {
        TW_ASSERT(value == 77);
        return;
    }
    TW_ASSERT(isfinite(value));
    char copy[4096];
    if (tw_slice_copy(text, copy, sizeof copy) == TW_OK) {
        double expected = strtod(copy, NULL); /* the C locale is set here */
        TW_ASSERT(memcmp(&value, &expected, sizeof value) == 0);
    }
    char buffer[64];
    tw_text printed = tw_text_over(buffer, sizeof buffer);
    tw_text_append_double(&printed, value);
    tw_status status = tw_parse_double(tw_text_slice(&printed), &again);
    TW_ASSERT(status == TW_OK && memcmp(&value, &again, sizeof value) == 0);
}

typedef struct settings {
    bool boolean;
    int64_t integer;
    double number;
    double percent;
    int64_t decimal;
    int64_t duration;
    int64_t time;
    char text[TW_CONFIG_TEXT_SIZE];
    char secret[TW_CONFIG_TEXT_SIZE];
    int choice;
} settings;

static const tw_config_option options[] = {
    {"boolean", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, NULL, "b", NULL, offsetof(settings, boolean)},
    {"integer", TW_CONFIG_INTEGER, NULL, "-5k", "5M", NULL, "i", NULL, offsetof(settings, integer)},
    {"number", TW_CONFIG_NUMBER, NULL, "-1", NULL, NULL, "n", NULL, offsetof(settings, number)},
    {"percent", TW_CONFIG_PERCENT, NULL, NULL, NULL, NULL, "p", NULL, offsetof(settings, percent)},
    {"decimal", TW_CONFIG_DECIMAL, NULL, NULL, NULL, NULL, "d", NULL, offsetof(settings, decimal)},
    {"duration", TW_CONFIG_DURATION, NULL, NULL, "9w", NULL, "s", NULL,
     offsetof(settings, duration)},
    {"time", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "t", NULL, offsetof(settings, time)},
    {"text", TW_CONFIG_TEXT, NULL, NULL, NULL, NULL, "x", NULL, offsetof(settings, text)},
    {"secret", TW_CONFIG_SECRET, NULL, NULL, NULL, NULL, "x", NULL, offsetof(settings, secret)},
    {"choice", TW_CONFIG_CHOICE, NULL, NULL, NULL, "one", "c", "one|two",
     offsetof(settings, choice)},
};
#define COUNT (sizeof options / sizeof options[0])

/* The first line of the text is a name, the rest its value. */
static void try_setting(tw_slice text) {
    settings target;
    settings before;
    tw_config config;
    memset(&target, 0, sizeof target);
    tw_config_init(&config, options, COUNT, &target);
    memcpy(&before, &target, sizeof target);
    tw_error error = {0};
    tw_slice value = text;
    tw_slice name = tw_slice_split(&value, '\n');
    tw_status status = tw_config_set(&config, name, value, TW_CONFIG_FROM_OPTION, &error);
    if (status != TW_OK) {
        TW_ASSERT(memcmp(&target, &before, sizeof target) == 0);
        TW_ASSERT(error.status == status && error.message[0] != 0);
        return;
    }
    memcpy(&before, &target, sizeof target);
    for (size_t i = 0; i < COUNT; i++) {
        char buffer[TW_CONFIG_TEXT_SIZE];
        tw_text printed = tw_text_over(buffer, sizeof buffer);
        tw_config_format(&config, i, &printed);
        TW_ASSERT(!printed.truncated);
        if (options[i].type == TW_CONFIG_SECRET || !tw_slice_equal_string(name, options[i].name))
            continue;
        status = tw_config_set(&config, name, tw_text_slice(&printed), TW_CONFIG_FROM_FILE, NULL);
        TW_ASSERT(status == TW_OK && memcmp(&target, &before, sizeof target) == 0);
    }
}

/* A whole file; what is wrong with it must have a line. */
static void try_file(tw_slice text) {
    char path[] = "/tmp/tradewind-fuzz-XXXXXX";
    int file = mkstemp(path);
    TW_ASSERT(file >= 0);
    ssize_t written = text.size == 0 ? 0 : write(file, text.data, text.size);
    TW_ASSERT(written == (ssize_t)text.size);
    close(file);
    settings target;
    settings before;
    tw_config config;
    memset(&target, 0, sizeof target);
    tw_config_init(&config, options, COUNT, &target);
    memcpy(&before, &target, sizeof target);
    tw_error error = {0};
    tw_status status = tw_config_read_file(&config, path, NULL, &error);
    if (status != TW_OK) {
        TW_ASSERT(error.line > 0 && error.message[0] != 0);
        TW_ASSERT(memcmp(&target, &before, sizeof target) == 0);
    }
    const char *const sections[] = {"", "one"};
    status = tw_config_check_sections(path, sections, 2, &error);
    TW_ASSERT(status == TW_OK || error.message[0] != 0);
    unlink(path);
}

static void try_writers(tw_slice text) {
    char buffer[512];
    tw_text json = tw_text_over(buffer, sizeof buffer);
    tw_text_append_json(&json, text);
    TW_ASSERT(json.truncated ? json.size == 0 : buffer[json.size - 1] == '"');
    for (size_t i = 0; i < json.size; i++)
        TW_ASSERT((unsigned char)buffer[i] >= 0x20);
    size_t capacity = 8 + text.size % 64;
    tw_log_quote(text, buffer, capacity);
    TW_ASSERT(strlen(buffer) < capacity);
    int64_t integer = 0;
    uint64_t natural = 0;
    if (tw_parse_u64(text, &natural) == TW_OK && natural <= INT64_MAX)
        TW_ASSERT(tw_parse_i64(text, &integer) == TW_OK && (uint64_t)integer == natural);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const tries[])(tw_slice) = {try_time,    try_duration, try_decimal, try_double,
                                              try_setting, try_writers,  try_file};
    if (size == 0)
        return 0;
    /* A copy of exact size, so that a read past its end is seen. */
    char *copy = malloc(size);
    TW_ASSERT(copy != NULL);
    memcpy(copy, data, size);
    tries[data[0] % (sizeof tries / sizeof tries[0])]((tw_slice){copy + 1, size - 1});
    free(copy);
    return 0;
}
