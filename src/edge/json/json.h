/*
 * json.h - reading JSON: simdjson's On-Demand parser behind a few C functions; and MessagePack, as
 * if it were JSON.
 *
 * A document is visited, not built: tw_json_read calls back with the root, tw_json_each_field and
 * tw_json_each_item call back with every child in the order of the input, and a scalar is taken
 * as text. A value that a callback does not take is still checked for form and then passed over.
 *
 *     static tw_status on_field(void *context, tw_slice key, tw_json_value *value) {
 *         if (tw_slice_equal_string(key, "price"))
 *             return tw_json_scalar(value, &((struct price *)context)->text);
 *         return TW_OK;
 *     }
 *
 * A callback's failure ends the visit and is returned unchanged. A value lives during its
 * callback; slices that were taken live until the reader's next tw_json_read. Each value may be
 * taken once.
 *
 * What is said of a document holds in both encodings: whoever reads words reads them through the
 * same functions. Of MessagePack, keys that are no strings are passed over, and a scalar's text is
 * that of JSON: numbers in their shortest digits, a timestamp (extension -1) in RFC 3339 and UTC, a
 * string or binary as it stands in the input (UTF-8 is not checked), nil an empty slice. Other
 * extensions are of kind TW_JSON_NOTHING: harmless unless they are asked for. Source: the
 * MessagePack specification (github.com/msgpack/msgpack, spec.md, 2017).
 *
 * Memory: JSON is copied into a buffer of the reader, because simdjson reads past the end.
 * MessagePack is not; its numbers and times that are taken as text are written into a buffer of
 * four times `size_max` bytes, which is enough for any input. Threads: a reader belongs to one
 * thread.
 */
#ifndef TRADEWIND_JSON_H
#define TRADEWIND_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/text.h"

/* Values nested deeper than this are refused. */
#define TW_JSON_DEPTH_MAX 64

typedef enum tw_json_kind {
    TW_JSON_OBJECT,
    TW_JSON_ARRAY,
    TW_JSON_STRING,
    TW_JSON_NUMBER,
    TW_JSON_BOOLEAN,
    TW_JSON_NULL,
    TW_JSON_NOTHING /* no JSON value begins so */
} tw_json_kind;

typedef struct tw_json_reader tw_json_reader;
typedef struct tw_json_value tw_json_value;

typedef tw_status (*tw_json_on_value)(void *context, tw_json_value *value);
typedef tw_status (*tw_json_on_field)(void *context, tw_slice key, tw_json_value *value);

TW_BEGIN_DECLS

/* A reader for inputs of at most `size_max` (1 to 1 GiB) bytes. TW_NO_MEMORY. */
tw_status tw_json_reader_new(const tw_allocator *allocator, size_t size_max,
                             tw_json_reader **ret_reader) TW_MUST_CHECK;
void tw_json_reader_free(tw_json_reader *reader);

/* Visits one document, whose root must be an object or an array. TW_FULL if it is larger than
 * the reader, TW_PARSE with the offset, TW_NO_MEMORY; else what the callback returns. */
tw_status tw_json_read(tw_json_reader *reader, tw_slice input, tw_json_on_value on_root,
                       void *context, tw_error *error) TW_MUST_CHECK;

/* The input where tw_json_read would have it: in the reader's buffer, with at least 32 zero bytes
 * behind its end; the same bytes can be given to tw_json_read from there. For whoever knows what to
 * expect and reads that by himself first (flat_json.h). NULL if it is larger than the reader. */
const char *tw_json_padded(tw_json_reader *reader, tw_slice input);

/* tw_json_read for MessagePack. The input is borrowed: slices of strings point into it. A length
 * that lies, a byte that is never used, what follows the document: TW_PARSE with the offset. */
typedef struct tw_msgpack_reader tw_msgpack_reader;
tw_status tw_msgpack_reader_new(const tw_allocator *allocator, size_t size_max,
                                tw_msgpack_reader **ret_reader) TW_MUST_CHECK;
void tw_msgpack_reader_free(tw_msgpack_reader *reader);
tw_status tw_msgpack_read(tw_msgpack_reader *reader, tw_slice input, tw_json_on_value on_root,
                          void *context, tw_error *error) TW_MUST_CHECK;

tw_json_kind tw_json_kind_of(const tw_json_value *value);

/* Visits the children. The value must be of the kind; anything else is TW_PARSE. */
tw_status tw_json_each_field(tw_json_value *value, tw_json_on_field on_field,
                             void *context) TW_MUST_CHECK;
tw_status tw_json_each_item(tw_json_value *value, tw_json_on_value on_item,
                            void *context) TW_MUST_CHECK;

/* The text of a scalar: a string without quotes and escapes, a number, "true" or "false" as
 * written. TW_PARSE for the malformed and for objects and arrays. Null is an empty slice. */
tw_status tw_json_scalar(tw_json_value *value, tw_slice *ret_text) TW_MUST_CHECK;

/* Looks ahead: the text of the string field `key` of an object that was not taken, as written
 * between its quotes. An empty slice if it is no object, has no such field, or no string there, or
 * one with escapes. The object can still be taken. Costs what stands before the field. TW_PARSE. */
tw_status tw_json_peek(tw_json_value *value, const char *key, tw_slice *ret_text) TW_MUST_CHECK;

/* Fills the read's error with a sentence and the value's offset; returns `status`. */
tw_status tw_json_fail(tw_json_value *value, tw_status status, const char *format, ...)
    TW_PRINTF(3, 4);

/* Writing MessagePack: the forms that streams need, each the shortest that holds its value. Bytes
 * are appended; look at text->truncated afterwards. The pairs of a map and the items of an array
 * follow their head. Strings have at most 4 GiB. A time (nanoseconds since the epoch) is a
 * timestamp, extension -1. */
void tw_msgpack_put_map(tw_text *text, uint32_t count);
void tw_msgpack_put_array(tw_text *text, uint32_t count);
void tw_msgpack_put_string(tw_text *text, tw_slice string);
void tw_msgpack_put_unsigned(tw_text *text, uint64_t number);
void tw_msgpack_put_integer(tw_text *text, int64_t number);
void tw_msgpack_put_double(tw_text *text, double number);
void tw_msgpack_put_boolean(tw_text *text, bool value);
void tw_msgpack_put_nil(tw_text *text);
void tw_msgpack_put_time(tw_text *text, int64_t time_ns);

TW_END_DECLS

#endif
