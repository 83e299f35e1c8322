/* bare_sqlite.c - see bare_sqlite.h. */
#include "bare_sqlite.h"

tw_status bare_check(sqlite3 *db, int code, int expected, tw_error *error) {
    if (code == expected)
        return TW_OK;
    return tw_error_set(error, TW_IO, "SQLite says: %s", sqlite3_errmsg(db));
}

tw_status bare_execute(sqlite3 *db, const char *text, tw_error *error) {
    return bare_check(db, sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, error);
}

tw_status bare_open(const char *path, bool to_write, sqlite3 **ret_db, tw_error *error) {
    sqlite3 *db = NULL;
    int flags = to_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    tw_status status = bare_check(db, sqlite3_open_v2(path, &db, flags, NULL), SQLITE_OK, error);
    if (status == TW_OK && to_write)
        status = bare_execute(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", error);
    if (status == TW_OK)
        *ret_db = db;
    else
        sqlite3_close(db);
    return status;
}

const char bare_insert_text[] =
    "INSERT INTO trades(symbol, time_ns, id, exchange, place, price, quantity, side, tape, "
    "conditions) VALUES(?1, ?2, ?3, 0, 0, ?4, ?5, ?6, 0, '')";

tw_status bare_insert(sqlite3 *db, sqlite3_stmt *insert, const tw_trade *trade, tw_error *error) {
    sqlite3_bind_int64(insert, 1, (int64_t)trade->symbol + 1); /* as the store has numbered them */
    sqlite3_bind_int64(insert, 2, trade->time_ns);
    sqlite3_bind_int64(insert, 3, (int64_t)trade->id);
    sqlite3_bind_int64(insert, 4, trade->price.nano);
    sqlite3_bind_int64(insert, 5, trade->quantity.nano);
    sqlite3_bind_int64(insert, 6, trade->side);
    return bare_check(db, sqlite3_step(insert), SQLITE_DONE, error);
}

/* Also in peer_inserts.py. */
static const char checksum_text[] =
    "SELECT count(*) + 3 * sum(symbol) + 5 * sum(time_ns % 1000003) + 7 * sum(id) + "
    "11 * sum(price / 10000000) + 13 * sum(quantity / 1000000000) + 17 * sum(side) + "
    "19 * sum(exchange + place + tape + length(conditions)) FROM trades";

tw_status bare_checksum(const char *path, double *ret_checksum, tw_error *error) {
    sqlite3 *db = NULL;
    sqlite3_stmt *query = NULL;
    tw_status status = bare_open(path, false, &db, error);
    if (status != TW_OK)
        return status;
    status =
        bare_check(db, sqlite3_prepare_v2(db, checksum_text, -1, &query, NULL), SQLITE_OK, error);
    if (status == TW_OK)
        status = bare_check(db, sqlite3_step(query), SQLITE_ROW, error);
    if (status == TW_OK)
        *ret_checksum = (double)sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return status;
}
