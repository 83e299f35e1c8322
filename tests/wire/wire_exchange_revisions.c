/*
 * wire_exchange_revisions.c - trades that are told late, taken back or put right, and the bars that
 * follow from them: on the streams, in either encoding, and in the history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history_pages.h"
#include "streams_priv.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/alpaca_stream.h"

enum { TRADE_MAX = 20000, BAR_MAX = 64 };

/* What a client has of one symbol: every trade that it was told, and each minute as told last. */
typedef struct follower {
    tw_alpaca_stream *stream;
    tw_trade trades[TRADE_MAX];
    uint32_t trade_count;
    tw_bar minutes[BAR_MAX]; /* by the minute since the opening */
    uint32_t bars;
    uint32_t updates;
    uint32_t late;
    uint32_t cancels;
    uint32_t errors;
    uint32_t corrections;
    bool ready;
} follower;

static follower one;
static record_list trades;
static record_list bars;

static const int64_t OPEN_NS = INT64_C(1767623400000000000);

static void plan(const char *text) {
    call("POST", "/sim/faults", text);
    if (w.http_status != 200)
        fail_msg("%s", w.body);
}

/* ---- a client that keeps its own bars ------------------------------------------------------ */

static void on_ready(void *context) {
    ((follower *)context)->ready = true;
}

static void on_trade(void *context, const tw_trade *trade, int64_t received_ns) {
    follower *f = context;
    (void)received_ns;
    assert_true(f->trade_count < TRADE_MAX);
    assert_int_equal(trade->mark, TW_TRADE_STANDS);
    int64_t now_ns = floor_now(w.exchange->floor);
    f->late += now_ns - trade->time_ns > TW_NS_PER_SECOND; /* steps are of a second */
    assert_true(now_ns - trade->time_ns <= 31 * TW_NS_PER_SECOND);
    f->trades[f->trade_count++] = *trade;
}

/* The bar of all trades that stand in a minute; those of one client in the order of time. */
static made_bar bar_of(const follower *f, int64_t minute_ns) {
    made_bar bar = {0};
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    for (uint32_t i = 0; i < f->trade_count; i++) {
        const tw_trade *trade = &f->trades[i];
        int64_t price = trade->price.nano;
        if (trade->mark != TW_TRADE_STANDS || trade->time_ns < minute_ns ||
            trade->time_ns >= minute_ns + TW_NS_PER_MINUTE)
            continue;
        if (bar.count++ == 0)
            bar.high = bar.low = price;
        if (trade->time_ns < first_ns)
            bar.open = price;
        if (trade->time_ns >= last_ns)
            bar.close = price;
        first_ns = trade->time_ns < first_ns ? trade->time_ns : first_ns;
        last_ns = trade->time_ns > last_ns ? trade->time_ns : last_ns;
        bar.high = price > bar.high ? price : bar.high;
        bar.low = price < bar.low ? price : bar.low;
        bar.volume += trade->quantity.nano;
        bar.turnover += (double)price * (double)trade->quantity.nano;
    }
    return bar;
}

static void assert_is(const tw_bar *bar, const made_bar *made) {
    assert_int_equal(bar->count, made->count);
    assert_int_equal(bar->high.nano, made->high);
    assert_int_equal(bar->low.nano, made->low);
    assert_int_equal(bar->close.nano, made->close);
    assert_int_equal(bar->volume.nano, made->volume);
    assert_true(llabs(bar->vwap.nano - (int64_t)(made->turnover / (double)made->volume)) < 10);
}

/* A bar is what its client's trades make it at the moment at which it is told: at the end of its
 * minute, and again at a mark of half a minute. */
