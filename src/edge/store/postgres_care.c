/*
 * postgres_care.c - looking after the tables: check, describe, tidy up.
 *
 * The server checks its own pages while it reads them; what is asked here is whether the rows keep
 * the store's rules, each as a statement that counts those which do not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_priv.h"

#define OF_UNKNOWN_SYMBOLS(table)                                                      \
    {                                                                                  \
        "SELECT count(*) FROM " table " AS r WHERE NOT EXISTS (SELECT 1 FROM symbols " \
        "AS s WHERE s.id = r.symbol)",                                                 \
            "rows of " table " name a symbol that is not there", false                 \
    }

/* Rows that stand in the partition of another day. */
#define OF_OTHER_DAYS(table)                                                                  \
    {                                                                                         \
        "SELECT count(*) FROM " table " AS r JOIN pg_class AS c ON c.oid = r.tableoid WHERE " \
        "c.relname ~ '^" table "_[0-9]{8}$' AND right(c.relname, 8) <> to_char("              \
        "date '1970-01-01' + ((r.time_ns - (r.time_ns % 86400000000000 + 86400000000000) "    \
        "% 86400000000000) / 86400000000000)::int4, 'YYYYMMDD')",                             \
            "rows of " table " stand in the partition of another day", true                   \
    }

static const struct {
    const char *count;
    const char *finding;
    bool of_partitions;
} rules[] = {
    {"SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN "
     "pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND NOT "
     "(i.indisvalid AND i.indisready)",
     "indexes are not valid", false},
    OF_UNKNOWN_SYMBOLS("trades"),
    OF_UNKNOWN_SYMBOLS("quotes"),
    OF_UNKNOWN_SYMBOLS("bars"),
    OF_UNKNOWN_SYMBOLS("orders"),
    OF_UNKNOWN_SYMBOLS("fills"),
    OF_UNKNOWN_SYMBOLS("positions"),
    {"SELECT count(*) FROM trades WHERE price <= 0 OR quantity <= 0 OR side NOT BETWEEN 0 AND 2",
     "trades break the rules of their kind", false},
    {"SELECT count(*) FROM bars WHERE low <= 0 OR high < low OR open NOT BETWEEN low AND high OR "
     "close NOT BETWEEN low AND high OR timeframe_ns <= 0",
     "bars break the rules of their kind", false},
    OF_OTHER_DAYS("trades"),
    OF_OTHER_DAYS("quotes"),
};

static tw_status check_rules(tw_store *store, void *context) {
    postgres_connection *pg = postgres_of(store);
    (void)context;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        int64_t count = 0;
        if (rules[i].of_partitions && !pg->partitioned)
            continue;
        tw_status status = postgres_ask_number(pg, rules[i].count, NULL, 0, &count);
        if (status == TW_OK && count > 0)
            status = postgres_fail(pg, TW_CORRUPT, "%lld %s", (long long)count, rules[i].finding);
        if (status != TW_OK)
            return status;
    }
    return TW_OK;
}

/* Sends what is unsent, so that it is checked, too. */
static tw_status send_and_check(tw_store *store, void *context) {
    tw_status status = postgres_of(store)->unsent > 0 ? postgres_send(store, NULL) : TW_OK;
    return status == TW_OK ? check_rules(store, context) : status;
}

static tw_status limit_statements(postgres_connection *pg, int limit_ms) {
    char text[64];
    snprintf(text, sizeof text, "SET statement_timeout = %d", limit_ms);
    return postgres_run(pg, text);
}

/* One try of work that may take long, without the limit of ordinary statements. */
static tw_status work_unlimited(tw_store *store, void *context) {
    const postgres_attempt *work = context;
    postgres_connection *pg = postgres_of(store);
    tw_status status = limit_statements(pg, 0);
    if (status == TW_OK)
        status = (*work)(store, NULL);
    postgres_fault fault = pg->fault;
    if (status != TW_OK)
        postgres_withdraw(store); /* the setting goes back with a transaction, or stands outside */
    tw_status back = pg->conn == NULL ? TW_OK : limit_statements(pg, POSTGRES_STATEMENT_MS_MAX);
    if (status == TW_OK)
        return back;
    pg->fault = fault;
    return status;
}

static tw_status with_patience(tw_store *store, postgres_attempt work) {
    postgres_connection *pg = postgres_of(store);
    pg->answer_ns_max = POSTGRES_CARE_NS_MAX;
    tw_status status = postgres_persist(store, work_unlimited, &work);
    pg->answer_ns_max = POSTGRES_ANSWER_NS_MAX;
    return status;
}

tw_status postgres_verify(tw_store *store, tw_error *error) {
    tw_status status = with_patience(store, send_and_check);
    return status == TW_OK ? TW_OK : postgres_tell(store, "checking it failed", error);
}

static tw_status measure(tw_store *store, void *ret_size) {
    return postgres_ask_number(
        postgres_of(store),
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class AS c JOIN "
        "pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND "
        "c.relkind = 'r'",
        NULL, 0, ret_size);
}

tw_status postgres_describe(tw_store *store, tw_store_description *ret_description,
                            tw_error *error) {
    int64_t size = 0;
    if (postgres_persist(store, measure, &size) != TW_OK)
        return postgres_tell(store, "asking for its size failed", error);
    ret_description->size = (uint64_t)size;
    return TW_OK;
}

tw_status postgres_backup(tw_store *store, const char *path, tw_error *error) {
    (void)path;
    return tw_error_set(error, TW_UNSUPPORTED,
                        "%s is on a server, which has tools of its own: pg_dump --schema=%s copies "
                        "the store while it is in use",
                        store->path, postgres_of(store)->schema);
}

static tw_status vacuum_tables(tw_store *store, void *context) {
    postgres_connection *pg = postgres_of(store);
    (void)context;
    tw_status status = TW_OK;
    for (int i = 0; i < POSTGRES_TABLE_COUNT && status == TW_OK; i++) {
        char text[64];
        snprintf(text, sizeof text, "VACUUM (ANALYZE) %s", store_statements[i].table);
        status = postgres_run(pg, text);
    }
    return status;
}

tw_status postgres_vacuum(tw_store *store, tw_error *error) {
    tw_status status = with_patience(store, vacuum_tables);
    return status == TW_OK ? TW_OK : postgres_tell(store, "tidying up failed", error);
}
