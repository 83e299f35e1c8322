/* sqlite_quarantine.c - records of the journal into the table of what was set aside. */
#include "sqlite_priv.h"

/* Runs one of the statements below in the open transaction, with the parameters that it has. */
static int run(tw_store *store, int which, const store_quarantine *what, int *ret_changes) {
    int code;
    sqlite3_stmt *statement = sqlite_statement(store, which, &code);
    if (statement == NULL)
        return code;
    code = sqlite3_bind_int64(statement, 1, what->from);
    if (code == SQLITE_OK && sqlite3_bind_parameter_count(statement) == 3) {
        code = sqlite3_bind_int64(statement, 2, what->time_ns);
        if (code == SQLITE_OK)
            code = sqlite3_bind_text(statement, 3, what->reason, -1, SQLITE_STATIC);
    }
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_reset(statement); /* repeats the code of the step */
    *ret_changes = sqlite3_changes(sqlite_of(store)->db);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

tw_status sqlite_quarantine(tw_store *store, const store_quarantine *what, tw_error *error) {
    static const int statements[] = {
        SQLITE_QUARANTINE_KEEP_STATEMENT, SQLITE_QUARANTINE_TAKE_STATEMENT,
        SQLITE_QUARANTINE_CHAIN_STATEMENT, SQLITE_QUARANTINE_COUNT_STATEMENT};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        int changes = 0;
        int code = run(store, statements[i], what, &changes);
        if (code != SQLITE_OK)
            return sqlite_failed(store, code, "setting records of the journal aside failed", error);
        bool of_rows = i < 2;
        if (of_rows && (uint64_t)changes != what->count)
            return tw_error_set(error, TW_STATE,
                                "%s: %d records of the journal were to be set aside, and %llu are "
                                "damaged; it was changed meanwhile",
                                store->path, changes, (unsigned long long)what->count);
    }
    return TW_OK;
}
