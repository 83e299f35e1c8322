/* wire_exchange_messages.c - the exchange's rarer messages: days so far, price bands, halts; and
 * that our client subscribes to each channel in either encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"
#include "session.h"
#include "streams_priv.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/alpaca_stream.h"

enum { SYMBOLS = 3 };

static const int64_t CLOSE_NS = INT64_C(1767646800000000000); /* 2026-01-05T21:00:00Z */

/* Beside each day that is told stand the minutes that were told before it. */
typedef struct day_view {
    int64_t volume_nano[SYMBOLS];
    int64_t high_nano[SYMBOLS];
    int64_t low_nano[SYMBOLS];
    int64_t close_nano[SYMBOLS];
    int64_t open_nano[SYMBOLS];
    uint64_t count[SYMBOLS];
    uint32_t minutes;
    uint32_t days;
} day_view;

typedef struct watcher {
    tw_alpaca_stream *stream;
    day_view view;
    uint32_t bands;
    uint32_t imbalances[SYMBOLS];
    int64_t down_nano[SYMBOLS];
    int64_t up_nano[SYMBOLS];
    char statuses[512];
    bool ready;
} watcher;

static void on_ready(void *context) {
    ((watcher *)context)->ready = true;
}

static void take_minute(day_view *view, const tw_bar *bar) {
    tw_symbol s = bar->symbol;
    if (view->count[s] == 0) {
        view->open_nano[s] = bar->open.nano;
        view->high_nano[s] = bar->high.nano;
        view->low_nano[s] = bar->low.nano;
    }
    bool over = bar->time_ns >= CLOSE_NS; /* the evening moves no price of the day */
    bool auction = bar->time_ns == CLOSE_NS;
    int64_t high = auction ? bar->open.nano : over ? view->close_nano[s] : bar->high.nano;
    int64_t low = auction ? bar->open.nano : over ? view->close_nano[s] : bar->low.nano;
    if (high > view->high_nano[s])
        view->high_nano[s] = high;
    if (low < view->low_nano[s])
        view->low_nano[s] = low;
    if (auction)
        view->close_nano[s] = bar->open.nano; /* its first trade */
    else if (!over)
        view->close_nano[s] = bar->close.nano;
    view->volume_nano[s] += bar->volume.nano;
    view->count[s] += bar->count;
    view->minutes++;
}

static void check_day(day_view *view, const tw_bar *bar) {
    tw_symbol s = bar->symbol;
    assert_int_equal(bar->timeframe_ns, TW_NS_PER_DAY);
    assert_int_equal(bar->time_ns, INT64_C(1767589200000000000)); /* midnight in New York */
    assert_int_equal(bar->open.nano, view->open_nano[s]);
    assert_int_equal(bar->high.nano, view->high_nano[s]);
    assert_int_equal(bar->low.nano, view->low_nano[s]);
    assert_int_equal(bar->close.nano, view->close_nano[s]);
    assert_int_equal(bar->volume.nano, view->volume_nano[s]);
    assert_int_equal(bar->count, view->count[s]);
    assert_true(bar->vwap.nano >= bar->low.nano && bar->vwap.nano <= bar->high.nano);
    view->days++;
}

static void on_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    watcher *watch = context;
    (void)received_ns;
    assert_true(bar->symbol < SYMBOLS);
    if (bar->timeframe_ns == TW_NS_PER_MINUTE)
        take_minute(&watch->view, bar);
    else
        check_day(&watch->view, bar);
}

static void take_band(watcher *watch, const tw_alpaca_band *band) {
    tw_symbol s = tw_symbols_find(w.symbols, band->symbol);
    assert_true(s < SYMBOLS);
    watch->bands++;
    watch->up_nano[s] = band->up.nano;
    watch->down_nano[s] = band->down.nano;
    assert_true(tw_slice_equal_string(band->indicator, "B"));
    assert_true(band->down.nano > 0 && band->down.nano < band->up.nano);
}

/* One a second and symbol in the ten minutes before 16:00, at a price near the market's. */
static void take_imbalance(watcher *watch, const tw_alpaca_imbalance *imbalance) {
    tw_symbol s = tw_symbols_find(w.symbols, imbalance->symbol);
    assert_true(s < SYMBOLS);
    assert_true(imbalance->time_ns >= CLOSE_NS - 10 * TW_NS_PER_MINUTE);
    assert_true(imbalance->time_ns < CLOSE_NS);
    assert_true(tw_slice_equal_string(imbalance->tape, "C"));
    assert_true(imbalance->price.nano > watch->view.low_nano[s] / 100 * 98);
    assert_true(imbalance->price.nano < watch->view.high_nano[s] / 100 * 102);
    watch->imbalances[s]++;
}

static void on_record(void *context, const tw_alpaca_record *record, int64_t received_ns) {
    watcher *watch = context;
    (void)received_ns;
    if (record->kind == TW_ALPACA_RECORD_BAND) {
        take_band(watch, record->as.band);
        return;
    }
    if (record->kind == TW_ALPACA_RECORD_IMBALANCE) {
        take_imbalance(watch, record->as.imbalance);
        return;
    }
    assert_int_equal(record->kind, TW_ALPACA_RECORD_TRADING_STATUS);
    const tw_alpaca_trading_status *status = record->as.trading_status;
    size_t used = strlen(watch->statuses);
    snprintf(watch->statuses + used, sizeof watch->statuses - used, "%.*s %.*s %.*s;",
             (int)status->symbol.size, status->symbol.data, (int)status->code.size,
             status->code.data, (int)status->time.size, status->time.data);
}

