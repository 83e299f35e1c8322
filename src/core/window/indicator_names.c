/*
 * indicator_names.c - the kinds by number and by name, their parameters checked and read.
 *
 *     text = name [ "(" [ value { "," value } ] ")" ]
 *     value = [ parameter "=" ] ( number | word )
 *
 * Spaces are allowed between the parts. Values without a name stand in the order of the
 * description, from the place after the last one.
 */
#include "indicator_plan.h"

#include "tradewind/cpu.h"
#include "tradewind/text.h"

#include <math.h>
#include <string.h>

#define NAME_SIZE_MAX 48

static const tw_indicator_family *const families[] = {
    &tw_indicator_averages,   &tw_indicator_volume_means, &tw_indicator_crossings,
    &tw_indicator_momentum,   &tw_indicator_oscillators,  &tw_indicator_trends,
    &tw_indicator_levels,     &tw_indicator_swings,       &tw_indicator_volumes,
    &tw_indicator_deviations, &tw_indicator_pairs,        &tw_indicator_risks,
};
#define FAMILY_COUNT (sizeof families / sizeof families[0])

static const tw_indicator_entry *entry_or_null(tw_indicator_kind kind) {
    size_t index = kind;
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        if (index < families[f]->count)
            return &families[f]->entries[index];
        index -= families[f]->count;
    }
    return NULL;
}

const tw_indicator_entry *tw_indicator_entry_of(tw_indicator_kind kind) {
    const tw_indicator_entry *entry = entry_or_null(kind);
    TW_ASSERT(entry != NULL);
    return entry;
}

size_t tw_indicator_kind_count(void) {
    size_t count = 0;
    for (size_t f = 0; f < FAMILY_COUNT; f++)
        count += families[f]->count;
    return count;
}

const tw_indicator_description *tw_indicator_describe(tw_indicator_kind kind) {
    return &tw_indicator_entry_of(kind)->description;
}

static tw_status find(tw_slice name, tw_indicator_kind *ret_kind) {
    size_t count = tw_indicator_kind_count();
    for (size_t kind = 0; kind < count; kind++) {
        if (tw_slice_equal_string(name, tw_indicator_describe((tw_indicator_kind)kind)->name)) {
            *ret_kind = (tw_indicator_kind)kind;
            return TW_OK;
        }
    }
    return TW_NOT_FOUND;
}

tw_status tw_indicator_find(const char *name, tw_indicator_kind *ret_kind) {
    TW_ASSERT(name != NULL && ret_kind != NULL);
    return find(tw_slice_of(name), ret_kind);
}

void tw_indicator_defaults(tw_indicator_kind kind, tw_indicator_config *ret_config) {
    const tw_indicator_description *what = tw_indicator_describe(kind);
    memset(ret_config, 0, sizeof *ret_config);
    ret_config->kind = kind;
    ret_config->lanes = 1;
    for (size_t i = 0; i < what->parameter_count; i++)
        ret_config->parameters[i] = what->parameters[i].fallback;
}

/* ---- Checking --------------------------------------------------------------------------- */

static tw_status check_parameter(const tw_indicator_description *what, size_t index, double value,
                                 tw_error *error) {
    const tw_indicator_parameter *p = &what->parameters[index];
    if (!(value >= p->least && value <= p->most) || (p->whole && value != floor(value)))
        return tw_error_set(error, TW_RANGE, "%s: %s is %g; %s from %g to %g is wanted", what->name,
                            p->name, value, p->whole ? "a whole number" : "a number", p->least,
                            p->most);
    return TW_OK;
}

static tw_status check_level(tw_cpu_level level, tw_error *error) {
    if ((unsigned)level >= TW_CPU_LEVEL_COUNT)
        return tw_error_set(error, TW_RANGE, "%u is no level of vector instructions",
                            (unsigned)level);
    if (!tw_cpu_has(level))
        return tw_error_set(error, TW_UNSUPPORTED, "this machine has no %s", tw_cpu_name(level));
    return TW_OK;
}

tw_status tw_indicator_check_config(const tw_indicator_config *config, tw_error *error) {
    TW_ASSERT(config != NULL);
    const tw_indicator_entry *entry = entry_or_null(config->kind);
    if (entry == NULL)
        return tw_error_set(error, TW_RANGE, "%u is no kind of indicator", config->kind);
    if (config->lanes > TW_INDICATOR_LANES_MAX)
        return tw_error_set(error, TW_RANGE, "%u lanes; at most %u are possible", config->lanes,
                            TW_INDICATOR_LANES_MAX);
    for (size_t i = 0; i < entry->description.parameter_count; i++) {
        tw_status status = check_parameter(&entry->description, i, config->parameters[i], error);
        if (status != TW_OK)
            return status;
    }
    return check_level(config->cpu_level, error);
}

/* ---- Reading ---------------------------------------------------------------------------- */

typedef struct reader {
    const char *text;
    size_t at;
    tw_error *error;
} reader;

static void skip_spaces(reader *in) {
    while (in->text[in->at] == ' ' || in->text[in->at] == '\t')
        in->at++;
}

