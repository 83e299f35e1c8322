/* query.c - see query.h. */
#include "query.h"

#include <inttypes.h>
#include <stdio.h>

tw_slice query_text(const exchange_call *call, const char *name) {
    tw_slice text = {0};
    return tw_http_request_query(call->request, name, &text) ? text : (tw_slice){0};
}

bool query_invalid(exchange_call *call, const char *name, tw_slice text) {
    answer_error(call, 422, CODE_REQUEST, "invalid %s: %.*s", name, (int)text.size, text.data);
    return false;
}

bool query_flag(exchange_call *call, const char *name, bool *ret_flag) {
    static const char *const words[2][6] = {{"0", "f", "F", "FALSE", "false", "False"},
                                            {"1", "t", "T", "TRUE", "true", "True"}};
    tw_slice text = query_text(call, name);
    if (text.size == 0)
        return true;
    for (int i = 0; i < 2 * 6; i++) {
        if (!tw_slice_equal_string(text, words[i / 6][i % 6]))
            continue;
        *ret_flag = i >= 6;
        return true;
    }
    return query_invalid(call, name, text);
}

bool query_time(exchange_call *call, const char *name, int64_t *ret_ns) {
    tw_slice text = query_text(call, name);
    if (text.size == 0 || tw_time_parse(text, ret_ns) == TW_OK)
        return true;
    return query_invalid(call, name, text);
}

bool query_count(exchange_call *call, const char *name, uint64_t most, uint64_t *ret_count) {
    tw_slice text = query_text(call, name);
    uint64_t count = 0;
    if (text.size == 0)
        return true;
    if (tw_parse_u64(text, &count) != TW_OK || count == 0 || count > most) {
        answer_error(call, 422, CODE_REQUEST, "%s must be 1 to %" PRIu64, name, most);
        return false;
    }
    *ret_count = count;
    return true;
}

void query_write_day(int64_t day, char *buffer) {
    tw_date date = tw_date_from_days(day);
    snprintf(buffer, 16, "%04u-%02u-%02u", (unsigned)date.year % 10000, (unsigned)date.month % 100,
             (unsigned)date.day % 100);
}
