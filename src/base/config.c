/*
 * config.c - configuration from one table a module.
 *
 * Idea: every value, wherever it comes from, goes through tw_config_value_parse into a struct on
 * the stack and is written to the target only when all checks have passed. Files are in
 * config_file.c, the help in config_help.c.
 *
 * Invariants:
 *  1. Every field of the target holds a value that its row permits, from tw_config_init on.
 *  2. Messages never show the text of a secret.
 */
#include "config_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/decimal.h"
#include "tradewind/time.h"

static bool is_text(const tw_config_option *option) {
    return option->type == TW_CONFIG_TEXT || option->type == TW_CONFIG_SECRET;
}

static bool is_number(const tw_config_option *option) {
    return option->type == TW_CONFIG_NUMBER || option->type == TW_CONFIG_PERCENT;
}

/* ---- values ---------------------------------------------------------------------------- */

static bool equal_ignoring_case(tw_slice text, const char *lower) {
    size_t size = strlen(lower);
    if (text.size != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != lower[i])
            return false;
    }
    return true;
}

static tw_status parse_boolean(tw_slice text, int64_t *ret_integer) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (equal_ignoring_case(text, words[i])) {
            *ret_integer = i % 2;
            return TW_OK;
        }
    }
    return TW_PARSE;
}

static tw_status parse_integer(tw_slice text, int64_t *ret_integer) {
    int64_t scale = 1;
    if (text.size > 1) {
        switch (text.data[text.size - 1]) {
        case 'k':
            scale = 1000;
            break;
        case 'M':
            scale = 1000000;
            break;
        case 'G':
            scale = 1000000000;
            break;
        default:
            break;
        }
    }
    if (scale != 1)
        text.size--;
    int64_t integer = 0;
    tw_status status = tw_parse_i64(text, &integer);
    if (status != TW_OK)
        return status;
    return __builtin_mul_overflow(integer, scale, ret_integer) ? TW_RANGE : TW_OK;
}

static tw_status parse_percent(tw_slice text, double *ret_number) {
    bool percent = text.size > 0 && text.data[text.size - 1] == '%';
    if (percent)
        text.size--;
    double number = 0;
    tw_status status = tw_parse_double(percent ? tw_slice_trim(text) : text, &number);
    if (status == TW_OK)
        *ret_number = percent ? number / 100 : number;
    return status;
}

/* The index of `text` among "a|b|c". */
static tw_status parse_choice(tw_slice text, const char *choices, int64_t *ret_integer) {
    tw_slice rest = tw_slice_of(choices);
    for (int64_t i = 0; rest.data != NULL; i++) {
        if (tw_slice_equal(tw_slice_split(&rest, '|'), text)) {
            *ret_integer = i;
            return TW_OK;
        }
    }
    return TW_PARSE;
}

static tw_status parse_text(tw_slice text, char *ret_text) {
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL)
        return TW_PARSE;
    return tw_slice_copy(text, ret_text, TW_CONFIG_TEXT_SIZE) == TW_OK ? TW_OK : TW_RANGE;
}

/* Reads a value of the row's type, without looking at the row's range. */
static tw_status parse_type(const tw_config_option *option, tw_slice text,
                            tw_config_value *ret_value) {
    switch (option->type) {
    case TW_CONFIG_BOOLEAN:
        return parse_boolean(text, &ret_value->integer);
    case TW_CONFIG_INTEGER:
        return parse_integer(text, &ret_value->integer);
    case TW_CONFIG_NUMBER:
        return tw_parse_double(text, &ret_value->number);
    case TW_CONFIG_PERCENT:
        return parse_percent(text, &ret_value->number);
    case TW_CONFIG_DECIMAL:
        return tw_decimal_parse(text, &ret_value->integer);
    case TW_CONFIG_DURATION:
        return tw_duration_parse(text, &ret_value->integer);
    case TW_CONFIG_TIME:
        return tw_time_parse(text, &ret_value->integer);
    case TW_CONFIG_TEXT:
    case TW_CONFIG_SECRET:
        return parse_text(text, ret_value->text);
    case TW_CONFIG_CHOICE:
        return parse_choice(text, option->choices, &ret_value->integer);
    }
    TW_ASSERT(option->type <= TW_CONFIG_CHOICE); /* another number is no type */
    return TW_INVALID;
}

