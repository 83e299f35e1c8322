/*
 * bare_sqlite.h - SQLite's own interface with our errors, for the ways that do without a store.
 *
 * All of them write and read the files of a store (stored_trades.h), so that the tables are the
 * same; and with the same durability: a write-ahead log that is synced by each commit.
 */
#ifndef TRADEWIND_PROOF_BARE_SQLITE_H
#define TRADEWIND_PROOF_BARE_SQLITE_H

#include <sqlite3.h>

#include "tradewind/error.h"
#include "tradewind/market.h"

/* Opens what is there. On a failure nothing is left open. */
tw_status bare_open(const char *path, bool to_write, sqlite3 **ret_db,
                    tw_error *error) TW_MUST_CHECK;

/* TW_IO with SQLite's sentence, unless `code` is `expected`. */
tw_status bare_check(sqlite3 *db, int code, int expected, tw_error *error) TW_MUST_CHECK;

tw_status bare_execute(sqlite3 *db, const char *text, tw_error *error) TW_MUST_CHECK;

extern const char bare_insert_text[]; /* of a trade */

/* Binds a trade to bare_insert_text and steps. */
tw_status bare_insert(sqlite3 *db, sqlite3_stmt *insert, const tw_trade *trade,
                      tw_error *error) TW_MUST_CHECK;

/* A number that depends on every column of every trade in the file. */
tw_status bare_checksum(const char *path, double *ret_checksum, tw_error *error) TW_MUST_CHECK;

#endif
