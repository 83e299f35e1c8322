/*
 * journal_fields.h - single fields out of the payload of a journal entry.
 *
 *     journal_field fields[] = {{"symbol"}, {"quantity"}};
 *     status = journal_fields_read(reader, record->payload, fields, 2, &error);
 *     ... fields[1].text ...
 */
#ifndef TRADEWIND_CLI_JOURNAL_FIELDS_H
#define TRADEWIND_CLI_JOURNAL_FIELDS_H

#include "json.h"

/* The largest payload that is read: the engine's are below TW_JOURNAL_PAYLOAD_SIZE. */
enum { JOURNAL_PAYLOAD_SIZE_MAX = 4096 };

typedef struct journal_field {
    const char *key;
    tw_slice text; /* of its scalar, until the reader's next document; empty: it is not there */
} journal_field;

/* Fills the texts of the scalars that the payload has of these keys; other fields are passed over.
 * TW_PARSE: it is no JSON object, or one of the keys is no scalar. TW_FULL: it is too large. */
tw_status journal_fields_read(tw_json_reader *reader, tw_slice payload, journal_field *fields,
                              size_t count, tw_error *error) TW_MUST_CHECK;

/* The text of `"key":"..."` in a payload, which is not read as JSON: the engine writes it, and ids,
 * symbols and words of its own hold no quote. Empty: it is not there. */
tw_slice journal_text_of(tw_slice payload, const char *key);

/* Is an entry about this order: a whole client order id, or the number at its end? */
bool journal_is_about(tw_slice payload, const char *order);

/* The exact number of a field; `otherwise` where there is none. */
int64_t journal_field_decimal(const journal_field *field, int64_t otherwise);

#endif
