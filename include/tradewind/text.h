/*
 * text.h - slices of bytes, a bounded writer, and numbers out of text.
 *
 * A tw_slice borrows bytes that need no NUL. A tw_text writes into a buffer that the caller
 * owns; when it is full it stops, remembers that, and never overruns.
 *
 * Memory: nothing is allocated. Threads: all functions are pure.
 */
#ifndef TRADEWIND_TEXT_H
#define TRADEWIND_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/status.h"

typedef struct tw_slice {
    const char *data;
    size_t size;
} tw_slice;

typedef struct tw_text {
    char *data;
    size_t size;     /* bytes written, without the NUL that always follows */
    size_t capacity; /* bytes of `data`, the NUL included */
    bool truncated;  /* something did not fit; it was left out as a whole */
} tw_text;

TW_BEGIN_DECLS

/* A slice of a NUL-terminated string; NULL gives an empty slice. */
TW_API tw_slice tw_slice_of(const char *string);
TW_API bool tw_slice_equal(tw_slice a, tw_slice b);
TW_API bool tw_slice_equal_string(tw_slice a, const char *string);
TW_API bool tw_slice_starts_with(tw_slice text, const char *prefix);

/* Without spaces, tabs, CR and LF at both ends. */
TW_API tw_slice tw_slice_trim(tw_slice text);

/* Cuts `*rest` at the first `separator`: returns what stands before it and leaves in `*rest`
 * what stands after. Without a separator the whole is returned and `rest->data` becomes NULL. */
TW_API tw_slice tw_slice_split(tw_slice *rest, char separator);

/* Copies into a NUL-terminated buffer; TW_FULL (and nothing written) if it does not fit. */
TW_API tw_status tw_slice_copy(tw_slice text, char *buffer, size_t capacity) TW_MUST_CHECK;

/* True if all of it is well-formed UTF-8 (Unicode 15, table 3-7); NUL is a character like others.
 */
TW_API bool tw_slice_is_utf8(tw_slice text);

/* How many letters must be changed, added, left out or swapped with their neighbour to make one
 * word of the other: small for a slip of the keyboard. For words of at most 64 bytes. */
TW_API size_t tw_slice_distance(tw_slice a, tw_slice b);

/* Whole-slice numbers: no sign for unsigned, no spaces, no leading "+", no locale.
 * TW_PARSE for anything else, TW_RANGE when it does not fit. Infinity and NaN are TW_PARSE. */
TW_API tw_status tw_parse_u64(tw_slice text, uint64_t *ret_value) TW_MUST_CHECK;
TW_API tw_status tw_parse_i64(tw_slice text, int64_t *ret_value) TW_MUST_CHECK;
TW_API tw_status tw_parse_double(tw_slice text, double *ret_value) TW_MUST_CHECK;

/* A writer over `capacity` (at least 1) bytes. Each call below appends its piece as a whole; once
 * one did not fit, the writer ignores all others until tw_text_clear. */
TW_API tw_text tw_text_over(char *buffer, size_t capacity);
TW_API void tw_text_clear(tw_text *text);
TW_API void tw_text_append(tw_text *text, tw_slice piece);
TW_API void tw_text_append_string(tw_text *text, const char *string);
TW_API void tw_text_append_char(tw_text *text, char c);
TW_API void tw_text_append_u64(tw_text *text, uint64_t value);
TW_API void tw_text_append_i64(tw_text *text, int64_t value);
/* The shortest digits that read back as the same double ("0.1"); "null" if not finite. */
TW_API void tw_text_append_double(tw_text *text, double value);
TW_API void tw_text_append_format(tw_text *text, const char *format, ...) TW_PRINTF(2, 3);
/* A JSON string with its quotes; control bytes, quote and backslash escaped. Invalid UTF-8 is
 * replaced by U+FFFD. */
TW_API void tw_text_append_json(tw_text *text, tw_slice piece);
TW_API tw_slice tw_text_slice(const tw_text *text);

TW_END_DECLS

#endif
