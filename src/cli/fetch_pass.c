/*
 * fetch_pass.c - the loop of a fetch: pages of the venue go to the thread that writes the store.
 *
 *     venue --pages--> loop (this thread) --rows, notes--> queue --batches--> store
 *
 * The loop decodes while the other thread writes. A batch is committed when it is large, or a
 * second old; the queue is bounded, and a put that finds no room holds the loop up, so that a slow
 * disk slows the venue down. A note goes into the queue behind the rows of its part and is never
 * committed before them. What an earlier fetch noted is read through a handle of its own.
 */
#include "fetch_pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "interruption.h"
#include "tradewind/time.h"

enum { BATCH_ROWS = 100000, PAGE_SIZE = 16384, NAME_SIZE = TW_STORE_WRITER_NAME_SIZE_MAX };

#define QUEUE_SIZE ((size_t)32 << 20)
#define STORE_PATIENCE_NS (5 * TW_NS_PER_MINUTE) /* for a disk that takes nothing */

#define COMMIT_AGE_NS TW_NS_PER_SECOND
#define TURN_NS (100 * TW_NS_PER_MS) /* how soon a signal is seen */

/* ---- rows ---------------------------------------------------------------------------------- */

static void stop(fetch_pass *pass) {
    tw_alpaca_fetch_cancel(pass->fetch);
    pass->done = true;
}

static int64_t store_deadline_ns(void) {
    return tw_waiter_now_ns(NULL) + STORE_PATIENCE_NS;
}

static void row_was_put(fetch_pass *pass, tw_status status) {
    pass->away = false;
    if (status != TW_OK)
        stop(pass);
}

/* Pages are sorted by symbol: only the changes count. */
static void on_bars(void *context, const tw_bar *bars, size_t count) {
    fetch_pass *pass = context;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || bars[i].symbol != bars[i - 1].symbol)
            pass->has_rows[bars[i].symbol] = true;
    row_was_put(pass, tw_store_writer_put_bars(pass->writer, bars, count, store_deadline_ns(),
                                               &pass->ticket, &pass->error));
}

static void on_trades(void *context, const tw_trade *trades, size_t count) {
    fetch_pass *pass = context;
    pass->has_rows[trades[0].symbol] = true; /* parts of trades and quotes have one symbol */
    row_was_put(pass, tw_store_writer_put_trades(pass->writer, trades, count, store_deadline_ns(),
                                                 &pass->ticket, &pass->error));
}

static void on_quotes(void *context, const tw_quote *quotes, size_t count) {
    fetch_pass *pass = context;
    pass->has_rows[quotes[0].symbol] = true;
    row_was_put(pass, tw_store_writer_put_quotes(pass->writer, quotes, count, store_deadline_ns(),
                                                 &pass->ticket, &pass->error));
}

/* ---- parts --------------------------------------------------------------------------------- */

/* "fetch bars 60000000000 iex raw https://data... AAPL,MSFT 1704153600000000000 ...": the same
 * question to the same venue. Empty if it is too long to be a name. */
static tw_slice name_of(const fetch_pass *pass, const tw_alpaca_part *part, char *buffer) {
    tw_text text = tw_text_over(buffer, NAME_SIZE);
    tw_text_append_format(&text, "fetch %s %" PRId64 " %s %s %s ", pass->noun, pass->timeframe_ns,
                          pass->feed != NULL ? pass->feed : "-", pass->adjustment,
                          pass->access->data_url);
    for (size_t i = 0; i < part->symbol_count; i++)
        tw_text_append_format(&text, "%s%s", i > 0 ? "," : "",
                              tw_symbols_name(pass->symbols, part->symbols[i]));
    tw_text_append_format(&text, " %" PRId64 " %" PRId64, part->start_ns, part->end_ns);
    return text.truncated ? (tw_slice){NULL, 0} : tw_slice_of(buffer);
}

static bool wants(void *context, const tw_alpaca_part *part) {
    fetch_pass *pass = context;
    char buffer[NAME_SIZE];
    tw_store_import earlier;
    tw_slice name = name_of(pass, part, buffer);
    if (pass->restart || name.size == 0 || pass->error.status != TW_OK)
        return true;
    tw_error error = {0};
    tw_status status = tw_store_find_import(pass->notes, name, &earlier, &error);
    if (status == TW_OK) {
        pass->totals.left_out++;
        pass->totals.skipped += earlier.row_count;
        return false;
    }
    if (status != TW_NOT_FOUND) {
        pass->error = error;
        stop(pass);
    }
    return true;
}

