/*
 * alpaca_flat_row.h - what a flat record is: a table of rows a kind, for both encodings.
 */
#ifndef TW_ALPACA_FLAT_ROW_H
#define TW_ALPACA_FLAT_ROW_H

#include "alpaca_flat.h"

typedef enum flat_form {
    FLAT_DECIMAL,
    FLAT_UNSIGNED,
    FLAT_TIME,
    FLAT_CODE,       /* the first character of a string */
    FLAT_CONDITIONS, /* those of an array of strings; a string by its characters */
    FLAT_TAKER,
    FLAT_MARK,
    FLAT_SYMBOL,
    FLAT_TYPE /* the kind of a message, which was looked at before */
} flat_form;

typedef enum flat_encoding { FLAT_JSON, FLAT_PACKED, FLAT_ENCODING_COUNT } flat_encoding;

typedef struct flat_field {
    /* As the encoding writes it, the first byte lowest: `"vw":`, or a head of two and "vw". */
    struct {
        uint64_t bytes;
        uint64_t mask;
    } key[FLAT_ENCODING_COUNT];
    uint8_t name_size;
    uint8_t form;
    uint16_t offset;
} flat_field;

/* The last two rows of each table are those that only messages of a stream have: symbol, type. */
typedef struct flat_table {
    const flat_field *fields;
    unsigned count;
} flat_table;

extern const flat_table tw_flat_tables[FLAT_KIND_COUNT];

typedef struct flat_item {
    union {
        tw_trade trade;
        tw_quote quote;
        tw_bar bar;
    } record;
    tw_slice name; /* of the symbol; empty in a page */
} flat_item;

/* One object that is being read. */
typedef struct flat_walk {
    const flat_field *fields;
    unsigned count;
    uint32_t seen;    /* rows that were there */
    uint8_t *next;    /* where the row that comes now is guessed and noted */
    uint8_t *guesses; /* the place behind each row */
} flat_walk;

static inline flat_walk flat_walk_record(flat_reading *reading, flat_kind kind) {
    uint8_t *guesses = reading->memory->next[kind];
    const flat_table *table = &tw_flat_tables[kind];
    return (flat_walk){table->fields, table->count - 2, 0, &guesses[FLAT_FIELD_MAX], guesses};
}

/* Of a message whose type was read. */
static inline flat_walk flat_walk_message(flat_reading *reading, flat_kind kind) {
    uint8_t *guesses = reading->memory->next[kind];
    const flat_table *table = &tw_flat_tables[kind];
    uint32_t type = UINT32_C(1) << (table->count - 1);
    return (flat_walk){table->fields, table->count, type, &guesses[FLAT_FIELD_MAX], guesses};
}

/* The row whose key the eight bytes begin with, or NULL: it is in no row. */
static inline const flat_field *flat_walk_row(flat_walk *walk, flat_encoding encoding,
                                              uint64_t bytes) {
    unsigned row = *walk->next;
    const flat_field *fields = walk->fields;
    if (row >= walk->count ||
        (bytes & fields[row].key[encoding].mask) != fields[row].key[encoding].bytes) {
        row = 0;
        while (row < walk->count &&
               (bytes & fields[row].key[encoding].mask) != fields[row].key[encoding].bytes)
            row++;
        if (row == walk->count)
            return NULL;
        *walk->next = (uint8_t)row;
    }
    return &fields[row];
}

/* Goes on behind a row; false if it was there before. */
static inline bool flat_walk_on(flat_walk *walk, const flat_field *field) {
    unsigned row = (unsigned)(field - walk->fields);
    uint32_t bit = UINT32_C(1) << row;
    bool again = (walk->seen & bit) != 0;
    walk->seen |= bit;
    walk->next = &walk->guesses[row];
    return !again;
}

/* Puts what is a word into its place. */
void tw_flat_put_word(const flat_field *field, tw_slice text, flat_item *item);

/* Hands out a record of a page, or a message, which needs its symbol: false without. */
void tw_flat_give_record(flat_reading *reading, flat_kind kind, tw_symbol symbol, flat_item *item);
bool tw_flat_give_message(flat_reading *reading, flat_kind kind, char type, flat_item *item);

/* The kind of a message by its type; FLAT_KIND_COUNT for any other. */
flat_kind tw_flat_kind_of(char type);

#endif
