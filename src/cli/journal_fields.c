/* journal_fields.c - see journal_fields.h. */
#include "journal_fields.h"

#include <stdio.h>
#include <string.h>

#include "tradewind/decimal.h"

typedef struct wanted_fields {
    journal_field *fields;
    size_t count;
} wanted_fields;

static tw_status take_field(void *context, tw_slice key, tw_json_value *value) {
    const wanted_fields *wanted = context;
    for (size_t i = 0; i < wanted->count; i++) {
        if (tw_slice_equal_string(key, wanted->fields[i].key))
            return tw_json_scalar(value, &wanted->fields[i].text);
    }
    return TW_OK;
}

static tw_status take_object(void *context, tw_json_value *value) {
    return tw_json_each_field(value, take_field, context);
}

tw_status journal_fields_read(tw_json_reader *reader, tw_slice payload, journal_field *fields,
                              size_t count, tw_error *error) {
    wanted_fields wanted = {fields, count};
    for (size_t i = 0; i < count; i++)
        fields[i].text = (tw_slice){NULL, 0};
    return tw_json_read(reader, payload, take_object, &wanted, error);
}

tw_slice journal_text_of(tw_slice payload, const char *key) {
    char begin[32];
    int size = snprintf(begin, sizeof begin, "\"%s\":\"", key);
    TW_ASSERT(size > 0 && (size_t)size < sizeof begin);
    const char *at = memmem(payload.data, payload.size, begin, (size_t)size);
    if (at == NULL)
        return (tw_slice){NULL, 0};
    tw_slice rest = {at + size, payload.size - (size_t)(at + size - payload.data)};
    return tw_slice_split(&rest, '"');
}

bool journal_is_about(tw_slice payload, const char *order) {
    tw_slice id = journal_text_of(payload, "order");
    size_t size = strlen(order);
    if (size == 0 || id.size < size || memcmp(id.data + id.size - size, order, size) != 0)
        return false;
    return id.size == size || id.data[id.size - size - 1] == '-';
}

int64_t journal_field_decimal(const journal_field *field, int64_t otherwise) {
    int64_t nano = 0;
    return tw_decimal_parse(field->text, &nano) == TW_OK ? nano : otherwise;
}
