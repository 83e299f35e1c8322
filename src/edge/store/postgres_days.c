/*
 * postgres_days.c - a partition for each day of trades and of quotes, where that can be had.
 *
 * Idea: partitions are for speed (small indexes, a day dropped at once) and nothing else. A row
 * always finds a home: what belongs to no day's partition rests in the default one, trades_rest. So
 * making a partition is only tried: not when a reader is in the way for long, not beyond
 * POSTGRES_DAYS_MAX, and not when rows of the day rest already. A day that failed is settled: its
 * rows go on resting. Partitions of any other width, made by hand, are used as they are.
 *
 * Invariant: `settled` is sorted and holds the days made or given up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_priv.h"

#define NAME_FORMAT "%s_%04d%02d%02d"
#define READERS_MAY_DELAY_MS 200
#define FIRST_WHOLE_DAY (INT64_MIN / TW_NS_PER_DAY)
#define LAST_DAY (INT64_MAX / TW_NS_PER_DAY)

postgres_days *postgres_days_of(postgres_connection *pg, store_sql table) {
    if (!pg->partitioned || (table != SQL_PUT_TRADE && table != SQL_PUT_QUOTE))
        return NULL;
    return &pg->days[table == SQL_PUT_QUOTE];
}

/* The index of the first settled day that is not before `day`. */
static uint32_t find_settled(const postgres_days *days, int32_t day) {
    uint32_t low = 0;
    uint32_t high = days->settled_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (days->settled[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_settled(const postgres_days *days, int32_t day) {
    uint32_t at = find_settled(days, day);
    return at < days->settled_count && days->settled[at] == day;
}

static void settle(postgres_days *days, int32_t day) {
    uint32_t at = find_settled(days, day);
    bool is_full = days->settled_count == sizeof days->settled / sizeof days->settled[0];
    if (is_full || (at < days->settled_count && days->settled[at] == day))
        return;
    memmove(&days->settled[at + 1], &days->settled[at],
            (days->settled_count - at) * sizeof days->settled[0]);
    days->settled[at] = day;
    days->settled_count++;
}

void postgres_want_day(postgres_days *days, int64_t time_ns) {
    if (days->from_ns <= time_ns && time_ns <= days->last_ns)
        return;
    int64_t day = time_ns / TW_NS_PER_DAY - (time_ns % TW_NS_PER_DAY < 0);
    days->from_ns = days->last_ns = time_ns; /* at the ends of int64_t a day is not whole */
    if (FIRST_WHOLE_DAY <= day && day < LAST_DAY) {
        days->from_ns = day * TW_NS_PER_DAY;
        days->last_ns = days->from_ns + (TW_NS_PER_DAY - 1);
    }
    if (is_settled(days, (int32_t)day) || days->wanted_count == POSTGRES_DAYS_NEW_MAX ||
        days->settled_count + days->wanted_count >= POSTGRES_DAYS_MAX)
        return;
    for (uint32_t i = 0; i < days->wanted_count; i++) {
        if (days->wanted[i] == (int32_t)day)
            return;
    }
    days->wanted[days->wanted_count++] = (int32_t)day;
}

/* The bounds of a day; at the ends of int64_t there are none. */
static tw_status make_day(postgres_connection *pg, const char *table, int32_t day) {
    char text[320]; /* one message: a transaction of its own */
    tw_date date = tw_date_from_days(day);
    char from[24] = "MINVALUE";
    char to[24] = "MAXVALUE";
    if (day >= FIRST_WHOLE_DAY)
        snprintf(from, sizeof from, "%" PRId64, day * TW_NS_PER_DAY);
    if (day < LAST_DAY)
        snprintf(to, sizeof to, "%" PRId64, (day + 1) * TW_NS_PER_DAY);
    snprintf(text, sizeof text,
             "SET LOCAL lock_timeout = %d; CREATE TABLE IF NOT EXISTS " NAME_FORMAT
             " PARTITION OF %s FOR VALUES FROM (%s) TO (%s)",
             READERS_MAY_DELAY_MS, table, date.year, date.month, date.day, table, from, to);
    return postgres_run(pg, text);
}

/* Rows of these days rest. */
static void give_up_wanted(postgres_days *days) {
    while (days->wanted_count > 0)
        settle(days, days->wanted[--days->wanted_count]);
}

/* Makes the days that are wanted. Not in the transaction of the batch, which readers would have to
 * wait for: if it has begun, the batch starts anew behind the partitions. */
tw_status postgres_make_days(postgres_connection *pg) {
    for (int i = 0; i < 2; i++) {
        postgres_days *days = &pg->days[i];
        if (days->wanted_count > 0 && pg->in_transaction) {
            postgres_fail(pg, TW_BUSY, "a partition must be made first");
            pg->fault.again = true;
            return TW_BUSY;
        }
        while (days->wanted_count > 0) {
            int32_t day = days->wanted[days->wanted_count - 1];
            tw_status status = make_day(pg, days->table, day);
            if (status != TW_OK &&
                (pg->fault.lost || status == TW_NO_SPACE || status == TW_NO_MEMORY))
                return status;
            settle(days, day);
            days->wanted_count--;
            if (status != TW_OK && postgres_state_is(pg, "55P03"))
                give_up_wanted(days); /* one delay a batch is enough */
        }
    }
    return TW_OK;
}

/* The batch that wanted them is gone. */
void postgres_forget_wanted_days(postgres_connection *pg) {
    for (int i = 0; i < 2; i++) {
        pg->days[i].wanted_count = 0;
        pg->days[i].from_ns = 0;
        pg->days[i].last_ns = -1; /* holds no time */
    }
}

static tw_status load(postgres_connection *pg, postgres_days *days, const char *table) {
    PGresult *result = NULL;
    days->table = table;
    tw_status status = postgres_ask(
        pg,
        "SELECT right(c.relname, 8), (right(c.relname, 8)::date - '1970-01-01'::date)::text FROM "
        "pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = "
        "$1::regclass AND c.relname ~ ('^' || $1 || '_[0-9]{8}$')",
        table, NULL, &result);
    if (status != TW_OK)
        return status;
    for (int i = 0; i < PQntuples(result); i++)
        settle(days, (int32_t)strtol(PQgetvalue(result, i, 1), NULL, 10));
    PQclear(result);
    return TW_OK;
}

tw_status postgres_load_days(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    postgres_forget_wanted_days(pg);
    if (!pg->writes || !pg->partitioned)
        return TW_OK;
    tw_status status = load(pg, &pg->days[0], "trades");
    return status == TW_OK ? load(pg, &pg->days[1], "quotes") : status;
}