/* -1, 0 or 1 as the value lies below, at or above a bound of its row. */
static int compare_with_bound(const tw_config_option *option, const tw_config_value *value,
                              const char *bound) {
    tw_config_value limit = {0};
    tw_status status = parse_type(option, tw_slice_of(bound), &limit);
    TW_ASSERT(status == TW_OK); /* a bound in the type's own text */
    if (is_number(option))
        return (value->number > limit.number) - (value->number < limit.number);
    return (value->integer > limit.integer) - (value->integer < limit.integer);
}

tw_status tw_config_value_parse(const tw_config_option *option, tw_slice text,
                                tw_config_value *ret_value) {
    tw_status status = parse_type(option, text, ret_value);
    if (status != TW_OK || is_text(option) || option->type == TW_CONFIG_CHOICE)
        return status;
    if (option->minimum != NULL && compare_with_bound(option, ret_value, option->minimum) < 0)
        return TW_RANGE;
    if (option->maximum != NULL && compare_with_bound(option, ret_value, option->maximum) > 0)
        return TW_RANGE;
    return TW_OK;
}

void tw_config_value_write(tw_config *config, size_t index, const tw_config_value *value,
                           tw_config_origin origin) {
    const tw_config_option *option = &config->options[index];
    char *field = (char *)config->target + option->offset;
    bool boolean = value->integer != 0;
    int choice = (int)value->integer;
    switch (option->type) {
    case TW_CONFIG_BOOLEAN:
        memcpy(field, &boolean, sizeof boolean);
        break;
    case TW_CONFIG_INTEGER:
    case TW_CONFIG_DECIMAL:
    case TW_CONFIG_DURATION:
    case TW_CONFIG_TIME:
        memcpy(field, &value->integer, sizeof value->integer);
        break;
    case TW_CONFIG_NUMBER:
    case TW_CONFIG_PERCENT:
        memcpy(field, &value->number, sizeof value->number);
        break;
    case TW_CONFIG_TEXT:
    case TW_CONFIG_SECRET:
        memcpy(field, value->text, TW_CONFIG_TEXT_SIZE);
        break;
    case TW_CONFIG_CHOICE:
        memcpy(field, &choice, sizeof choice);
        break;
    }
    config->origins[index] = origin;
}

/* ---- what was wrong -------------------------------------------------------------------- */

/* Appends the row's range with its unit: "1 to 100 rows", "at least 1ms"; true if it has one. */
bool tw_config_append_range(const tw_config_option *option, tw_text *text) {
    if (option->minimum == NULL && option->maximum == NULL)
        return false;
    if (option->maximum == NULL)
        tw_text_append_format(text, "at least %s", option->minimum);
    else if (option->minimum == NULL)
        tw_text_append_format(text, "at most %s", option->maximum);
    else
        tw_text_append_format(text, "%s to %s", option->minimum, option->maximum);
    if (option->unit != NULL)
        tw_text_append_format(text, " %s", option->unit);
    return true;
}

/* Appends "a, b or c" for "a|b|c". */
static void append_choices(const char *choices, tw_text *text) {
    tw_slice rest = tw_slice_of(choices);
    for (bool first = true; rest.data != NULL; first = false) {
        tw_slice choice = tw_slice_split(&rest, '|');
        if (!first)
            tw_text_append_string(text, rest.data == NULL ? " or " : ", ");
        tw_text_append(text, choice);
    }
}

/* Appends what a value of the row looks like. */
static void append_expectation(const tw_config_option *option, tw_text *text) {
    static const char *const shapes[] = {
        [TW_CONFIG_BOOLEAN] = "yes or no",
        [TW_CONFIG_INTEGER] = "a whole number like 20 or 10k",
        [TW_CONFIG_NUMBER] = "a number like 0.5",
        [TW_CONFIG_PERCENT] = "a share like 5% or 0.05",
        [TW_CONFIG_DECIMAL] = "an amount like 12.50, with at most nine decimals",
        [TW_CONFIG_DURATION] = "a span of time like 500ms, 30s or 1h30m",
        [TW_CONFIG_TIME] = "a time like 2024-01-02 or 2024-01-02T14:30:00Z",
        [TW_CONFIG_TEXT] = "a text of at most 511 bytes",
        [TW_CONFIG_SECRET] = "a text of at most 511 bytes",
    };
    if (option->type == TW_CONFIG_CHOICE)
        append_choices(option->choices, text);
    else
        tw_text_append_string(text, shapes[option->type]);
}