static void on_bar(void *context, const tw_bar *bar, int64_t received_ns) {
    follower *f = context;
    (void)received_ns;
    made_bar made = bar_of(f, bar->time_ns);
    assert_is(bar, &made);
    int64_t age_ns = floor_now(w.exchange->floor) - bar->time_ns;
    uint32_t minute = (uint32_t)((bar->time_ns - OPEN_NS) / TW_NS_PER_MINUTE);
    assert_true(minute < BAR_MAX);
    if (bar->revision == 0) {
        assert_int_equal(f->minutes[minute].count, 0);
        assert_int_equal(age_ns, TW_NS_PER_MINUTE);
        f->bars++;
    } else {
        assert_int_equal(age_ns % TW_NS_PER_MINUTE, TW_NS_PER_MINUTE / 2);
        f->updates++;
    }
    f->minutes[minute] = *bar;
}

static tw_trade *trade_of(follower *f, uint64_t id) {
    uint32_t i = f->trade_count;
    while (i > 0 && f->trades[i - 1].id != id)
        i--;
    assert_true(i > 0);
    return &f->trades[i - 1];
}

static void take_cancel(follower *f, const tw_alpaca_cancel_error *cancel) {
    tw_trade *trade = trade_of(f, cancel->id);
    assert_int_equal(trade->price.nano, cancel->price.nano);
    assert_int_equal(trade->quantity.nano, cancel->size.nano);
    bool error = tw_slice_equal_string(cancel->action, "E");
    assert_true(error || tw_slice_equal_string(cancel->action, "C"));
    f->errors += error;
    f->cancels++;
    trade->mark = TW_TRADE_CANCELED;
}

static void take_correction(follower *f, const tw_alpaca_correction *correction) {
    tw_trade *trade = trade_of(f, correction->original_id);
    assert_int_equal(trade->price.nano, correction->original_price.nano);
    assert_int_equal(trade->quantity.nano, correction->original_size.nano);
    assert_int_not_equal(correction->price.nano, trade->price.nano);
    trade->id = correction->id;
    trade->price = correction->price;
    trade->quantity = correction->size;
    f->corrections++;
}

static void on_record(void *context, const tw_alpaca_record *record, int64_t received_ns) {
    (void)received_ns;
    if (record->kind == TW_ALPACA_RECORD_CANCEL_ERROR) {
        take_cancel(context, record->as.cancel_error);
    } else {
        assert_int_equal(record->kind, TW_ALPACA_RECORD_CORRECTION);
        take_correction(context, record->as.correction);
    }
}

static void follow(follower *f, bool msgpack) {
    static const char *const names[] = {"AAPL"};
    char url[64];
    memset(f, 0, sizeof *f);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/v2/sip", tw_exchange_port(w.exchange));
    tw_alpaca_stream_config config = {
        .kind = TW_ALPACA_STREAM_MARKET_DATA,
        .url = url,
        .key_id = "demo",
        .secret = "demo",
        .channels =
            TW_ALPACA_CHANNEL_TRADES | TW_ALPACA_CHANNEL_BARS | TW_ALPACA_CHANNEL_UPDATED_BARS,
        .names = names,
        .name_count = 1,
        .msgpack = msgpack,
    };
    tw_alpaca_stream_callbacks callbacks = {.context = f,
                                            .on_ready = on_ready,
                                            .on_trade = on_trade,
                                            .on_bar = on_bar,
                                            .on_record = on_record};
    assert_int_equal(tw_alpaca_stream_new(NULL, w.loop, &config, &callbacks, w.symbols, &f->stream),
                     TW_OK);
    assert_int_equal(tw_alpaca_stream_open(f->stream, NULL), TW_OK);
    TURN_UNTIL(f->ready);
}

static uint64_t told(const follower *f) {
    return f->trade_count + f->bars + f->updates + f->cancels + f->corrections;
}

/* A second at a time, so that what is told can be compared with the time. */
static void play(follower *f, uint32_t seconds) {
    for (uint32_t i = 0; i < seconds; i++) {
        uint64_t sent = number_in(step("1s"), "data_messages");
        TURN_UNTIL(told(f) == sent);
    }
}

/* ---- the history beside itself ------------------------------------------------------------- */