static void note_part(fetch_pass *pass, const tw_alpaca_part *part, uint64_t row_count) {
    char buffer[NAME_SIZE];
    tw_store_import import = {.name = name_of(pass, part, buffer), .row_count = row_count};
    if (import.name.size == 0 || part->end_ns >= pass->settled_ns)
        return;
    if (tw_store_writer_put_import(pass->writer, &import, store_deadline_ns(), &pass->ticket,
                                   &pass->error) == TW_OK)
        pass->note_count++;
    else
        stop(pass);
}

static void note_refusal(fetch_pass *pass, const tw_alpaca_part *part,
                         const tw_alpaca_result *result) {
    pass->totals.refused++;
    if (pass->refused_count == FETCH_REFUSED_COUNT_MAX)
        return;
    fetch_refused *refused = &pass->refused[pass->refused_count++];
    tw_text text = tw_text_over(refused->symbols, sizeof refused->symbols);
    tw_text_append_string(&text, tw_symbols_name(pass->symbols, part->symbols[0]));
    if (part->symbol_count > 1)
        tw_text_append_format(&text, " and %zu more", part->symbol_count - 1);
    snprintf(refused->message, sizeof refused->message, "%s", result->message);
}

static void on_part(void *context, const tw_alpaca_part *part, const tw_alpaca_result *result,
                    uint64_t row_count) {
    fetch_pass *pass = context;
    if (result->status != TW_OK) {
        note_refusal(pass, part, result);
        return;
    }
    pass->totals.parts++;
    note_part(pass, part, row_count);
}

/* ---- the venue ----------------------------------------------------------------------------- */

/* Told once an outage. */
static void on_wait(void *context, const tw_alpaca_result *result, int64_t delay_ns) {
    fetch_pass *pass = context;
    (void)delay_ns;
    if (pass->away || pass->quiet)
        return;
    pass->away = true;
    progress_end(&pass->bar);
    fprintf(stderr, "tradewind fetch: %s; trying again for up to %.0f s\n", result->message,
            (double)pass->patience_ns / 1e9);
}

static void on_done(void *context, const tw_alpaca_result *result) {
    fetch_pass *pass = context;
    pass->done = true;
    pass->totals.wire = tw_alpaca_fetch_figures_of(pass->fetch);
    /* Failures of parts were told as such; this is the end of patience. */
    if (result->status != TW_OK && pass->totals.wire.parts < pass->totals.wire.part_count &&
        pass->error.status == TW_OK)
        tw_error_set(&pass->error, result->status, "%s", result->message);
}

static void read_figures(fetch_pass *pass) {
    if (!pass->done)
        pass->totals.wire = tw_alpaca_fetch_figures_of(pass->fetch);
}

static void show_progress(fetch_pass *pass) {
    const tw_alpaca_fetch_figures *wire = &pass->totals.wire;
    if (!pass->quiet && progress_due_now(&pass->bar))
        progress_draw(&pass->bar, (double)wire->parts / (double)wire->part_count, wire->rows);
}

static tw_status start(fetch_pass *pass, tw_error *error) {
    const tw_alpaca_fetch_query query = {.history = pass->history,
                                         .symbols = pass->wanted,
                                         .symbol_count = pass->wanted_count,
                                         .timeframe_ns = pass->timeframe_ns,
                                         .start_ns = pass->start_ns,
                                         .end_ns = pass->end_ns,
                                         .span_ns = pass->span_ns,
                                         .patience_ns = pass->patience_ns,
                                         .feed = pass->feed,
                                         .adjustment = pass->adjustment,
                                         .symbols_per_request = pass->symbols_per_request,
                                         .in_flight_max = pass->in_flight,
                                         .page_limit = pass->page_limit};
    const tw_alpaca_fetch_callbacks callbacks = {.context = pass,
                                                 .on_bars = on_bars,
                                                 .on_trades = on_trades,
                                                 .on_quotes = on_quotes,
                                                 .wants = wants,
                                                 .on_part = on_part,
                                                 .on_wait = on_wait,
                                                 .on_done = on_done};
    tw_status status = tw_alpaca_fetch_new(pass->client, &query, &callbacks, &pass->fetch);
    return status == TW_OK ? status
                           : tw_error_set(error, status, "the history cannot be asked for: %s",
                                          tw_status_sentence(status));
}

