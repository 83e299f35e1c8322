/*
 * fault_plan.c - a table of forms, each a line's words in order:
 *
 *     D  a span of time        d  one that may be left out (the spread)     P, p  a share
 *     N  a whole number        R  bytes a second                            S     a symbol
 *     b  "bare" or nothing     /  a path or nothing                         else  the word itself
 *
 * A line belongs to the form with which it shares the most words at its start; what it says wrong
 * is told with that form's example.
 */
#include "fault_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/alloc.h"
#include "tradewind/time.h"

typedef struct line_form {
    const char *words;
    const char *example;
    uint8_t kind;
    uint32_t number_min;
    uint32_t number_max;
} line_form;

static const line_form FORMS[] = {
    {"latency D d /", "latency 20ms 5ms", FAULT_LATENCY, 0, 0},
    {"tail P D /", "tail 1% 2s", FAULT_TAIL, 0, 0},
    {"status N P b /", "status 429 2%", FAULT_STATUS, 400, 599},
    {"reset before P /", "reset before 1%", FAULT_RESET_BEFORE, 0, 0},
    {"reset after P /", "reset after 1%", FAULT_RESET_AFTER, 0, 0},
    {"truncate P /", "truncate 1%", FAULT_TRUNCATE, 0, 0},
    {"trickle P R /", "trickle 0.5% 10B/s", FAULT_TRICKLE, 1, 1000000},
    {"updates drop p", "updates drop 1%", FAULT_UPDATE_DROP, 0, 0},
    {"updates duplicate p", "updates duplicate 1%", FAULT_UPDATE_DUPLICATE, 0, 0},
    {"updates reorder p", "updates reorder 1%", FAULT_UPDATE_REORDER, 0, 0},
    {"updates delay D p", "updates delay 5s 10%", FAULT_UPDATE_DELAY, 0, 0},
    {"trades late D p", "trades late 20s 1%", FAULT_TRADE_LATE, 0, 0},
    {"trades cancel D p", "trades cancel 5s 1%", FAULT_TRADE_CANCEL, 0, 0},
    {"trades correct D p", "trades correct 5s 1%", FAULT_TRADE_CORRECT, 0, 0},
    {"limit connections N", "limit connections 1", FAULT_CONNECTIONS, 1, 1024},
    {"floor D d", "floor 200ms 50ms", FAULT_FLOOR, 0, 0},
    {"mute D at D", "mute 30s at 2m", FAULT_MUTE, 0, 0},
    {"stale D at D", "stale 30s at 2m", FAULT_STALE, 0, 0},
    {"close streams at D", "close streams at 3m", FAULT_CLOSE, 0, 0},
    {"slow clients at D", "slow clients at 3m", FAULT_SLOW, 0, 0},
    {"halt S D at D", "halt AAPL 60s at 90s", FAULT_HALT, 0, 0},
    {"clock jump D at D", "clock jump -2s at 100s", FAULT_CLOCK, 0, 0},
    {"restart at D", "restart at 4m", FAULT_RESTART, 0, 0},
};

/* Sums of spans and times fit. */
static const int64_t SPAN_NS_MAX = 366 * 24 * TW_NS_PER_HOUR;

enum { FORM_COUNT = sizeof FORMS / sizeof FORMS[0] };

typedef struct plan_line {
    const char *name;
    tw_slice text;
    tw_slice rest; /* behind the word being read */
    tw_slice word; /* empty at the end */
    uint64_t number;
    tw_error *error;
} plan_line;

/* ---- words --------------------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* The text without its comment. */
static tw_slice without_comment(tw_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '#' && (i == 0 || is_blank(text.data[i - 1])))
            text.size = i;
    return text;
}

static void next_word(plan_line *line) {
    const char *end = line->rest.data + line->rest.size;
    const char *begin = line->rest.data;
    while (begin < end && is_blank(*begin))
        begin++;
    const char *behind = begin;
    while (behind < end && !is_blank(*behind))
        behind++;
    line->word = (tw_slice){begin, (size_t)(behind - begin)};
    line->rest = (tw_slice){behind, (size_t)(end - behind)};
}

static tw_status bad(const plan_line *line, tw_status status, const char *expected,
                     const char *example) {
    uint64_t column = (uint64_t)(line->word.data - line->text.data) + 1;
    return tw_error_set_at(line->error, status, line->name, line->number, column,
                           "expected %s, as in: %s", expected, example);
}

static tw_status bad_end(const plan_line *line, const char *example) {
    return bad(line, TW_PARSE, line->word.size == 0 ? "more words" : "the end of the line",
               example);
}

/* ---- values -------------------------------------------------------------------------------- */

/* A span, which may be negative where a clock jumps. */
static bool read_span(tw_slice word, bool may_be_negative, int64_t *ret_ns) {
    bool negative = may_be_negative && word.size > 1 && word.data[0] == '-';
    if (negative)
        word = (tw_slice){word.data + 1, word.size - 1};
    if (tw_duration_parse(word, ret_ns) != TW_OK || *ret_ns < 0)
        return false;
    if (negative)
        *ret_ns = -*ret_ns;
    return true;
}

