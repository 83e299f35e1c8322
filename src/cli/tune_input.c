/*
 * tune_input.c - see tune_input.h.
 *
 * A store tells trades symbol by symbol and from the oldest on, and may have far more than are
 * wanted. So the span before its newest trade is looked for that holds as many as fit: a longer one
 * each time until it holds too many, then between the two.
 */
#include "tune_input.h"

#include "input.h"
#include "interruption.h"
#include "newest_rows.h"
#include "tradewind/alloc.h"
#include "tradewind/time.h"

enum { SPAN_STEP = 16, HALVINGS = 5 };
static const int64_t SPAN_MIN_NS = TW_NS_PER_SECOND;

typedef struct reading {
    tw_store *store;
    tune_workload *workload;
    int64_t newest_ns;
    bool full; /* there are more than fit */
} reading;

static tw_status take_trade(void *context, const tw_trade *trade) {
    reading *r = context;
    tune_workload *workload = r->workload;
    if (interruption_requested())
        return TW_INTERRUPTED;
    r->full = workload->count == TUNE_TRADES_MAX;
    if (r->full)
        return TW_CANCELLED;
    workload->trades[workload->count++] = *trade;
    return TW_OK;
}

/* The trades of the newest `span_ns`. */
static tw_status read_span(reading *r, int64_t span_ns, tw_error *error) {
    tw_status status = TW_OK;
    int64_t from_ns = r->newest_ns < INT64_MIN + span_ns ? INT64_MIN : r->newest_ns - span_ns;
    r->workload->count = 0;
    r->full = false;
    for (uint32_t i = 0; i < tw_symbols_count(r->workload->symbols) && status == TW_OK; i++) {
        const tw_store_range range = {.from_ns = from_ns, .to_ns = INT64_MAX, .symbol = i};
        status = tw_store_read_trades(r->store, &range, take_trade, r, error);
        if (r->full)
            return TW_OK;
    }
    return status == TW_INTERRUPTED ? tw_error_set(error, status, "interrupted") : status;
}

static tw_status find_newest(reading *r, tw_error *error) {
    r->newest_ns = INT64_MIN;
    for (uint32_t i = 0; i < tw_symbols_count(r->workload->symbols); i++) {
        int64_t time_ns = INT64_MIN;
        tw_status status = tw_store_last_trade(r->store, i, &time_ns, error);
        if (status != TW_OK && status != TW_EMPTY)
            return status;
        if (status == TW_OK && time_ns > r->newest_ns)
            r->newest_ns = time_ns;
    }
    return TW_OK;
}

static tw_status read_newest(reading *r, tw_error *error) {
    int64_t fits_ns = 0;
    int64_t span_ns = SPAN_MIN_NS;
    tw_status status = read_span(r, span_ns, error);
    while (status == TW_OK && !r->full && span_ns <= INT64_MAX / SPAN_STEP) {
        fits_ns = span_ns;
        span_ns *= SPAN_STEP;
        status = read_span(r, span_ns, error);
    }
    if (status != TW_OK || !r->full || fits_ns == 0)
        return status;
    for (int i = 0; i < HALVINGS && status == TW_OK; i++) {
        int64_t middle_ns = fits_ns + (span_ns - fits_ns) / 2;
        status = read_span(r, middle_ns, error);
        span_ns = r->full ? middle_ns : span_ns;
        fits_ns = r->full ? fits_ns : middle_ns;
    }
    return status == TW_OK ? read_span(r, fits_ns, error) : status;
}

static tw_status read_store(const char *database, tune_workload *workload, tw_error *error) {
    reading r = {.workload = workload};
    tw_status status =
        input_any_store_open(database, TW_STORE_READ, &workload->symbols, &r.store, error);
    if (status == TW_OK)
        status = find_newest(&r, error);
    if (status == TW_OK)
        status = read_newest(&r, error);
    tw_store_free(r.store);
    return status;
}

/* A store that is there, so that its disk is the one that is measured. */
static tw_status see_store(const char *database, tw_error *error) {
    tw_symbols *symbols = NULL;
    tw_store *store = NULL;
    tw_status status = input_any_store_open(database, TW_STORE_READ, &symbols, &store, error);
    tw_store_free(store);
    tw_symbols_free(symbols);
    return status;
}

static tw_status read_all(tw_tape *tape, tune_workload *workload, uint64_t *ret_total,
                          tw_error *error) {
    for (;;) {
        size_t count = 0;
        size_t place = (size_t)(*ret_total % TUNE_TRADES_MAX);
        tw_status status = tw_tape_next_trades(tape, workload->trades + place,
                                               TUNE_TRADES_MAX - place, &count, error);
        if (status != TW_OK)
            return status == TW_EMPTY ? TW_OK : status;
        if (interruption_requested())
            return tw_error_set(error, TW_INTERRUPTED, "interrupted");
        *ret_total += count;
    }
}

static tw_status read_tape(const char *path, tune_workload *workload, tw_error *error) {
    tw_tape *tape = NULL;
    uint64_t total = 0;
    tw_status status = tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, &workload->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory for the names of symbols");
    status = input_trades_open(path, workload->symbols, &tape, error);
    if (status == TW_OK)
        status = read_all(tape, workload, &total, error);
    tw_tape_close(tape);
    workload->count =
        newest_rows_lay_out(workload->trades, sizeof workload->trades[0], total, TUNE_TRADES_MAX);
    return status;
}

tw_status tune_input_read(const char *database, const char *tape, tune_workload *workload,
                          tw_error *error) {
    bool taped = tape[0] != '\0';
    *workload = (tune_workload){0};
    if (tw_store_is_server(database))
        return tw_error_set(error, TW_UNSUPPORTED,
                            "what is measured are disks and stores in files; of a server, export "
                            "trades and name them with --tape FILE, and a file with --db");
    workload->trades = TW_NEW(NULL, TUNE_TRADES_MAX, tw_trade);
    if (workload->trades == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the trades");
    tw_status status = taped ? see_store(database, error) : read_store(database, workload, error);
    if (status == TW_OK && taped)
        status = read_tape(tape, workload, error);
    if (status != TW_OK)
        return status;
    if (workload->count < TUNE_TRADES_MIN)
        return tw_error_set(
            error, TW_EMPTY, "%s has %llu trades; %d are needed at least to measure with",
            taped ? tape : database, (unsigned long long)workload->count, TUNE_TRADES_MIN);
    status = tune_workload_read(workload);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "there is no memory for symbols");
}

void tune_input_free(tune_workload *workload) {
    TW_DELETE(NULL, workload->trades, TUNE_TRADES_MAX, tw_trade);
    tw_symbols_free(workload->symbols);
    *workload = (tune_workload){0};
}