static void start_watching(watcher *watch, bool msgpack) {
    static const char *const all[] = {"*"};
    char url[64];
    memset(watch, 0, sizeof *watch);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/v2/iex", tw_exchange_port(w.exchange));
    tw_alpaca_stream_config config = {
        .kind = TW_ALPACA_STREAM_MARKET_DATA,
        .url = url,
        .key_id = "demo",
        .secret = "demo",
        .channels = TW_ALPACA_CHANNEL_BARS | TW_ALPACA_CHANNEL_UPDATED_BARS |
                    TW_ALPACA_CHANNEL_DAILY_BARS | TW_ALPACA_CHANNEL_STATUSES |
                    TW_ALPACA_CHANNEL_LULDS | TW_ALPACA_CHANNEL_IMBALANCES,
        .names = all,
        .name_count = 1,
        .msgpack = msgpack,
    };
    tw_alpaca_stream_callbacks callbacks = {
        .context = watch, .on_ready = on_ready, .on_bar = on_bar, .on_record = on_record};
    assert_int_equal(
        tw_alpaca_stream_new(NULL, w.loop, &config, &callbacks, w.symbols, &watch->stream), TW_OK);
    assert_int_equal(tw_alpaca_stream_open(watch->stream, NULL), TW_OK);
    TURN_UNTIL(watch->ready);
}

static void a_day_so_far_is_the_sum_of_its_minutes(void **state) {
    (void)state;
    static day_view heard; /* the second watcher goes on from what the first has heard */
    memset(&heard, 0, sizeof heard);
    for (int msgpack = 0; msgpack < 2; msgpack++) {
        watcher watch;
        start_watching(&watch, msgpack != 0);
        watch.view = heard;
        for (int i = 0; i < 5; i++)
            step("1m");
        TURN_UNTIL(watch.view.minutes >= (msgpack == 0 ? 15 : 30) &&
                   watch.view.days == watch.view.minutes);
        assert_true(msgpack != 0 || watch.bands >= SYMBOLS);
        heard = watch.view;
        tw_alpaca_stream_free(watch.stream);
    }
}

static void bands_lie_around_the_mean_of_five_minutes(void **state) {
    (void)state;
    watcher watch;
    start_watching(&watch, false);
    step("1m");
    TURN_UNTIL(watch.bands == SYMBOLS);
    for (tw_symbol s = 0; s < SYMBOLS; s++) {
        const stream_day *day = &w.exchange->streams->days[s];
        int64_t middle = (watch.up_nano[s] + watch.down_nano[s]) / 2;
        int64_t share = day->reference_nano > 3 * TW_NANO ? 20 : 5;
        assert_true(llabs(middle - day->reference_nano) <= TW_NANO / 100);
        assert_true(llabs(watch.up_nano[s] - middle - day->reference_nano / share) <= TW_NANO / 50);
    }
    /* They stay until the mean is a percent away, and are twice as wide before the close. */
    uint32_t bands = watch.bands;
    int64_t width = watch.up_nano[0] - watch.down_nano[0];
    step("364m");
    TURN_UNTIL(watch.view.minutes > 364 * SYMBOLS - 10);
    assert_true(watch.bands < bands + 300);
    assert_true(watch.up_nano[0] - watch.down_nano[0] > width * 3 / 2);
    bands = watch.bands;
    step("2h"); /* none after hours */
    settle();
    assert_true(watch.bands < bands + 26 * SYMBOLS);
    for (tw_symbol s = 0; s < SYMBOLS; s++) /* none before two of them meet */
        assert_true(watch.imbalances[s] > 400 && watch.imbalances[s] <= 600);
    tw_alpaca_stream_free(watch.stream);
}

static void halts_of_a_tape_are_told(void **state) {
    (void)state;
    char path[64];
    char start[TW_TIME_TEXT_SIZE];
    write_file(path, "34200.0,1,11,100,1000000,1\n34201.5,7,0,0,-1,-1\n34203.25,7,0,0,0,-1\n"
                     "34204.5,7,0,0,1,-1\n34260.0,1,12,100,1010000,-1\n");
    tw_exchange_config config = configuration();
    config.symbols = "AAPL";
    config.tape = path;
    config.tape_symbol = "AAPL";
    open_world(&config);
    watcher watch;
    start_watching(&watch, true);
    step("30s");
    TURN_UNTIL(strstr(watch.statuses, " T ") != NULL);
    int64_t open_ns = session_time_of(session_day_of(tw_exchange_start_ns(w.exchange)), 9, 30);
    char expected[256];
    char end[TW_TIME_TEXT_SIZE];
    tw_time_format(open_ns + 3 * TW_NS_PER_SECOND / 2, -1, start);
    tw_time_format(open_ns + 9 * TW_NS_PER_SECOND / 2, -1, end);
    snprintf(expected, sizeof expected, "AAPL H %s;AAPL T %s;", start, end);
    assert_string_equal(watch.statuses, expected);
    tw_alpaca_stream_free(watch.stream);
    close_world();
    unlink(path);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_day_so_far_is_the_sum_of_its_minutes),
        CASE(bands_lie_around_the_mean_of_five_minutes),
        cmocka_unit_test(halts_of_a_tape_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
