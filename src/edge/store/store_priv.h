/*
 * store_priv.h - what the files of the store share: the handle, and the seam of its databases.
 *
 * store*.c is the store as the header tells it: states, batches, symbols, places, what a row is.
 * Behind it stands one store_backend: sqlite_*.c or postgres_*.c, which knows transactions and rows
 * of numbers and texts, and nothing of trading.
 */
#ifndef TRADEWIND_STORE_PRIV_H
#define TRADEWIND_STORE_PRIV_H

#include "store_statements.h"
#include "tradewind/store.h"

/* A reader may meet an older file; the table of imports came with this schema, */
#define STORE_VERSION_OF_IMPORTS 2
/* and with this one the checksums of the journal and the table of what was set aside. */
#define STORE_VERSION_OF_CHAIN 3

#define STORE_QUARANTINES_MAX 1000000 /* more there cannot have been */

/* Changes are announced by groups of symbols: those whose ids agree in their last 12 bits. */
#define STORE_GROUP_COUNT 4096

/* One value of a row. Text is borrowed: from the record on its way in, on its way out until the
 * row's callback returns. */
typedef struct store_value {
    const char *text; /* not NULL in a column of text */
    union {
        int64_t number;
        size_t size; /* bytes of the text */
    };
} store_value;

/* Takes one row of a result. Anything but TW_OK ends the read, which then returns it. */
typedef tw_status (*store_on_row)(tw_store *store, const store_value *row, void *context,
                                  tw_error *error);

/* Records that are set aside: from a sequence on, and those before the first. */
typedef struct store_quarantine {
    int64_t from;
    uint64_t count; /* so many are expected to be there */
    int64_t time_ns;
    const char *reason; /* a word of a-z */
} store_quarantine;

/* What a database does for the store. All run on the handle's thread. A function that fails has
 * filled `error`. */
typedef struct store_backend {
    /* SQL_PRICES_OF gives its rows in any order, because sorting them costs more than reading; and
     * behind them, marked by a quantity of 0 that no trade has, time and price of the first trade
     * and then of the last. */
    bool prices_are_unordered;

    /* Connects, makes or checks the tables, and fills epoch, last_id, last_sequence, what is known
     * of the chain, and the name of the backend. What it took so far is given back by close. */
    tw_status (*open)(tw_store *store, const tw_store_config *config, tw_error *error);

    /* Ends the connection, if there is one; in FAILED nothing is written any more. No batch is
     * open. */
    tw_status (*close)(tw_store *store, tw_error *error);

    /* Begins a transaction. TW_BUSY leaves everything as it was. */
    tw_status (*begin)(tw_store *store, tw_error *error);

    /* Writes a row in the transaction. What became of it, symbols left out, is counted in batch_put
     * and batch_skipped, now or at the commit. */
    tw_status (*put)(tw_store *store, store_sql which, const store_value *row, tw_error *error);

    /* In the transaction and ahead of its rows: moves records out of the journal, and counts that.
     */
    tw_status (*quarantine)(tw_store *store, const store_quarantine *what, tw_error *error);

    /* Ends the transaction. With `full` it is on the disk, or sync makes it so: it says which by
     * setting store->unsynced. */
    tw_status (*commit)(tw_store *store, bool full, tw_error *error);

    /* Puts all that was committed on the disk. After a failure nobody knows what is there. */
    tw_status (*sync)(tw_store *store, tw_error *error);

    /* Gives up the transaction; true if it is gone. */
    bool (*rollback)(tw_store *store);

    /* Housekeeping after a commit. What must end writing it reports with store_fail. */
    void (*tend)(tw_store *store);

    /* Tells every process, after a commit and before it is acknowledged, that the trades of the
     * groups marked in `touched` (STORE_GROUP_COUNT bits) have changed. */
    void (*announce)(tw_store *store, const uint64_t *touched);

    /* A number that is another one after trades of a group were announced. False: not to be known
     * here. Read it before the rows. */
    bool (*generation)(tw_store *store, uint32_t group, uint64_t *ret_generation);

    /* Runs a read. Callbacks may run other statements, but not the same one. */
    tw_status (*select)(tw_store *store, store_sql which, const store_value *parameters,
                        store_on_row on_row, void *context, tw_error *error);

    /* Reads the whole database against its own rules. */
    tw_status (*verify)(tw_store *store, tw_error *error);

    /* See tw_store_describe, tw_store_backup and tw_store_vacuum. */
    tw_status (*describe)(tw_store *store, tw_store_description *ret_description, tw_error *error);
    tw_status (*backup)(tw_store *store, const char *path, tw_error *error);
    tw_status (*vacuum)(tw_store *store, tw_error *error);
} store_backend;

extern const store_backend store_sqlite;
extern const store_backend store_postgres;

/* The states of the state diagram in tradewind/store.h. */
typedef enum store_state { STORE_READY, STORE_BATCH, STORE_ABORTED, STORE_FAILED } store_state;

/* How many rows of one symbol and time have come without an identity of their own. */
typedef struct store_place {
    int64_t time_ns;
    uint64_t series; /* of begin_series; another number means: nothing yet */
    uint32_t place;
} store_place;

/* The place now, and as it was before the batch that touched it last. */
typedef struct store_places {
    store_place now;
    store_place before;
    uint64_t batch;
} store_places;

