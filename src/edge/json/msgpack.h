/*
 * msgpack.h - reading MessagePack as if it were JSON: the same visits, the same values.
 *
 * What json.h says of a document holds here: a reader visits one, and whoever reads words reads
 * them from either encoding through the same functions. Map keys that are no strings are passed
 * over. A scalar's text is that of JSON: numbers in their shortest digits, a timestamp (extension
 * -1) in RFC 3339 and UTC, a string or binary as it stands in the input (zero-copy; UTF-8 is not
 * checked), nil an empty slice. Other extensions are of kind TW_JSON_NOTHING: harmless unless they
 * are asked for.
 *
 * Memory: numbers and times that are taken as text are written into the reader's buffer of four
 * times `size_max` bytes, which is enough for any input. Cost: O(1) a value that is visited; a
 * value that is not taken is walked once. Threads: a reader belongs to one thread. Source: the
 * MessagePack specification (github.com/msgpack/msgpack, spec.md, 2017).
 */
#ifndef TRADEWIND_MSGPACK_H
#define TRADEWIND_MSGPACK_H

#include "json.h"

typedef struct tw_msgpack_reader tw_msgpack_reader;

TW_BEGIN_DECLS

/* A reader for inputs of at most `size_max` (1 to 1 GiB) bytes. TW_NO_MEMORY. */
tw_status tw_msgpack_reader_new(const tw_allocator *allocator, size_t size_max,
                                tw_msgpack_reader **ret_reader) TW_MUST_CHECK;
void tw_msgpack_reader_free(tw_msgpack_reader *reader);

/* Visits one document, whose root must be a map or an array, and which must be the whole input. The
 * input is borrowed: slices of strings point into it. TW_FULL, TW_PARSE with the offset; else what
 * the callback returns. */
tw_status tw_msgpack_read(tw_msgpack_reader *reader, tw_slice input, tw_json_on_value on_root,
                          void *context, tw_error *error) TW_MUST_CHECK;

TW_END_DECLS

#endif