static tw_status take_span(const plan_line *line, const line_form *form, int64_t *ret_ns) {
    if (!read_span(line->word, form->kind == FAULT_CLOCK, ret_ns))
        return bad(line, TW_PARSE, "a span of time", form->example);
    bool is_latency =
        form->kind == FAULT_LATENCY || form->kind == FAULT_TAIL || form->kind == FAULT_FLOOR;
    if (is_latency && *ret_ns > FAULT_LATENCY_NS_MAX)
        return bad(line, TW_RANGE, "a latency of at most 60s", form->example);
    if (form->kind == FAULT_TRADE_LATE && *ret_ns > FAULT_TRADE_LATE_NS_MAX)
        return bad(line, TW_RANGE, "a lateness of at most 30s", form->example);
    if (*ret_ns > SPAN_NS_MAX || *ret_ns < -SPAN_NS_MAX)
        return bad(line, TW_RANGE, "a span of at most a year", form->example);
    return TW_OK;
}

static tw_status take_share(const plan_line *line, const line_form *form, double *ret_share) {
    tw_slice number = line->word;
    double percent = 0.0;
    if (number.size < 2 || number.data[number.size - 1] != '%' ||
        (number.size--, tw_parse_double(number, &percent)) != TW_OK)
        return bad(line, TW_PARSE, "a percentage", form->example);
    if (!(percent > 0.0 && percent <= 100.0))
        return bad(line, TW_RANGE, "a percentage above 0% and up to 100%", form->example);
    *ret_share = percent / 100.0;
    return TW_OK;
}

static tw_status take_number(const plan_line *line, const line_form *form, const char *unit,
                             uint32_t *ret_number) {
    tw_slice number = line->word;
    size_t unit_size = strlen(unit);
    uint64_t value = 0;
    bool has_unit = number.size > unit_size &&
                    memcmp(number.data + number.size - unit_size, unit, unit_size) == 0;
    number.size -= has_unit ? unit_size : 0;
    if (!has_unit || tw_parse_u64(number, &value) != TW_OK)
        return bad(line, TW_PARSE, unit_size > 0 ? "bytes a second" : "a whole number",
                   form->example);
    if (value < form->number_min || value > form->number_max)
        return bad(line, TW_RANGE, "another number", form->example);
    *ret_number = (uint32_t)value;
    return TW_OK;
}

static tw_status take_text(const plan_line *line, const line_form *form, const char *what,
                           char *buffer, size_t capacity) {
    if (tw_slice_copy(line->word, buffer, capacity) != TW_OK)
        return bad(line, TW_RANGE, what, form->example);
    return TW_OK;
}

/* ---- a line -------------------------------------------------------------------------------- */

/* How many words at the start of the line are the form's own; 0: it is another's. */
static uint32_t shared_words(const plan_line *line, const line_form *form) {
    plan_line copy = *line;
    tw_slice words = tw_slice_of(form->words);
    uint32_t count = 0;
    while (words.data != NULL && tw_slice_equal(tw_slice_split(&words, ' '), copy.word)) {
        next_word(&copy);
        count++;
    }
    return count;
}

static const line_form *find_form(const plan_line *line) {
    const line_form *best = NULL;
    uint32_t most = 0;
    for (uint32_t i = 0; i < FORM_COUNT; i++) {
        uint32_t count = shared_words(line, &FORMS[i]);
        if (count > most)
            best = &FORMS[i];
        most = count > most ? count : most;
    }
    return best;
}

/* True if what the form wants here may be left out, and is. */
static bool left_out(const plan_line *line, char wanted) {
    switch (wanted) {
    case 'd':
        return line->word.size == 0 || line->word.data[0] == '/';
    case 'p':
        return line->word.size == 0;
    case 'b':
        return !tw_slice_equal_string(line->word, "bare");
    case '/':
        return line->word.size == 0;
    default:
        return false;
    }
}

static tw_status take_value(const plan_line *line, const line_form *form, char wanted, bool at,
                            fault_rule *rule) {
    switch (wanted) {
    case 'D':
        if (at && line->word.size > 0 && line->word.data[0] == '-')
            return bad(line, TW_RANGE, "a time that is to come", form->example);
        return take_span(line, form, at ? &rule->at_ns : &rule->span_ns);
    case 'd':
        return take_span(line, form, &rule->spread_ns);
    case 'P':
    case 'p':
        return take_share(line, form, &rule->share);
    case 'N':
        return take_number(line, form, "", &rule->number);
    case 'R':
        return take_number(line, form, "B/s", &rule->number);
    case 'S':
        return take_text(line, form, "a symbol", rule->symbol, sizeof rule->symbol);
    case 'b':
        rule->bare = true;
        return TW_OK;
    default:
        if (line->word.data[0] != '/')
            return bad_end(line, form->example);
        return take_text(line, form, "a shorter path", rule->path, sizeof rule->path);
    }
}