struct tw_store {
    const tw_allocator *allocator;
    const store_backend *backend;
    tw_cache *statistics;
    void *connection; /* the backend's own */
    char *path;       /* as messages name it: without a password */
    size_t path_size;
    tw_store_mode mode;
    store_state state;
    tw_error lost; /* why ABORTED or FAILED */
    uint64_t epoch;
    int64_t version; /* of the schema */
    /* symbols */
    tw_symbols *symbols;
    tw_lock *symbols_lock; /* or NULL */
    uint32_t symbol_count_max;
    uint32_t *id_of;       /* by index in `symbols`: id in the store, 0 not known */
    tw_symbol *index_of;   /* by id in the store, from 1: index + 1, 0 not known */
    uint32_t last_id;      /* in the store, the open batch included */
    uint32_t committed_id; /* without it */
    /* batch */
    uint32_t batch_rows_max;
    bool batch_is_durable;
    bool unsynced; /* a commit came after the last sync */
    uint64_t batch_put;
    uint64_t batch_skipped;
    uint64_t batch;  /* number of the open or next batch, from 1 */
    uint64_t series; /* number of the current series, from 1 */
    store_places *trade_places;
    store_places *quote_places;
    uint64_t touched[STORE_GROUP_COUNT / 64]; /* groups with trades in the open batch */
    uint64_t last_sequence;
    uint64_t committed_sequence;
    /* chain of the journal */
    uint64_t last_checksum; /* of last_sequence; 0: it has none */
    uint64_t committed_checksum;
    uint64_t chained_after; /* the last record without a checksum */
    uint64_t quarantines;
    tw_store_figures figures;
    char backend_name[64];
    const char *precautions; /* constant; NULL: none */
};

/* ---- store.c ---- */

/* The group of a symbol, by its id in the store. */
static inline uint32_t store_group_of(int64_t id) {
    return (uint32_t)id % STORE_GROUP_COUNT;
}

/* Opens the batch if there is none and counts `count` rows into it, if they fit. */
tw_status store_enter_batch(tw_store *store, size_t count, bool durable,
                            tw_error *error) TW_MUST_CHECK;

/* Gives up the batch after a failed write, whose error is given and returned. */
tw_status store_lose_batch(tw_store *store, tw_status status, const tw_error *error);

/* No more writing. The first error is the one that is repeated. */
void store_fail(tw_store *store, const tw_error *error);

/* Puts a row; a failure loses the batch. */
tw_status store_put(tw_store *store, store_sql which, const store_value *row,
                    tw_error *error) TW_MUST_CHECK;

/* Reads what a put must know, in its batch; a failure loses the batch. */
tw_status store_look_up(tw_store *store, store_sql which, const store_value *parameters,
                        store_on_row on_row, void *context, tw_error *error) TW_MUST_CHECK;

/* A store_on_row that keeps the row's first number in the int64_t that `context` is. */
tw_status store_keep_number(tw_store *store, const store_value *row, void *context,
                            tw_error *error);

/* Reads the one row of one number that a statement without parameters gives. */
tw_status store_integer(tw_store *store, store_sql which, int64_t *ret_value,
                        tw_error *error) TW_MUST_CHECK;

/* ---- store_symbols.c ---- */

/* The id in the store of an index. One that is not there is added if `add` (in an open batch only),
 * else its id is 0. */
tw_status store_id_of(tw_store *store, tw_symbol symbol, bool add, int64_t *ret_id,
                      tw_error *error) TW_MUST_CHECK;

/* The index of an id in the store, added to the table of symbols. */
tw_status store_index_of(tw_store *store, int64_t id, tw_symbol *ret_symbol,
                         tw_error *error) TW_MUST_CHECK;

tw_status store_no_room_for_symbol(const tw_store *store, tw_error *error);

/* Forgets the symbols that the batch has added. */
void store_forget_symbols(tw_store *store);

/* ---- store_rows.c: the rules of a row; from any thread ---- */

tw_status store_check_trade(const tw_store *store, const tw_trade *trade, size_t index,
                            tw_error *error) TW_MUST_CHECK;
tw_status store_check_quote(const tw_store *store, const tw_quote *quote, size_t index,
                            tw_error *error) TW_MUST_CHECK;
tw_status store_check_bar(const tw_store *store, const tw_bar *bar, size_t index,
                          tw_error *error) TW_MUST_CHECK;
tw_status store_check_order(const tw_store *store, const tw_order *order, size_t index,
                            tw_error *error) TW_MUST_CHECK;
tw_status store_check_fill(const tw_store *store, const tw_fill *fill, size_t index,
                           tw_error *error) TW_MUST_CHECK;
tw_status store_check_import(const tw_store_import *import, tw_error *error) TW_MUST_CHECK;

/* ---- store_read.c ---- */

/* Time, price and quantity of the trades of one symbol in a range, in their order or as
 * prices_are_unordered says. */
tw_status store_read_prices(tw_store *store, const tw_store_range *range, store_on_row on_row,
                            void *context, tw_error *error) TW_MUST_CHECK;

/* ---- values ---- */

static inline store_value store_number(int64_t number) {
    return (store_value){.text = NULL, .number = number};
}

/* An empty slice may have no data; SQL's NULL is not meant. */
static inline store_value store_text(const char *text, size_t size) {
    return (store_value){.text = text == NULL ? "" : text, .size = size};
}

#endif
