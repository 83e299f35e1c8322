/* store_growth.c - see store_growth.h. */
#include "store_growth.h"

#include "tradewind/time.h"

/* The journal from its end backwards. */
typedef struct newest_day {
    int64_t end_ns;   /* of the newest entry */
    int64_t first_ns; /* of the oldest within a day before it */
    uint64_t entries; /* from there on */
} newest_day;

/* What ends the walk: TW_CANCELLED is no failure of it. */
static tw_status on_record(void *context, const tw_store_record *record) {
    newest_day *day = context;
    if (day->entries == 0)
        day->end_ns = record->time_ns;
    int64_t began_ns = day->end_ns - TW_NS_PER_DAY;
    if (record->time_ns < began_ns) {
        if (record->time_ns >= began_ns - TW_NS_PER_DAY)
            day->first_ns = began_ns; /* it was written to the day before, too */
        return TW_CANCELLED;
    }
    if (day->entries == 0 || record->time_ns < day->first_ns)
        day->first_ns = record->time_ns;
    day->entries++;
    return TW_OK;
}

static tw_status count_trade(void *context, const tw_trade *trade) {
    (void)trade;
    ++*(uint64_t *)context;
    return TW_OK;
}

static tw_status count_quote(void *context, const tw_quote *quote) {
    (void)quote;
    ++*(uint64_t *)context;
    return TW_OK;
}

static tw_status count_bar(void *context, const tw_bar *bar) {
    (void)bar;
    ++*(uint64_t *)context;
    return TW_OK;
}

static tw_status count_market(tw_store *store, const newest_day *day, uint64_t *rows,
                              tw_error *error) {
    const tw_store_range range = {
        .from_ns = day->first_ns, .to_ns = day->end_ns + 1, .symbol = TW_SYMBOL_NONE};
    tw_status status = tw_store_read_trades(store, &range, count_trade, rows, error);
    if (status == TW_OK)
        status = tw_store_read_quotes(store, &range, count_quote, rows, error);
    return status == TW_OK ? tw_store_read_bars(store, &range, count_bar, rows, error) : status;
}

/* Bytes of the store by the rows of the same kinds, all of them. */
static tw_status weigh(tw_store *store, double *ret_bytes, tw_error *error) {
    static const tw_store_table tables[] = {TW_STORE_TRADES, TW_STORE_QUOTES, TW_STORE_BARS,
                                            TW_STORE_JOURNAL};
    tw_store_description description;
    uint64_t rows = 0;
    tw_status status = tw_store_describe(store, &description, error);
    for (size_t i = 0; status == TW_OK && i < sizeof tables / sizeof tables[0]; i++) {
        uint64_t count = 0;
        status = tw_store_count_rows(store, tables[i], &count, error);
        rows += count;
    }
    if (status == TW_OK && rows > 0)
        *ret_bytes = (double)(description.size - description.free_size) / (double)rows;
    return status;
}

tw_status store_growth_measure(tw_store *store, store_growth *ret_growth, tw_error *error) {
    newest_day day = {0};
    store_growth growth = {0};
    tw_status status = tw_store_read_journal_back(store, UINT64_MAX, on_record, &day, error);
    if (status == TW_CANCELLED)
        status = TW_OK;
    if (status == TW_OK && day.entries > 0)
        status = count_market(store, &day, &growth.rows, error);
    if (status == TW_OK && day.entries > 0)
        status = weigh(store, &growth.bytes_a_row, error);
    if (status != TW_OK)
        return status;
    growth.rows += day.entries;
    growth.span_ns = day.end_ns - day.first_ns;
    *ret_growth = growth;
    return TW_OK;
}

double store_growth_rows_a_day(const store_growth *growth) {
    return (double)growth->rows * (double)TW_NS_PER_DAY / (double)growth->span_ns;
}

double store_growth_bytes_a_day(const store_growth *growth) {
    return store_growth_rows_a_day(growth) * growth->bytes_a_row;
}
