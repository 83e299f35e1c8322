/* bars_frames.c - see bars_frames.h. */
#include "bars_frames.h"

#include <stdio.h>
#include <string.h>

/* A kind's word. */
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

static bool is_by_tick(uint8_t kind) {
    return kind == TW_BARS_TICK || kind == TW_BARS_TICK_IMBALANCE || kind == TW_BARS_TICK_RUNS;
}

static bool is_signed(uint8_t kind) {
    return kind >= TW_BARS_TICK_IMBALANCE && kind <= TW_BARS_VALUE_RUNS;
}

static bool is_split(uint8_t kind) {
    return kind != TW_BARS_TIME && kind != TW_BARS_RENKO && !is_by_tick(kind);
}

/* A number above zero in the unit of a kind's step: trades, or 1e-9. */
static bool parse_step(uint8_t kind, tw_slice text, int64_t *ret_step) {
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

/* ---- What stands behind a step -------------------------------------------------------------- */

static bool parse_span(tw_slice text, uint32_t *ret_span) {
    uint64_t span = 0;
    if (tw_parse_u64(text, &span) != TW_OK || span < 1 || span > UINT32_MAX)
        return false;
    *ret_span = (uint32_t)span;
    return true;
}

/* The place of a word in "one|two|three"; false for another. */
static bool parse_word(tw_slice text, const char *words_of, uint8_t *ret_place) {
    tw_slice rest = tw_slice_of(words_of);
    for (uint8_t i = 0; rest.data != NULL; i++) {
        tw_slice one = tw_slice_split(&rest, '|');
        if (tw_slice_equal(one, text)) {
            *ret_place = i;
            return true;
        }
    }
    return false;
}

static bool parse_side(tw_slice text, bool *ret_tick_rule) {
    uint8_t place;
    bool found = parse_word(text, "given|tick", &place);
    if (found)
        *ret_tick_rule = place == 1;
    return found;
}

/* One `key=value`. False: the key is none of this kind's, or the value none of the key's. */
static bool parse_setting(tw_slice key, tw_slice value, tw_bars_frame *frame) {
    bool has_side = is_signed(frame->kind);
    bool is_renko = frame->kind == TW_BARS_RENKO;
    if (has_side && tw_slice_equal_string(key, "bars"))
        return parse_span(value, &frame->adaptive_bars);
    if (has_side && tw_slice_equal_string(key, "trades"))
        return parse_span(value, &frame->adaptive_trades);
    if (has_side && tw_slice_equal_string(key, "least"))
        return parse_step(frame->kind, value, &frame->adaptive_min);
    if (has_side && tw_slice_equal_string(key, "most"))
        return parse_step(frame->kind, value, &frame->adaptive_max);
    if (has_side && tw_slice_equal_string(key, "side"))
        return parse_side(value, &frame->tick_rule);
    if (is_split(frame->kind) && tw_slice_equal_string(key, "split"))
        return parse_step(frame->kind, value, &frame->split_unit.nano);
    if (is_renko && tw_slice_equal_string(key, "style"))
        return parse_word(value, "classic|close", &frame->renko);
    if (is_renko && tw_slice_equal_string(key, "wicks"))
        return parse_word(value, "body|traded|none", &frame->wicks);
    if (is_renko && tw_slice_equal_string(key, "grid"))
        return parse_step(frame->kind, value, &frame->renko_unit.nano);
    return false;
}

/* A threshold that adapts needs both means, and bounds, which are a tenth and ten times the step
 * where they were not given. */
static bool complete_adaptive(tw_bars_frame *frame) {
    bool adapts = frame->adaptive_bars > 0 && frame->adaptive_trades > 0;
    if (!adapts)
        return frame->adaptive_bars == 0 && frame->adaptive_trades == 0 &&
               frame->adaptive_min == 0 && frame->adaptive_max == 0;
    if (frame->adaptive_min == 0)
        frame->adaptive_min = frame->step < 10 ? 1 : frame->step / 10;
    if (frame->adaptive_max == 0)
        frame->adaptive_max = frame->step > INT64_MAX / 10 ? INT64_MAX : frame->step * 10;
    return frame->adaptive_max >= frame->adaptive_min;
}

static tw_status parse_settings(tw_slice word, tw_slice rest, tw_bars_frame *frame,
                                tw_error *error) {
    while (rest.data != NULL) {
        tw_slice value = tw_slice_split(&rest, ':');
        tw_slice key = tw_slice_split(&value, '=');
        if (value.data == NULL || !parse_setting(key, value, frame))
            return tw_error_set(error, TW_USAGE,
                                "--timeframes: \"%.*s\": %.*s cannot be; imbalance and runs take "
                                "bars=N:trades=N[:least=X:most=X] and side=tick|given, volume and "
                                "value split=X, renko style=classic|close, "
                                "wicks=body|traded|none and grid=X",
                                (int)word.size, word.data,
                                (int)(value.data == NULL ? key.size : key.size + value.size + 1),
                                key.data);
    }
    if (complete_adaptive(frame))
        return TW_OK;
    return tw_error_set(error, TW_USAGE,
                        "--timeframes: \"%.*s\": a threshold that adapts needs bars=N and "
                        "trades=N, and least=X not above most=X",
                        (int)word.size, word.data);
}

static tw_status parse_kind(tw_slice word, tw_bars_frame *ret_frame, char *ret_name,
                            tw_error *error) {
    tw_slice rest = word;
    tw_slice name = tw_slice_split(&rest, ':');
    for (size_t i = 0; rest.data != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (!tw_slice_equal_string(name, words[i].word))
            continue;
        tw_bars_frame frame = {.kind = (uint8_t)words[i].kind, .tick_rule = true};
        if (!parse_step(frame.kind, tw_slice_split(&rest, ':'), &frame.step))
            break;
        char number[TW_DECIMAL_TEXT_SIZE];
        tw_decimal_format(is_by_tick(frame.kind) ? frame.step * TW_NANO : frame.step, number);
        int size = snprintf(ret_name, BARS_NAME_SIZE, "%s:%s%s%.*s",
                            tw_bars_kind_name(words[i].kind), number, rest.data != NULL ? ":" : "",
                            (int)rest.size, rest.data != NULL ? rest.data : "");
        if (size < 0 || size >= BARS_NAME_SIZE)
            break;
        *ret_frame = frame;
        return parse_settings(word, rest, ret_frame, error);
    }
    return not_a_frame(word, error);
}

static tw_status parse_frame(tw_slice word, tw_bars_frame *ret_frame, char *ret_name,
                             tw_error *error) {
    tw_bars_frame frame = {.kind = TW_BARS_TIME};
    if (tw_timeframe_parse(word, &frame.step) != TW_OK)
        return parse_kind(word, ret_frame, ret_name, error);
    tw_timeframe_format(frame.step, ret_name);
    *ret_frame = frame;
    return TW_OK;
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
    for (char *at = file; *at != '\0'; at++)
        if (*at == ':')
            *at = '-';
}
