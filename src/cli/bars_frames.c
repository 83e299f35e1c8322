/* bars_frames.c - see bars_frames.h. */
#include "bars_frames.h"

#include <stdio.h>
#include <string.h>

/* A kind's word, and the least unit that its step has. */
typedef struct kind_word {
    const char *word;
    tw_bars_kind kind;
} kind_word;

static const kind_word words[] = {
    {"tick", TW_BARS_TICK},
    {"volume", TW_BARS_VOLUME},
    {"value", TW_BARS_VALUE},
    {"dollar", TW_BARS_VALUE},
    {"imbalance", TW_BARS_TICK_IMBALANCE},
    {"tick_imbalance", TW_BARS_TICK_IMBALANCE},
    {"volume_imbalance", TW_BARS_VOLUME_IMBALANCE},
    {"value_imbalance", TW_BARS_VALUE_IMBALANCE},
    {"runs", TW_BARS_TICK_RUNS},
    {"tick_runs", TW_BARS_TICK_RUNS},
    {"volume_runs", TW_BARS_VOLUME_RUNS},
    {"value_runs", TW_BARS_VALUE_RUNS},
    {"renko", TW_BARS_RENKO},
};

static bool is_by_tick(tw_bars_kind kind) {
    return kind == TW_BARS_TICK || kind == TW_BARS_TICK_IMBALANCE || kind == TW_BARS_TICK_RUNS;
}

static bool parse_step(tw_bars_kind kind, tw_slice text, int64_t *ret_step) {
    int64_t step = 0;
    if (tw_decimal_parse(text, &step) != TW_OK || step <= 0)
        return false;
    if (is_by_tick(kind)) {
        if (step % TW_NANO != 0)
            return false;
        step /= TW_NANO;
    }
    *ret_step = step;
    return true;
}

static tw_status not_a_frame(tw_slice word, tw_error *error) {
    return tw_error_set(error, TW_USAGE,
                        "--timeframes: \"%.*s\" is none; write for instance 1s, 5m, 1h, 1d or 1w, "
                        "or tick:100, volume:10000, value:50000, imbalance:50, runs:20 or "
                        "renko:0.05, separated by commas",
                        (int)word.size, word.data);
}

static tw_status parse_frame(tw_slice word, tw_bars_frame *ret_frame, char *ret_name,
                             tw_error *error) {
    tw_bars_frame frame = {.kind = TW_BARS_TIME, .tick_rule = true};
    if (tw_timeframe_parse(word, &frame.step) == TW_OK) {
        frame.tick_rule = false;
        tw_timeframe_format(frame.step, ret_name);
        *ret_frame = frame;
        return TW_OK;
    }
    tw_slice step = word;
    tw_slice name = tw_slice_split(&step, ':');
    for (size_t i = 0; step.data != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (!tw_slice_equal_string(name, words[i].word))
            continue;
        frame.kind = (uint8_t)words[i].kind;
        if (!parse_step(words[i].kind, step, &frame.step))
            break;
        char number[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(is_by_tick(words[i].kind) ? frame.step * TW_NANO : frame.step, number);
        snprintf(ret_name, BARS_NAME_SIZE, "%s:%s", tw_bars_kind_name(words[i].kind), number);
        *ret_frame = frame;
        return TW_OK;
    }
    return not_a_frame(word, error);
}

static tw_status add_frame(bars_frames *frames, tw_slice word, tw_error *error) {
    tw_bars_frame frame;
    char name[BARS_NAME_SIZE];
    tw_status status = parse_frame(word, &frame, name, error);
    if (status != TW_OK)
        return status;
    for (uint32_t i = 0; i < frames->count; i++) {
        if (strcmp(frames->names[i], name) == 0)
            return tw_error_set(error, TW_USAGE, "--timeframes: %.*s is there twice",
                                (int)word.size, word.data);
    }
    if (frames->count == TW_BARS_FRAME_COUNT_MAX)
        return tw_error_set(error, TW_USAGE, "--timeframes: at most %d at once",
                            TW_BARS_FRAME_COUNT_MAX);
    frames->only_time = frames->only_time && frame.kind == TW_BARS_TIME;
    memcpy(frames->names[frames->count], name, sizeof name);
    frames->frames[frames->count++] = frame;
    return TW_OK;
}

tw_status bars_frames_parse(const char *list, bars_frames *ret_frames, tw_error *error) {
    bars_frames frames = {.only_time = true};
    tw_slice rest = tw_slice_of(list);
    tw_status status = TW_OK;
    do
        status = add_frame(&frames, tw_slice_trim(tw_slice_split(&rest, ',')), error);
    while (status == TW_OK && rest.data != NULL);
    if (status == TW_OK)
        *ret_frames = frames;
    return status;
}

void bars_frames_file(const bars_frames *frames, uint32_t index, char file[BARS_NAME_SIZE + 8]) {
    snprintf(file, BARS_NAME_SIZE + 8, "%s.csv", frames->names[index]);
    char *colon = strchr(file, ':');
    if (colon != NULL)
        *colon = '-';
}