/* Turns until the fetch has ended or a signal came. */
static tw_status turn_until_done(fetch_pass *pass, tw_error *error) {
    while (!pass->done) {
        tw_status status = tw_loop_turn(pass->loop, TURN_NS, NULL, error);
        if (status != TW_OK)
            return status;
        read_figures(pass);
        show_progress(pass);
        if (!pass->done && interruption_requested()) {
            stop(pass);
            return tw_error_set(error, TW_INTERRUPTED,
                                "interrupted after %" PRIu64 " of %" PRIu64
                                " parts; run it again to go on there",
                                pass->totals.wire.parts, pass->totals.wire.part_count);
        }
    }
    if (pass->error.status != TW_OK)
        *error = pass->error;
    return pass->error.status;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static tw_status open_venue(fetch_pass *pass, tw_error *error) {
    const char *trading_url = pass->access->trading_url;
    const tw_http_client_config http = {.in_flight_count_max = pass->in_flight};
    const tw_alpaca_client_config config = {
        .trading_url = trading_url[0] != '\0' ? trading_url : VENUE_PAPER_URL,
        .data_url = pass->access->data_url,
        .key_id = pass->access->key_id,
        .secret = pass->access->secret,
        .call_count_max = pass->in_flight,
    };
    tw_status status = tw_loop_new(NULL, &pass->loop, error);
    if (status == TW_OK)
        status = tw_http_client_new(pass->loop, &http, &pass->http, error);
    if (status != TW_OK)
        return status;
    status =
        tw_alpaca_client_new(NULL, pass->loop, pass->http, &config, pass->symbols, &pass->client);
    return status == TW_OK
               ? status
               : tw_error_set(error, status, "the data address \"%s\" cannot be used: %s",
                              pass->access->data_url, tw_status_sentence(status));
}

static tw_status open_store(fetch_pass *pass, tw_error *error) {
    tw_store_config config = {.path = pass->database,
                              .symbols = pass->symbols,
                              .batch_rows = 2 * BATCH_ROWS,
                              .page_size = PAGE_SIZE,
                              .mode = TW_STORE_WRITE};
    const tw_store_writer_config writer = {
        .queue_size = QUEUE_SIZE, .group_rows = BATCH_ROWS, .group_delay_ns = COMMIT_AGE_NS};
    tw_status status = tw_store_open(&config, &pass->store, error);
    config.mode = TW_STORE_READ;
    if (status == TW_OK)
        status = tw_store_open(&config, &pass->notes, error);
    if (status == TW_OK)
        status = tw_store_writer_new(pass->store, &writer, &pass->writer, error);
    return status == TW_OK ? tw_store_writer_start(pass->writer, error) : status;
}

static void close_venue(fetch_pass *pass) {
    tw_alpaca_client_free(pass->client);
    tw_http_client_free(pass->http);
    tw_loop_free(pass->loop);
}

static void read_store_figures(fetch_pass *pass) {
    tw_store_figures figures;
    tw_store_read_figures(pass->store, &figures);
    pass->totals.rows =
        figures.rows_put > pass->note_count ? figures.rows_put - pass->note_count : 0;
    pass->totals.skipped += figures.rows_skipped;
}

/* Has everything that was put committed to the disk, and ends the writer. */
static tw_status settle(fetch_pass *pass, tw_error *error) {
    tw_error stopping = {0};
    tw_status status =
        tw_store_writer_wait(pass->writer, pass->ticket, TW_STORE_FULL, store_deadline_ns(), error);
    tw_status stopped = tw_store_writer_stop(pass->writer, &stopping);
    read_store_figures(pass);
    if (status == TW_OK && stopped != TW_OK)
        *error = stopping;
    return status != TW_OK ? status : stopped;
}

/* Closes a store, if it was opened; its failure counts if none came before. */
static tw_status close_one(tw_store *store, tw_status so_far, tw_error *error) {
    tw_error late = {0};
    tw_status status = store == NULL ? TW_OK : tw_store_close(store, &late);
    if (so_far != TW_OK || status == TW_OK)
        return so_far;
    *error = late;
    return status;
}

/* Writes what came and closes; a failure counts unless there was one before. */
static tw_status close_store(fetch_pass *pass, tw_status so_far, tw_error *error) {
    tw_error closing = {0};
    tw_status status = TW_OK;
    if (pass->writer != NULL)
        status = settle(pass, &closing);
    tw_store_writer_free(pass->writer);
    tw_status closed = close_one(pass->store, status, &closing);
    closed = close_one(pass->notes, closed, &closing);
    if (so_far == TW_OK && closed != TW_OK)
        *error = closing;
    return so_far != TW_OK ? so_far : closed;
}

tw_status fetch_pass_run(fetch_pass *pass, tw_error *error) {
    pass->settled_ns = tw_time_wall_ns() - TW_NS_PER_DAY;
    progress_start(&pass->bar, pass->noun);
    tw_status status = open_store(pass, error);
    if (status == TW_OK)
        status = open_venue(pass, error);
    if (status == TW_OK)
        status = start(pass, error);
    if (status == TW_OK)
        status = turn_until_done(pass, error);
    progress_end(&pass->bar);
    close_venue(pass);
    return close_store(pass, status, error);
}