/* Writes `batch-rows: "zero" is not acceptable; expected ...` */
void tw_config_describe_bad_value(const tw_config_option *option, tw_slice given, tw_status status,
                                  char sentence[TW_CONFIG_SENTENCE_SIZE]) {
    tw_text text = tw_text_over(sentence, TW_CONFIG_SENTENCE_SIZE);
    tw_text_append_format(&text, "%s: ", option->name);
    if (option->type == TW_CONFIG_SECRET)
        tw_text_append_string(&text, "the value"); /* invariant 2 */
    else if (given.size == 0)
        tw_text_append_string(&text, "an empty value");
    else if (given.size > TW_CONFIG_SHOWN_SIZE)
        tw_text_append_format(&text, "\"%.*s...\"", TW_CONFIG_SHOWN_SIZE, given.data);
    else
        tw_text_append_format(&text, "\"%.*s\"", (int)given.size, given.data);
    if (is_text(option)) {
        tw_text_append_string(&text, status == TW_RANGE ? " is longer than 511 bytes"
                                                        : " contains a NUL byte");
        return;
    }
    tw_text_append_string(&text, status == TW_RANGE ? " is out of range; expected "
                                                    : " is not understood; expected ");
    if (status == TW_RANGE && tw_config_append_range(option, &text))
        return;
    append_expectation(option, &text);
}

const tw_config_option *tw_config_nearest(const tw_config_option *options, size_t count,
                                          tw_slice name) {
    const tw_config_option *nearest = NULL;
    size_t least = name.size / 3 + 2; /* further away it is another word, not a slip */
    for (size_t i = 0; i < count; i++) {
        tw_slice known = tw_slice_of(options[i].name);
        size_t distance = tw_slice_distance(known, name);
        if (distance < least && distance < known.size) {
            least = distance;
            nearest = &options[i];
        }
    }
    return nearest;
}

/* Writes `unknown setting "batch-row"; did you mean "batch-rows"?` */
void tw_config_describe_unknown(const tw_config *config, tw_slice name,
                                char sentence[TW_CONFIG_SENTENCE_SIZE]) {
    tw_text text = tw_text_over(sentence, TW_CONFIG_SENTENCE_SIZE);
    int shown = name.size > TW_CONFIG_SHOWN_SIZE ? TW_CONFIG_SHOWN_SIZE : (int)name.size;
    tw_text_append_format(&text, "unknown setting \"%.*s\"", shown, name.data);
    const tw_config_option *nearest = tw_config_nearest(config->options, config->count, name);
    if (nearest != NULL)
        tw_text_append_format(&text, "; did you mean \"%s\"?", nearest->name);
}

/* ---- one table ------------------------------------------------------------------------- */

