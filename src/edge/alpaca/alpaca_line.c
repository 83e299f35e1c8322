/* alpaca_line.c - see alpaca_line.h. */
#include "alpaca_line.h"

const char tw_line_pairs[200] = "00010203040506070809"
                                "10111213141516171819"
                                "20212223242526272829"
                                "30313233343536373839"
                                "40414243444546474849"
                                "50515253545556575859"
                                "60616263646566676869"
                                "70717273747576777879"
                                "80818283848586878889"
                                "90919293949596979899";

char *tw_line_time(char *out, int64_t time_ns) {
    int64_t day_ns = tw_time_floor(time_ns, TW_NS_PER_DAY);
    if (day_ns == INT64_MIN) { /* the first day there is, of which only a part is */
        *out++ = '"';
        out += tw_time_format(time_ns, -1, out);
        *out++ = '"';
        return out;
    }
    uint64_t ns = (uint64_t)(time_ns - day_ns);
    tw_date date = tw_date_from_days(day_ns / TW_NS_PER_DAY);
    uint32_t second = (uint32_t)(ns / (uint64_t)TW_NS_PER_SECOND);
    *out++ = '"';
    out = line_pair(out, (uint32_t)date.year / 100);
    out = line_pair(out, (uint32_t)date.year % 100);
    *out++ = '-';
    out = line_pair(out, (uint32_t)date.month);
    *out++ = '-';
    out = line_pair(out, (uint32_t)date.day);
    *out++ = 'T';
    out = line_pair(out, second / 3600);
    *out++ = ':';
    out = line_pair(out, second / 60 % 60);
    *out++ = ':';
    out = line_pair(out, second % 60);
    out = line_fraction(out, (uint32_t)(ns % (uint64_t)TW_NS_PER_SECOND));
    *out++ = 'Z';
    *out++ = '"';
    return out;
}

char *tw_line_code(char *out, char code) {
    if (code >= ' ' && code <= '~' && code != '"' && code != '\\') {
        *out++ = '"';
        *out++ = code;
        *out++ = '"';
        return out;
    }
    tw_text text = tw_text_over(out, sizeof "\"\\u0001\"" + 1);
    tw_text_append_json(&text, (tw_slice){&code, 1});
    TW_ASSERT(!text.truncated);
    return out + text.size;
}
