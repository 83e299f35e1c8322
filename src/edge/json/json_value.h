/*
 * json_value.h - what a value is to json.h, whichever bytes it comes from.
 *
 * Each encoding has one table of functions and a value of its own that begins with this one.
 */
#ifndef TRADEWIND_JSON_VALUE_H
#define TRADEWIND_JSON_VALUE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "json.h"

TW_BEGIN_DECLS

typedef struct json_encoding {
    tw_status (*each_field)(tw_json_value *value, tw_json_on_field on_field, void *context);
    tw_status (*each_item)(tw_json_value *value, tw_json_on_value on_item, void *context);
    tw_status (*scalar)(tw_json_value *value, tw_slice *ret_text);
    tw_status (*peek)(tw_json_value *value, const char *key, tw_slice *ret_text);
    tw_status (*fail)(tw_json_value *value, tw_status status, const char *sentence);
} json_encoding;

struct tw_json_value {
    const json_encoding *encoding;
    tw_json_kind kind;
    bool taken;
};

TW_END_DECLS

#endif