static bool stands(const char *record) {
    return strstr(record, "\"u\":\"canceled\"") == NULL &&
           strstr(record, "\"u\":\"incorrect\"") == NULL;
}

/* The history's bars of a frame are what its trades that stand make them. */
static void assert_history_agrees(const char *frame) {
    char path[128];
    snprintf(path, sizeof path, "/v2/stocks/AAPL/bars?timeframe=%s&start=2026-01-05&limit=10000",
             frame);
    records_read(&trades, "/v2/stocks/AAPL/trades?start=2026-01-05T14:30:00Z&limit=10000");
    records_read(&bars, path);
    uint32_t at = 0;
    for (uint32_t b = 0; b < bars.count; b++) {
        made_bar made = {0};
        int64_t end_ns = b + 1 < bars.count ? record_time(bars.records[b + 1]) : INT64_MAX;
        for (; at < trades.count && record_time(trades.records[at]) < end_ns; at++)
            if (stands(trades.records[at]))
                add_trade(&made, trades.records[at]);
        assert_bar(bars.records[b], &made);
    }
    assert_int_equal(at, trades.count);
}

static void assert_all_agrees(const follower *f) {
    assert_history_agrees("1Min");
    /* What the client was told last of each minute is the history's. */
    for (uint32_t b = 0; b + 1 < bars.count; b++) {
        int64_t minute = (record_time(bars.records[b]) - OPEN_NS) / TW_NS_PER_MINUTE;
        assert_int_equal(record_number(bars.records[b], "c"), f->minutes[minute].close.nano);
        assert_int_equal(record_number(bars.records[b], "v"), f->minutes[minute].volume.nano);
        assert_int_equal(record_number(bars.records[b], "vw"), f->minutes[minute].vwap.nano);
    }
    assert_history_agrees("7Min");
    assert_history_agrees("1Day");
}

/* ---- the rules ----------------------------------------------------------------------------- */

static void a_late_trade_updates_its_minute_half_a_minute_after(void **state) {
    (void)state;
    for (int msgpack = 0; msgpack < 2; msgpack++) {
        tw_exchange_config config = configuration();
        open_world(&config);
        plan("trades late 30s 30%");
        follow(&one, msgpack != 0);
        play(&one, 185);
        /* What is not told yet is in no answer. */
        records_read(&trades, "/v2/stocks/AAPL/trades?start=2026-01-05T14:30:00Z&limit=10000");
        assert_int_equal(trades.count, one.trade_count);
        plan("seed 1");
        play(&one, 120);
        assert_true(one.late > 20);
        assert_int_equal(one.bars, 5);
        assert_true(one.updates >= 3 && one.updates <= 4);
        assert_all_agrees(&one);
        tw_alpaca_stream_free(one.stream);
        close_world();
    }
}

static void cancels_and_corrections_are_told_and_the_bars_follow(void **state) {
    (void)state;
    for (int msgpack = 0; msgpack < 2; msgpack++) {
        tw_exchange_config config = configuration();
        open_world(&config);
        plan("trades cancel 40s 10%\ntrades correct 70s 10%");
        follow(&one, msgpack != 0);
        play(&one, 200);
        plan("seed 1");
        play(&one, 120);
        assert_true(one.cancels > 10 && one.corrections > 10);
        assert_true(one.errors > 0 && one.errors < one.cancels);
        assert_int_equal(one.late, 0);
        assert_all_agrees(&one);
        records_read(&trades, "/v2/stocks/AAPL/trades?start=2026-01-05T14:30:00Z&limit=10000");
        uint32_t canceled = 0, incorrect = 0, corrected = 0;
        for (uint32_t i = 0; i < trades.count; i++) {
            canceled += strstr(trades.records[i], ",\"u\":\"canceled\"}") != NULL;
            incorrect += strstr(trades.records[i], ",\"u\":\"incorrect\"}") != NULL;
            corrected += strstr(trades.records[i], ",\"u\":\"corrected\"}") != NULL;
        }
        assert_int_equal(canceled, one.cancels);
        assert_int_equal(incorrect, one.corrections);
        assert_int_equal(corrected, one.corrections);
        tw_alpaca_stream_free(one.stream);
        close_world();
    }
}

