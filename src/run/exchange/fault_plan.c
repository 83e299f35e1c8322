/* fault_plan.c - a table of words, each with what reads the rest of its line. */
#include "fault_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tradewind/time.h"

enum { LINE_SIZE_MAX = 4096, WORD_COUNT_MAX = 3 };

typedef struct plan_line {
    const char *path;
    uint64_t number;
    tw_slice words[WORD_COUNT_MAX]; /* behind the first; an empty one was not said */
    size_t word_count;
    tw_error *error;
} plan_line;

static tw_status bad(const plan_line *line, tw_status status, const char *expected) {
    return tw_error_set_at(line->error, status, line->path, line->number, 0, "expected %s",
                           expected);
}

static tw_status read_seed(const plan_line *line, fault_plan *plan) {
    if (line->word_count != 1 || tw_parse_u64(line->words[0], &plan->seed) != TW_OK)
        return bad(line, TW_PARSE, "a whole number, as in: seed 1");
    return TW_OK;
}

static tw_status read_latency(const plan_line *line, fault_plan *plan) {
    static const char form[] = "one or two spans of time, as in: latency 20ms 5ms";
    if (line->word_count < 1 || line->word_count > 2 ||
        tw_duration_parse(line->words[0], &plan->latency_ns) != TW_OK ||
        (line->word_count == 2 &&
         tw_duration_parse(line->words[1], &plan->latency_spread_ns) != TW_OK))
        return bad(line, TW_PARSE, form);
    if (plan->latency_ns < 0 || plan->latency_ns > FAULT_LATENCY_NS_MAX)
        return bad(line, TW_RANGE, "a latency of 0 to 60s");
    if (plan->latency_spread_ns < 0 || plan->latency_spread_ns > plan->latency_ns)
        return bad(line, TW_RANGE, "a spread of 0 to the latency itself");
    return TW_OK;
}

static const struct {
    const char *word;
    tw_status (*read)(const plan_line *line, fault_plan *plan);
} lines[] = {
    {"seed", read_seed},
    {"latency", read_latency},
};

/* The text without its comment. */
static tw_slice without_comment(tw_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '#' && (i == 0 || text.data[i - 1] == ' ' || text.data[i - 1] == '\t'))
            text.size = i;
    return tw_slice_trim(text);
}

static tw_slice next_word(tw_slice *rest) {
    tw_slice word = tw_slice_trim(*rest);
    size_t size = 0;
    while (size < word.size && word.data[size] != ' ' && word.data[size] != '\t')
        size++;
    *rest = (tw_slice){word.data + size, word.size - size};
    word.size = size;
    return word;
}

static tw_status take_line(plan_line *line, tw_slice text, fault_plan *plan) {
    tw_slice rest = without_comment(text);
    if (rest.size == 0)
        return TW_OK;
    tw_slice name = next_word(&rest);
    line->word_count = 0;
    for (tw_slice word = next_word(&rest); word.size > 0; word = next_word(&rest)) {
        if (line->word_count == WORD_COUNT_MAX)
            return bad(line, TW_PARSE, "fewer words");
        line->words[line->word_count++] = word;
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (tw_slice_equal_string(name, lines[i].word))
            return lines[i].read(line, plan);
    return bad(line, TW_PARSE, "a line that begins with seed or latency");
}

/* The next line without its end; TW_EMPTY behind the last. */
static tw_status next_line(plan_line *line, FILE *file, char buffer[LINE_SIZE_MAX + 2]) {
    if (fgets(buffer, LINE_SIZE_MAX + 2, file) == NULL)
        return ferror(file) ? tw_error_set_errno(line->error, errno, "cannot read %s", line->path)
                            : TW_EMPTY;
    line->number++;
    size_t size = strlen(buffer);
    if (size > LINE_SIZE_MAX)
        return bad(line, TW_PARSE, "a shorter line, of a text file");
    if (size > 0 && buffer[size - 1] == '\n')
        buffer[size - 1] = '\0';
    return TW_OK;
}

tw_status fault_plan_read(const char *path, fault_plan *ret_plan, tw_error *error) {
    char buffer[LINE_SIZE_MAX + 2];
    fault_plan plan = {.seed = 1};
    plan_line line = {.path = path, .error = error};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    tw_status status = next_line(&line, file, buffer);
    while (status == TW_OK) {
        status = take_line(&line, tw_slice_of(buffer), &plan);
        if (status == TW_OK)
            status = next_line(&line, file, buffer);
    }
    fclose(file);
    if (status != TW_EMPTY)
        return status;
    *ret_plan = plan;
    return TW_OK;
}