static void keep_text(const plan_line *line, fault_rule *rule) {
    tw_slice text = tw_slice_trim(without_comment(line->text));
    if (text.size >= sizeof rule->text)
        text.size = sizeof rule->text - 1;
    memcpy(rule->text, text.data, text.size);
    rule->text[text.size] = '\0';
}

static tw_status take_form(plan_line *line, const line_form *form, fault_rule *ret_rule) {
    fault_rule rule = {.kind = (fault_kind)form->kind, .share = 1.0};
    tw_slice words = tw_slice_of(form->words);
    bool at = false;
    while (words.data != NULL) {
        tw_slice wanted = tw_slice_split(&words, ' ');
        if (wanted.size > 1) {
            at = tw_slice_equal_string(wanted, "at");
            if (!tw_slice_equal(wanted, line->word))
                return bad(line, TW_PARSE, "another word", form->example);
            next_word(line);
            continue;
        }
        if (left_out(line, wanted.data[0]))
            continue;
        if (line->word.size == 0)
            return bad_end(line, form->example);
        tw_status status = take_value(line, form, wanted.data[0], at, &rule);
        if (status != TW_OK)
            return status;
        if (rule.spread_ns > 0 && rule.spread_ns > rule.span_ns)
            return bad(line, TW_RANGE, "a spread of at most the latency", form->example);
        next_word(line);
    }
    if (line->word.size > 0)
        return bad_end(line, form->example);
    keep_text(line, &rule);
    *ret_rule = rule;
    return TW_OK;
}

static tw_status take_seed(plan_line *line, fault_plan *plan) {
    static const char example[] = "seed 1";
    next_word(line);
    if (tw_parse_u64(line->word, &plan->seed) != TW_OK)
        return bad(line, TW_PARSE, "a whole number", example);
    next_word(line);
    return line->word.size == 0 ? TW_OK : bad_end(line, example);
}

/* A plan is told again by its lines' text, so that must be text. */
static tw_status check_text(plan_line *line) {
    for (size_t i = 0; i < line->text.size; i++) {
        unsigned char byte = (unsigned char)line->text.data[i];
        if ((byte >= ' ' && byte != 0x7f) || is_blank((char)byte))
            continue;
        line->word = (tw_slice){line->text.data + i, 1};
        return bad(line, TW_PARSE, "text", "latency 20ms 5ms");
    }
    return TW_OK;
}

static tw_status take_line(plan_line *line, fault_plan *plan) {
    tw_status text_status = check_text(line);
    if (text_status != TW_OK)
        return text_status;
    line->rest = without_comment(line->text);
    next_word(line);
    if (line->word.size == 0)
        return TW_OK;
    if (tw_slice_equal_string(line->word, "seed"))
        return take_seed(line, plan);
    const line_form *form = find_form(line);
    if (form == NULL)
        return bad(line, TW_PARSE,
                   "seed, latency, tail, status, reset, truncate, trickle, updates, trades, limit, "
                   "floor, mute, stale, close, slow, halt, clock or restart",
                   "latency 20ms 5ms");
    if (plan->rule_count == FAULT_RULE_COUNT_MAX)
        return tw_error_set_at(line->error, TW_FULL, line->name, line->number, 0,
                               "a plan has at most %d faults", FAULT_RULE_COUNT_MAX);
    tw_status status = take_form(line, form, &plan->rules[plan->rule_count]);
    plan->rule_count += status == TW_OK;
    return status;
}

/* ---- a plan -------------------------------------------------------------------------------- */

tw_status fault_plan_parse(const char *name, tw_slice text, fault_plan *ret_plan, tw_error *error) {
    fault_plan plan = {.seed = 1};
    plan_line line = {.name = name, .error = error};
    if (text.size > FAULT_PLAN_SIZE_MAX)
        return tw_error_set_at(error, TW_FULL, name, 0, 0, "a plan has at most %d bytes",
                               FAULT_PLAN_SIZE_MAX);
    tw_status status = TW_OK;
    while (status == TW_OK && text.data != NULL) {
        line.text = tw_slice_split(&text, '\n');
        line.number++;
        status = take_line(&line, &plan);
    }
    if (status == TW_OK)
        *ret_plan = plan;
    return status;
}

tw_status fault_plan_read(const char *path, fault_plan *ret_plan, tw_error *error) {
    const tw_allocator *allocator = tw_allocator_system();
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    tw_status status = TW_OK;
    char *text = TW_NEW(allocator, FAULT_PLAN_SIZE_MAX + 1, char);
    if (text == NULL) {
        status = tw_error_set(error, TW_NO_MEMORY, "no memory to read %s", path);
    } else {
        size_t size = fread(text, 1, FAULT_PLAN_SIZE_MAX + 1, file);
        status = ferror(file) ? tw_error_set_errno(error, errno, "cannot read %s", path)
                              : fault_plan_parse(path, (tw_slice){text, size}, ret_plan, error);
        TW_DELETE(allocator, text, FAULT_PLAN_SIZE_MAX + 1, char);
    }
    fclose(file);
    return status;
}