bool tw_config_find(const tw_config *config, tw_slice name, size_t *ret_index) {
    for (size_t i = 0; i < config->count; i++) {
        if (tw_slice_equal_string(name, config->options[i].name)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

void tw_config_init(tw_config *config, const tw_config_option *options, size_t count,
                    void *target) {
    TW_ASSERT(count <= TW_CONFIG_OPTION_COUNT_MAX);
    *config = (tw_config){.options = options, .count = count, .target = target};
    for (size_t i = 0; i < count; i++) {
        TW_ASSERT((options[i].type == TW_CONFIG_CHOICE) == (options[i].choices != NULL));
        tw_config_value value = {0};
        if (options[i].default_value != NULL) {
            tw_status status =
                tw_config_value_parse(&options[i], tw_slice_of(options[i].default_value), &value);
            TW_ASSERT(status == TW_OK); /* invariant 1 */
        }
        tw_config_value_write(config, i, &value, TW_CONFIG_FROM_DEFAULT);
    }
}

tw_status tw_config_set(tw_config *config, tw_slice name, tw_slice given, tw_config_origin origin,
                        tw_error *error) {
    char sentence[TW_CONFIG_SENTENCE_SIZE];
    size_t index = 0;
    if (!tw_config_find(config, name, &index)) {
        tw_config_describe_unknown(config, name, sentence);
        return tw_error_set(error, TW_NOT_FOUND, "%s", sentence);
    }
    tw_config_value value = {0};
    tw_status status = tw_config_value_parse(&config->options[index], given, &value);
    if (status != TW_OK) {
        tw_config_describe_bad_value(&config->options[index], given, status, sentence);
        return tw_error_set(error, status, "%s", sentence);
    }
    tw_config_value_write(config, index, &value, origin);
    return TW_OK;
}

/* ---- out again ------------------------------------------------------------------------- */

const char *tw_config_origin_name(tw_config_origin origin) {
    switch (origin) {
    case TW_CONFIG_FROM_DEFAULT:
        return "default";
    case TW_CONFIG_FROM_FILE:
        return "file";
    case TW_CONFIG_FROM_ENVIRONMENT:
        return "environment";
    case TW_CONFIG_FROM_OPTION:
        return "option";
    }
    return "?";
}

/* Appends "7%" rather than "7.000000000000001%": the shortest text that reads as the same share. */
static void append_percent(tw_text *text, double share) {
    char best[48] = "";
    double centre = share * 100;
    const double candidates[] = {centre, nextafter(centre, -INFINITY), nextafter(centre, INFINITY)};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        char buffer[48];
        tw_text candidate = tw_text_over(buffer, sizeof buffer);
        tw_text_append_double(&candidate, candidates[i]);
        bool same = candidates[i] / 100 == share;
        if (same && (best[0] == 0 || candidate.size < strlen(best)))
            memcpy(best, buffer, candidate.size + 1);
    }
    if (best[0] == 0)
        tw_text_append_double(text, share); /* no percentage reads as exactly this share */
    else
        tw_text_append_format(text, "%s%%", best);
}

/* The word of choice `index`. */
static tw_slice choice_word(const char *choices, int index) {
    tw_slice rest = tw_slice_of(choices);
    for (int i = 0; rest.data != NULL; i++) {
        tw_slice word = tw_slice_split(&rest, '|');
        if (i == index)
            return word;
    }
    return tw_slice_of("?");
}

/* Appends an int64_t field in the text of its type. */
static void append_integer(tw_config_type type, int64_t integer, tw_text *text) {
    char buffer[TW_TIME_TEXT_SIZE];
    if (type == TW_CONFIG_DECIMAL)
        tw_decimal_format(integer, buffer);
    else if (type == TW_CONFIG_DURATION)
        tw_duration_format(integer, buffer);
    else if (type == TW_CONFIG_TIME)
        tw_time_format(integer, -1, buffer);
    else
        snprintf(buffer, sizeof buffer, "%lld", (long long)integer);
    tw_text_append_string(text, buffer);
}

void tw_config_format(const tw_config *config, size_t index, tw_text *text) {
    TW_ASSERT(index < config->count);
    const tw_config_option *option = &config->options[index];
    const char *field = (const char *)config->target + option->offset;
    bool boolean = false;
    int64_t integer = 0;
    double number = 0;
    int choice = 0;
    switch (option->type) {
    case TW_CONFIG_BOOLEAN:
        memcpy(&boolean, field, sizeof boolean);
        tw_text_append_string(text, boolean ? "yes" : "no");
        break;
    case TW_CONFIG_INTEGER:
    case TW_CONFIG_DECIMAL:
    case TW_CONFIG_DURATION:
    case TW_CONFIG_TIME:
        memcpy(&integer, field, sizeof integer);
        append_integer(option->type, integer, text);
        break;
    case TW_CONFIG_NUMBER:
    case TW_CONFIG_PERCENT:
        memcpy(&number, field, sizeof number);
        if (option->type == TW_CONFIG_NUMBER)
            tw_text_append_double(text, number);
        else
            append_percent(text, number);
        break;
    case TW_CONFIG_TEXT:
        tw_text_append_string(text, field);
        break;
    case TW_CONFIG_SECRET:
        tw_text_append_string(text, field[0] == 0 ? "" : "********");
        break;
    case TW_CONFIG_CHOICE:
        memcpy(&choice, field, sizeof choice);
        tw_text_append(text, choice_word(option->choices, choice));
        break;
    }
}