static bool name_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

static tw_status fail(const reader *in, tw_status status, const char *wanted) {
    return tw_error_set_at(in->error, status, in->text, 0, in->at + 1, "%s", wanted);
}

/* The number of a word among "a|b|c", or -1. */
static int word_of(const char *words, tw_slice word) {
    tw_slice rest = tw_slice_of(words);
    for (int index = 0; rest.data != NULL; index++) {
        if (tw_slice_equal(tw_slice_split(&rest, '|'), word))
            return index;
    }
    return -1;
}

static tw_status read_value(reader *in, const tw_indicator_description *what, size_t index,
                            double *ret_value) {
    const tw_indicator_parameter *p = &what->parameters[index];
    const char *begin = in->text + in->at;
    if (p->words != NULL && *begin >= 'a' && *begin <= 'z') {
        size_t size = 0;
        while (name_byte(begin[size]))
            size++;
        int word = word_of(p->words, (tw_slice){begin, size});
        if (word < 0)
            return tw_error_set_at(in->error, TW_PARSE, in->text, 0, in->at + 1,
                                   "%s of %s is one of %s", p->name, what->name, p->words);
        in->at += size;
        *ret_value = word;
        return TW_OK;
    }
    size_t size = 0;
    while (begin[size] != '\0' && begin[size] != ',' && begin[size] != ')' && begin[size] != ' ')
        size++;
    double value = 0;
    if (tw_parse_double((tw_slice){begin, size}, &value) != TW_OK)
        return tw_error_set_at(in->error, TW_PARSE, in->text, 0, in->at + 1,
                               "%s of %s is no number: %s is wanted", p->name, what->name,
                               p->words != NULL ? p->words : "a number");
    tw_status status = check_parameter(what, index, value, in->error);
    if (status != TW_OK)
        return status;
    in->at += size;
    *ret_value = value;
    return TW_OK;
}

/* "name =" moves `index` to that parameter; anything else is left to read_value. */
static tw_status read_name(reader *in, const tw_indicator_description *what, size_t *index) {
    size_t size = 0;
    while (name_byte(in->text[in->at + size]))
        size++;
    size_t after = in->at + size;
    while (in->text[after] == ' ')
        after++;
    if (size == 0 || in->text[after] != '=')
        return TW_OK;
    tw_slice name = {in->text + in->at, size};
    for (size_t i = 0; i < what->parameter_count; i++) {
        if (tw_slice_equal_string(name, what->parameters[i].name)) {
            *index = i;
            in->at = after + 1;
            skip_spaces(in);
            return TW_OK;
        }
    }
    return tw_error_set_at(in->error, TW_PARSE, in->text, 0, in->at + 1,
                           "%s has no parameter of this name", what->name);
}

static tw_status read_values(reader *in, const tw_indicator_description *what, double *values) {
    skip_spaces(in);
    if (in->text[in->at] == ')') {
        in->at++;
        return TW_OK;
    }
    for (size_t index = 0;; index++) {
        skip_spaces(in);
        tw_status status = read_name(in, what, &index);
        if (status != TW_OK)
            return status;
        if (index >= what->parameter_count)
            return tw_error_set_at(in->error, TW_PARSE, in->text, 0, in->at + 1,
                                   "%s takes %u values at most", what->name, what->parameter_count);
        status = read_value(in, what, index, &values[index]);
        if (status != TW_OK)
            return status;
        skip_spaces(in);
        char byte = in->text[in->at];
        if (byte != ',' && byte != ')')
            return fail(in, TW_PARSE, "a comma or a closing bracket is wanted");
        in->at++;
        if (byte == ')')
            return TW_OK;
    }
}

tw_status tw_indicator_parse(const char *text, tw_indicator_config *ret_config, tw_error *error) {
    TW_ASSERT(text != NULL && ret_config != NULL);
    reader in = {.text = text, .error = error};
    skip_spaces(&in);
    size_t begin = in.at;
    while (name_byte(text[in.at]))
        in.at++;
    size_t size = in.at - begin;
    tw_indicator_kind kind = 0;
    if (size == 0 || size > NAME_SIZE_MAX)
        return fail(&in, TW_PARSE, "the name of an indicator is wanted");
    if (find((tw_slice){text + begin, size}, &kind) != TW_OK)
        return tw_error_set_at(error, TW_NOT_FOUND, text, 0, begin + 1,
                               "there is no indicator %.*s", (int)size, text + begin);
    tw_indicator_config config;
    tw_indicator_defaults(kind, &config);
    skip_spaces(&in);
    if (text[in.at] == '(') {
        in.at++;
        tw_status status = read_values(&in, tw_indicator_describe(kind), config.parameters);
        if (status != TW_OK)
            return status;
    }
    skip_spaces(&in);
    if (text[in.at] != '\0')
        return fail(&in, TW_PARSE, "the end of the text is wanted");
    tw_status status = tw_indicator_check_config(&config, error);
    if (status == TW_OK)
        *ret_config = config;
    return status;
}