/* The object that begins with a head, as it came. */
static void object_of(const listener *l, const char *head, char object[512]) {
    const char *at = strstr(l->log, head);
    if (at == NULL)
        fail_msg("no %s was told", head);
    snprintf(object, 512, "%.*s", (int)strcspn(at, "}") + 1, at);
}

static const char *member(const char *object, const char *name, char value[64]) {
    char key[16];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(object, key);
    if (at == NULL)
        fail_msg("no %s in %s", name, object);
    at += strlen(key);
    snprintf(value, 64, "%.*s", (int)(at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ",}")), at);
    return value;
}

/* Each object has these members in this order, and no others. */
static void the_objects_are_the_venues(void **state) {
    (void)state;
    listener l;
    char object[512], expected[1024], values[7][64];
    plan("trades cancel 2s 30%\ntrades correct 3s 50%");
    listen_to_data(&l, "{\"action\":\"subscribe\",\"trades\":[\"AAPL\"]}");
    assert_has(l.log, "\"corrections\":[\"AAPL\"],\"cancelErrors\":[\"AAPL\"]");
    step("30s");
    TURN_UNTIL(strstr(l.log, "\"T\":\"c\"") != NULL && strstr(l.log, "\"T\":\"x\"") != NULL);
    settle();
    object_of(&l, "{\"T\":\"x\"", object);
    static const char *const cancel[] = {"i", "p", "s", "a", "t"};
    for (size_t i = 0; i < 5; i++)
        member(object, cancel[i], values[i]);
    snprintf(expected, sizeof expected,
             "{\"T\":\"x\",\"S\":\"AAPL\",\"i\":%s,\"x\":\"V\",\"p\":%s,\"s\":%s,\"a\":%s,"
             "\"z\":\"C\",\"t\":%s}",
             values[0], values[1], values[2], values[3], values[4]);
    assert_string_equal(object, expected);
    object_of(&l, "{\"T\":\"c\"", object);
    static const char *const correction[] = {"oi", "op", "os", "ci", "cp", "cs", "t"};
    for (size_t i = 0; i < 7; i++)
        member(object, correction[i], values[i]);
    snprintf(expected, sizeof expected,
             "{\"T\":\"c\",\"S\":\"AAPL\",\"x\":\"V\",\"oi\":%s,\"op\":%s,\"os\":%s,\"oc\":[\"@\"],"
             "\"ci\":%s,\"cp\":%s,\"cs\":%s,\"cc\":[\"@\"],\"t\":%s,\"z\":\"C\"}",
             values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    assert_string_equal(object, expected);
    hang_up(&l);
}

static void a_minute_without_a_trade_that_stands_is_none(void **state) {
    (void)state;
    plan("trades cancel 10s");
    step("3m");
    assert_true(stands(get("/v2/stocks/AAPL/trades/latest")));
    records_read(&bars, "/v2/stocks/AAPL/bars?timeframe=1Min&start=2026-01-05");
    assert_true(bars.count <= 1); /* the one whose trades are not taken back yet */
    plan("seed 1");
    step("3m");
    assert_history_agrees("1Min");
    assert_history_agrees("1Day");
    assert_int_equal(bars.count, 1);
    get("/v2/stocks/AAPL/snapshot");
    assert_has(w.body, "\"dailyBar\":{\"t\":\"2026-01-05T05:00:00Z\"");
    records_read(&trades, "/v2/stocks/AAPL/trades?start=2026-01-05T14:30:00Z&limit=10000");
    assert_true(!stands(trades.records[0]) && stands(trades.records[trades.count - 1]));
}

/* All that a client is told in 200 seconds, as one line: frames end where a step does. */
static char *told_in(uint32_t steps, const char *span) {
    listener l;
    tw_exchange_config config = configuration();
    open_world(&config);
    plan("trades late 30s 20%\ntrades cancel 40s 10%\ntrades correct 7s 10%");
    listen_to_data(&l, "{\"action\":\"subscribe\",\"trades\":[\"*\"],\"bars\":[\"*\"],"
                       "\"updatedBars\":[\"*\"],\"dailyBars\":[\"*\"]}");
    size_t begin = l.log_size;
    uint64_t sent = 0;
    for (uint32_t i = 0; i < steps; i++)
        sent = number_in(step(span), "data_messages");
    TURN_UNTIL(count_of(l.log + begin, "{\"T\":") == sent);
    char *text = malloc(l.log_size - begin + 1);
    assert_non_null(text);
    size_t size = 0;
    for (const char *at = l.log + begin; *at != '\0'; at++) {
        bool border = strncmp(at, "]\n[", 3) == 0;
        text[size++] = border ? ',' : *at;
        at += border ? 2 : 0;
    }
    text[size] = '\0';
    hang_up(&l);
    close_world();
    return text;
}

static void a_long_step_tells_what_short_ones_tell(void **state) {
    (void)state;
    char *of_one = told_in(1, "200s");
    char *of_many = told_in(200, "1s");
    assert_true(count_of(of_one, "\"T\":\"u\"") > 5);
    assert_string_equal(of_one, of_many);
    free(of_one);
    free(of_many);
}

static void a_jump_leaves_nothing_behind(void **state) {
    (void)state;
    plan("trades late 30s 50%\ntrades cancel 20s 20%");
    step("50s");
    call("POST", "/sim/clock/jump?to=2026-01-05T15:00:00Z", "");
    assert_int_equal(w.http_status, 200);
    plan("seed 1");
    step("30s"); /* the bars of then are told anew at the next mark of half a minute */
    assert_int_equal(w.exchange->reports.waiting_count, 0);
    assert_history_agrees("1Min");
    assert_history_agrees("1Day");
}

/* A day of New York is told right after its minute, and neither is late. */
static void bars_come_as_their_minute_ends_and_days_behind_them(void **state) {
    (void)state;
    listener l;
    listen_to_data(&l, "{\"action\":\"subscribe\",\"bars\":[\"*\"],\"dailyBars\":[\"*\"]}");
    size_t before = l.log_size;
    for (uint32_t second = 1; second <= 180; second++) {
        step("1s");
        if (second % 60 == 0) {
            TURN_UNTIL(count_of(l.log + before, "\"T\":\"d\"") == 3);
            const char *at = l.log + before;
            for (uint32_t i = 0; i < 3; i++) { /* each bar with its day behind it */
                char symbols[2][64];
                const char *bar = strstr(at, "{\"T\":\"b\"");
                const char *day = strstr(at, "{\"T\":\"d\"");
                assert_true(bar != NULL && day > bar);
                assert_string_equal(member(bar, "S", symbols[0]), member(day, "S", symbols[1]));
                char minute[64], start[TW_TIME_TEXT_SIZE];
                tw_time_format(floor_now(w.exchange->floor) - TW_NS_PER_MINUTE, -1, start);
                member(bar, "t", minute);
                assert_memory_equal(minute + 1, start, strlen(start));
                at = day + 1;
            }
            before = l.log_size;
        }
    }
    assert_int_equal(l.log_size, before);
    hang_up(&l);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_trade_updates_its_minute_half_a_minute_after),
        cmocka_unit_test(cancels_and_corrections_are_told_and_the_bars_follow),
        CASE(the_objects_are_the_venues),
        CASE(a_minute_without_a_trade_that_stands_is_none),
        cmocka_unit_test(a_long_step_tells_what_short_ones_tell),
        CASE(a_jump_leaves_nothing_behind),
        CASE(bars_come_as_their_minute_ends_and_days_behind_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
