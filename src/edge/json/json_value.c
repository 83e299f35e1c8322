/*
 * json_value.c - the functions of json.h that take a value: each asks the value's encoding.
 */
#include "json_value.h"

#include <stdio.h>

tw_json_kind tw_json_kind_of(const tw_json_value *value) {
    return value->kind;
}

tw_status tw_json_each_field(tw_json_value *value, tw_json_on_field on_field, void *context) {
    TW_ASSERT(!value->taken);
    return value->encoding->each_field(value, on_field, context);
}

tw_status tw_json_each_item(tw_json_value *value, tw_json_on_value on_item, void *context) {
    TW_ASSERT(!value->taken);
    return value->encoding->each_item(value, on_item, context);
}

tw_status tw_json_scalar(tw_json_value *value, tw_slice *ret_text) {
    TW_ASSERT(!value->taken);
    return value->encoding->scalar(value, ret_text);
}

tw_status tw_json_peek(tw_json_value *value, const char *key, tw_slice *ret_text) {
    TW_ASSERT(!value->taken);
    return value->encoding->peek(value, key, ret_text);
}

tw_status tw_json_fail(tw_json_value *value, tw_status status, const char *format, ...) {
    char sentence[TW_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return value->encoding->fail(value, status, sentence);
}
