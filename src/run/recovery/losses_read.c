/* losses_read.c - see losses_read.h. What it reads is written by the engine's losses.c. */
#include "losses_read.h"

enum { FIELDS = 6 }; /* each must be there: a figure that is missing would count as none */

typedef struct losses_reading {
    tw_pretrade_past past;
    uint32_t seen;
} losses_reading;

static tw_status take_stop(void *context, tw_json_value *value) {
    losses_reading *reading = context;
    tw_slice name;
    tw_status status = tw_json_scalar(value, &name);
    for (int i = 0; status == TW_OK && i < TW_PRETRADE_STOP_COUNT; i++) {
        tw_pretrade_reason reason = tw_pretrade_stop_reason((tw_pretrade_stop)i);
        if (tw_slice_equal_string(name, tw_pretrade_reason_name(reason))) {
            reading->past.stops |= 1u << i;
            return TW_OK;
        }
    }
    return status == TW_OK ? TW_PARSE : status;
}

static tw_status take_count(tw_slice text, uint64_t max, uint64_t *ret_count) {
    tw_status status = tw_parse_u64(text, ret_count);
    return status == TW_OK && *ret_count > max ? TW_PARSE : status;
}

static tw_status take_field(void *context, tw_slice key, tw_json_value *value) {
    static const char *const keys[FIELDS] = {"day_equity", "peak_equity", "losses",
                                             "submits",    "replaces",    "cancels"};
    losses_reading *reading = context;
    tw_pretrade_past *past = &reading->past;
    tw_slice text;
    uint64_t count = 0;
    if (tw_slice_equal_string(key, "stops"))
        return tw_json_each_item(value, take_stop, reading);
    uint32_t field = 0;
    while (field < FIELDS && !tw_slice_equal_string(key, keys[field]))
        field++;
    if (field == FIELDS)
        return TW_OK;
    reading->seen |= 1u << field;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (field < 2)
        return tw_decimal_parse(text,
                                field == 0 ? &past->day_equity.nano : &past->peak_equity.nano);
    status = take_count(text, field == 2 ? UINT32_MAX : UINT64_MAX / 2, &count);
    if (field == 2)
        past->losses = (uint32_t)count;
    else
        past->messages[field - 3] = count;
    return status;
}

static tw_status take_root(void *context, tw_json_value *root) {
    return tw_json_each_field(root, take_field, context);
}

tw_status losses_read(tw_json_reader *reader, tw_slice payload, tw_pretrade_past *ret_past) {
    losses_reading reading = {0};
    tw_status status = tw_json_read(reader, payload, take_root, &reading, NULL);
    if (status == TW_NO_MEMORY)
        return status;
    if (status != TW_OK || reading.seen != (1u << FIELDS) - 1)
        return TW_PARSE;
    *ret_past = reading.past;
    return TW_OK;
}
