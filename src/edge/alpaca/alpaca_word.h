/*
 * alpaca_word.h - one table a word: the same rows encode and decode it.
 *
 * A row names a JSON key, the field of the struct, its form, and what is written when there is
 * no value. Row number F of a word's table is bit F of its `present`.
 */
#ifndef TW_ALPACA_WORD_H
#define TW_ALPACA_WORD_H

#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "tradewind/text.h"

typedef enum word_form {
    WORD_TEXT,    /* char[size] */
    WORD_SLICE,   /* tw_slice, borrowed from the reader */
    WORD_LIST,    /* char[size], "a,b": an array of strings; the word's own code reads it */
    WORD_DECIMAL, /* int64_t at 1e-9, written as a JSON string ("12.5") */
    WORD_NUMBER,  /* int64_t at 1e-9, written as a JSON number */
    WORD_INTEGER, /* int64_t, written as a JSON number */
    WORD_COUNT,   /* uint64_t, written as a JSON number */
    WORD_REAL,    /* double, written with its shortest digits: for statistics */
    WORD_BOOLEAN, /* bool or uint8_t */
    WORD_TIME,    /* int64_t nanoseconds since the epoch, written as RFC 3339 in UTC */
    WORD_CUSTOM   /* the word's own code reads and writes it */
} word_form;

typedef enum word_absent {
    WORD_NULL, /* "key":null */
    WORD_ZERO, /* "", "0", 0 or false */
    WORD_OMIT, /* the key is left out */
    WORD_ALIAS /* another name of a row: written only if its bit is set */
} word_absent;

typedef struct word_field {
    const char *name;
    const char *member; /* `,"name":null`; NULL of a WORD_CUSTOM row */
    size_t offset;
    uint16_t size;     /* of the field, for WORD_TEXT */
    uint16_t key_size; /* of `member` up to its colon */
    uint8_t form;
    uint8_t absent;
} word_field;

typedef struct word_table {
    const word_field *fields;
    uint32_t count; /* at most 64 */
} word_table;

#define WORD_ROW(type, key, member, form, absent)                                                \
    {                                                                                            \
        key, ",\"" key "\":null", offsetof(type, member), (uint16_t)sizeof(((type *)0)->member), \
            (uint16_t)(sizeof(",\"" key "\":") - 1), form, absent                                \
    }
#define WORD_CUSTOM_ROW(key, absent) \
    { key, NULL, 0, 0, 0, WORD_CUSTOM, absent }

/* Reads `value` into row `row` of `record` and sets its bit. Null leaves both alone. TW_PARSE or
 * TW_RANGE with the field's name. Not for WORD_CUSTOM. */
tw_status tw_word_decode(const word_table *table, uint32_t row, tw_json_value *value, void *record,
                         uint64_t *present) TW_MUST_CHECK;

/* The same in two steps, for whoever tells a value that is wrong from input that is no JSON: takes
 * the text of `value` first, which must not be null, then puts it into the record. */
tw_status tw_word_put(const word_table *table, uint32_t row, tw_json_value *value, tw_slice text,
                      void *record, uint64_t *present) TW_MUST_CHECK;

/* The row of a key, or `table->count`. `hint` is where to look first (keys mostly come in the
 * table's order) and is moved on. */
uint32_t tw_word_find(const word_table *table, tw_slice key, uint32_t *hint);

/* Reads the fields of an object that the table names, and passes over the others: the counterpart
 * of tw_word_encode_all. Statuses as tw_word_decode. */
tw_status tw_word_decode_all(const word_table *table, tw_json_value *object, void *record,
                             uint64_t *present) TW_MUST_CHECK;

/* Writes one row, with the comma before it unless *first (which becomes false). */
void tw_word_encode(const word_table *table, uint32_t row, const void *record, uint64_t present,
                    tw_text *text, bool *first);

/* Writes the rows of a table as one object, but for WORD_CUSTOM rows. */
void tw_word_encode_all(const word_table *table, const void *record, uint64_t present,
                        tw_text *text);

/* `,"key":` or `"key":`. */
void tw_word_key(tw_text *text, const char *name, bool *first);

/* A number as JSON text, exact: a string and a number are read alike. Null is TW_EMPTY. */
tw_status tw_word_decimal(tw_json_value *value, const char *name, int64_t *ret_nano) TW_MUST_CHECK;

/* An array of scalars, or one of them, as a list with commas. False in *ret_whole if it was cut. */
tw_status tw_word_list(tw_json_value *value, char *buffer, size_t capacity,
                       bool *ret_whole) TW_MUST_CHECK;

/* Copies as much as fits, cut at a UTF-8 boundary; false if something was cut. */
bool tw_word_copy(tw_slice text, char *buffer, size_t capacity);

void tw_word_put_decimal(tw_text *text, int64_t nano);
void tw_word_put_time(tw_text *text, int64_t time_ns);
void tw_word_put_string(tw_text *text, const char *string);
/* A list with commas as an array of strings. */
void tw_word_put_list(tw_text *text, const char *list);

#endif
