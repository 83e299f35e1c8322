/* run_dashboard.c - see run_dashboard.h. */
#include "run_dashboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "interruption.h"
#include "newest_rows.h"
#include "tradewind/time.h"

static const int64_t FAREWELL_NS = TW_NS_PER_SECOND; /* for the last word to those who look */

/* ---- files --------------------------------------------------------------------------------- */

/* A file of one line that only its owner may read. One that a run left behind, which did not end in
 * order, is replaced. */
static tw_status write_private(const char *path, const char *line, tw_error *error) {
    char text[TW_CONFIG_TEXT_SIZE + 32];
    int size = snprintf(text, sizeof text, "%s\n", line);
    if (unlink(path) != 0 && errno != ENOENT)
        return tw_error_set_errno(error, errno, "%s cannot be replaced", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be made", path);
    ssize_t written = write(fd, text, (size_t)size);
    int failure = written == (ssize_t)size ? 0 : errno != 0 ? errno : EIO;
    explicit_bzero(text, sizeof text);
    if (close(fd) != 0 && failure == 0)
        failure = errno;
    return failure == 0 ? TW_OK : tw_error_set_errno(error, failure, "%s cannot be written", path);
}

static tw_status write_files(run_dashboard *run, const char *database, const char *host,
                             tw_error *error) {
    char path[BESIDE_PATH_SIZE];
    beside_store(database, "token", path, sizeof path);
    tw_status status = write_private(path, tw_dashboard_token(run->dashboard), error);
    if (status != TW_OK)
        return status;
    memcpy(run->token_path, path, sizeof path);
    status = interruption_put(run->token_path);
    if (status != TW_OK)
        return tw_error_set(error, status, "too many files are unfinished");
    beside_store(database, "listen", path, sizeof path);
    status = write_private(path, host, error);
    if (status != TW_OK)
        return status;
    memcpy(run->listen_path, path, sizeof path);
    status = interruption_put(run->listen_path);
    return status == TW_OK ? TW_OK : tw_error_set(error, status, "too many files are unfinished");
}

/* What lets somebody in goes to a terminal, where the user sits, and not into the logs that take
 * what a service says. */
static void say_where(const run_dashboard *run, const char *host) {
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "dashboard on http://%s/#token=%s\n", host,
                tw_dashboard_token(run->dashboard));
    else
        fprintf(stderr, "dashboard on http://%s/ (its token is in %s)\n", host, run->token_path);
}

/* ---- bars of the past ---------------------------------------------------------------------- */

/* The newest bars of a read, as a ring. */
typedef struct newest_bars {
    tw_bar *bars;
    size_t capacity;
    size_t count;
} newest_bars;

static tw_status on_bar(void *context, const tw_bar *bar) {
    newest_bars *newest = context;
    newest->bars[newest->count++ % newest->capacity] = *bar;
    return TW_OK;
}

/* A store that cannot be read is told once, and shows no bars of the past. */
static bool open_store(run_dashboard *run) {
    tw_error error = {0};
    if (run->store != NULL || run->store_failed)
        return !run->store_failed;
    if (input_any_store_open(run->database, TW_STORE_READ, &run->symbols, &run->store, &error) ==
        TW_OK)
        return true;
    run->store_failed = true;
    fprintf(stderr, "tradewind run: the dashboard shows no bars of the past: %s\n", error.message);
    return false;
}

/* How far back a read goes, in bars: the market sleeps at night, so a span may hold few. */
static const int64_t SPANS[] = {1, 8, 64};

static size_t read_bars(void *context, tw_symbol symbol, int64_t timeframe_ns, tw_bar *ret_bars,
                        size_t capacity) {
    run_dashboard *run = context;
    newest_bars newest = {.bars = ret_bars, .capacity = capacity};
    tw_error error = {0};
    int64_t last_ns = 0;
    if (!open_store(run))
        return 0;
    tw_symbol own = tw_symbols_find(run->symbols, tw_slice_of(tw_symbols_name(run->names, symbol)));
    if (own == TW_SYMBOL_NONE &&
        tw_symbols_intern(run->symbols, tw_slice_of(tw_symbols_name(run->names, symbol)), &own) !=
            TW_OK)
        return 0;
    if (tw_store_last_trade(run->store, own, &last_ns, &error) != TW_OK)
        return 0; /* nothing has traded yet */
    for (size_t i = 0; i < sizeof SPANS / sizeof SPANS[0] && newest.count < capacity; i++) {
        tw_store_range range = {.from_ns = last_ns - SPANS[i] * (int64_t)capacity * timeframe_ns,
                                .to_ns = INT64_MAX,
                                .timeframe_ns = timeframe_ns,
                                .symbol = own};
        newest.count = 0;
        if (tw_store_read_bars(run->store, &range, on_bar, &newest, &error) != TW_OK)
            return 0;
    }
    return newest_rows_lay_out(ret_bars, sizeof *ret_bars, newest.count, capacity);
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Tells who looks that the run is over, and waits until they have heard. */
static tw_status say_farewell(void *context, tw_error *error) {
    run_dashboard *run = context;
    tw_status status = TW_OK;
    tw_dashboard_stop(run->dashboard);
    int64_t until_ns = tw_time_monotonic_ns() + FAREWELL_NS;
    while (status == TW_OK && tw_dashboard_stream_count(run->dashboard) > 0 &&
           tw_time_monotonic_ns() < until_ns)
        status = tw_loop_turn(run->thread.loop, TW_NS_PER_SECOND / 20, NULL, error);
    return status;
}

static tw_status start_thread(run_dashboard *run, tw_error *error) {
    const loop_thread_work serving = {.wait_ns = -1,
                                      .end = say_farewell,
                                      .context = run,
                                      .lost = "the dashboard is not served any more"};
    return loop_thread_start(&run->thread, &serving, error);
}

/* ---- life ---------------------------------------------------------------------------------- */

tw_status run_dashboard_start(run_dashboard *run, const run_options *options,
                              const tw_dashboard_config *parts, const char *database,
                              tw_error *error) {
    char host[LISTEN_HOST_SIZE];
    tw_dashboard_config config = *parts;
    if (options->listen[0] == '\0')
        return TW_OK;
    tw_status status = loop_thread_open(&run->thread, error);
    if (status != TW_OK)
        return status;
    snprintf(run->database, sizeof run->database, "%s",
             options->database[0] != '\0' ? options->database : database);
    run->names = parts->symbols;
    config.loop = run->thread.loop;
    config.address = run->address.host;
    config.port = run->address.port;
    config.store = database;
    config.backend = tw_store_is_server(database) ? "postgres" : "sqlite";
    config.read_bars = read_bars;
    config.read_context = run;
    status = tw_dashboard_start(NULL, &config, &run->dashboard, error);
    if (status != TW_OK)
        return status;
    listen_address_host(config.address, tw_dashboard_port(run->dashboard), host, sizeof host);
    status = write_files(run, database, host, error);
    if (status == TW_OK)
        status = start_thread(run, error);
    if (status == TW_OK)
        say_where(run, host);
    return status;
}

void run_dashboard_stop(run_dashboard *run) {
    loop_thread_stop(&run->thread);
    if (run->token_path[0] != '\0')
        unlink(run->token_path);
    if (run->listen_path[0] != '\0')
        unlink(run->listen_path);
    interruption_drop(run->token_path);
    interruption_drop(run->listen_path);
    tw_dashboard_free(run->dashboard);
    loop_thread_close(&run->thread);
    tw_store_free(run->store);
    tw_symbols_free(run->symbols);
    explicit_bzero(run->database, sizeof run->database);
    *run = (run_dashboard){0};
}
