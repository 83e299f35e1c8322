/* wire_monitor.c - scrapes over real sockets, read by a strict parser, while threads record. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "open_metrics.h"
#include "tradewind/http.h"
#include "tradewind/monitor.h"
#include "tradewind/time.h"

#define TEXT_SIZE 1048576

typedef struct test_house {
    tw_loop *loop;
    tw_http_client *client;
    tw_metrics *metrics;
    tw_monitor *monitor;
    tw_metrics_counter orders;
    tw_metrics_histogram wait;
    tw_metrics_family symbols;
} test_house;

typedef struct outcome {
    bool done;
    uint32_t status;
    char type[96];
    char text[TEXT_SIZE];
} outcome;

static outcome got;

static void define_families(test_house *house) {
    tw_metrics_family family;
    tw_metrics_definition orders = {.name = "orders", .help = "Sent"};
    tw_metrics_definition wait = {
        .name = "wait_seconds", .unit = "seconds", .kind = TW_METRICS_HISTOGRAM};
    tw_metrics_definition symbols = {
        .name = "trades", .labels = {"symbol"}, .label_count = 1, .series_max = 64};
    assert_int_equal(tw_metrics_define(house->metrics, &orders, &family, NULL), TW_OK);
    assert_int_equal(tw_metrics_counter_of(house->metrics, family, NULL, &house->orders), TW_OK);
    assert_int_equal(tw_metrics_define(house->metrics, &wait, &family, NULL), TW_OK);
    assert_int_equal(tw_metrics_histogram_of(house->metrics, family, NULL, &house->wait), TW_OK);
    assert_int_equal(tw_metrics_define(house->metrics, &symbols, &house->symbols, NULL), TW_OK);
}

static int open_house(void **state) {
    static test_house house;
    house = (test_house){0};
    tw_metrics_config config = {.family_max = 3 + TW_MONITOR_FAMILY_COUNT,
                                .series_max = 66 + TW_MONITOR_SERIES_COUNT,
                                .histogram_max = 1 + TW_MONITOR_HISTOGRAM_COUNT,
                                .shard_max = 5,
                                .created_time_ns = tw_time_wall_ns()};
    assert_int_equal(tw_loop_new(NULL, &house.loop, NULL), TW_OK);
    assert_int_equal(tw_http_client_new(house.loop, NULL, &house.client, NULL), TW_OK);
    assert_int_equal(tw_metrics_new(NULL, &config, &house.metrics), TW_OK);
    define_families(&house);
    tw_monitor_config monitor = {.loop = house.loop, .metrics = house.metrics};
    assert_int_equal(tw_monitor_start(NULL, &monitor, &house.monitor, NULL), TW_OK);
    *state = &house;
    return 0;
}

static int close_house(void **state) {
    test_house *house = *state;
    tw_http_client_free(house->client);
    tw_monitor_free(house->monitor);
    tw_metrics_free(house->metrics);
    tw_loop_free(house->loop);
    return 0;
}

static void on_done(void *context, const tw_http_result *result) {
    (void)context;
    tw_slice type = {0};
    assert_int_equal(result->status, TW_OK);
    got.done = true;
    got.status = result->http_status;
    if (tw_http_result_header(result, "content-type", &type))
        assert_int_equal(tw_slice_copy(type, got.type, sizeof got.type), TW_OK);
    assert_int_equal(tw_slice_copy(result->body, got.text, sizeof got.text), TW_OK);
}

static void ask(test_house *house, const char *method, const char *path, const char *host) {
    char url[128];
    tw_http_header header = {tw_slice_of("Host"), tw_slice_of(host)};
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", tw_monitor_port(house->monitor), path);
    tw_http_call call = {
        .method = method, .url = url, .headers = &header, .header_count = host != NULL ? 1 : 0};
    memset(&got, 0, offsetof(outcome, text) + 1);
    assert_int_equal(tw_http_client_send(house->client, &call, on_done, NULL, NULL, NULL), TW_OK);
    while (!got.done)
        assert_int_equal(tw_loop_turn(house->loop, TW_NS_PER_SECOND, NULL, NULL), TW_OK);
}

static double value_of(const char *series) {
    double value = 0.0;
    if (!open_metrics_value(got.text, series, &value))
        fail_msg("%s is not there", series);
    return value;
}

static void assert_valid(void) {
    const char *problem = open_metrics_problem(got.text);
    if (problem != NULL)
        fail_msg("%s", problem);
}

static void test_a_scrape_is_open_metrics_text_with_the_process(void **state) {
    test_house *house = *state;
    tw_metrics_shard *shard = NULL;
    assert_int_equal(tw_metrics_shard_acquire(house->metrics, &shard), TW_OK);
    tw_metrics_counter_add(shard, house->orders, 3);
    ask(house, "GET", "/metrics", NULL);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.type, TW_METRICS_CONTENT_TYPE);
    assert_valid();
    assert_true(value_of("orders_total") == 3.0);
    assert_true(value_of("process_resident_memory_bytes") > 100000.0);
    assert_true(value_of("process_virtual_memory_bytes") >
                value_of("process_resident_memory_bytes"));
    assert_true(value_of("process_open_fds") >= 3.0);
    assert_true(value_of("process_max_fds") >= value_of("process_open_fds"));
    assert_true(value_of("process_threads") >= 1.0);
    double started = value_of("process_start_time_seconds");
    double now = (double)tw_time_wall_ns() / 1e9;
    assert_true(started <= now + 1.0 && started > now - 120.0);
    assert_true(value_of("process_page_faults_total{kind=\"minor\"}") > 0.0);
    assert_true(value_of("tradewind_monitor_scrape_seconds_count") == 0.0);
    ask(house, "GET", "/metrics", NULL);
    assert_valid();
    assert_true(value_of("tradewind_monitor_scrape_seconds_count") == 1.0);
    assert_true(value_of("tradewind_monitor_scrape_bytes") > 1000.0);
}

static void test_who_asks_for_another_host_is_refused(void **state) {
    test_house *house = *state;
    static const char *const strangers[] = {
        "evil.example", "evil.example:9464", "localhost.evil", "127.evil.example",
        "[::2]",        "10.0.0.1",          "[::1",           ":1"};
    static const char *const own[] = {"localhost", "LOCALHOST:9464", "127.0.0.1", "127.0.0.1:1",
                                      "[::1]:9464"};
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        ask(house, "GET", "/metrics", strangers[i]);
        assert_int_equal(got.status, 403);
        assert_null(strstr(got.text, "process_"));
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        ask(house, "GET", "/metrics", own[i]);
        assert_int_equal(got.status, 200);
    }
    assert_true(value_of("tradewind_monitor_refused_total") == 8.0);
}

static void test_other_paths_and_methods_are_refused(void **state) {
    test_house *house = *state;
    static const struct {
        const char *method;
        const char *path;
        uint32_t status;
    } cases[] = {{"GET", "/", 200},           {"GET", "/metrics/", 404}, {"GET", "/v2/orders", 404},
                 {"POST", "/metrics", 405},   {"DELETE", "/", 405},      {"HEAD", "/metrics", 200},
                 {"GET", "/metrics?x=1", 200}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(house, cases[i].method, cases[i].path, NULL);
        assert_int_equal(got.status, cases[i].status);
    }
}

static void test_the_process_figures_move(void **state) {
    (void)state;
    tw_process_figures before = {0};
    tw_process_figures after = {0};
    assert_int_equal(tw_process_figures_read(&before, NULL), TW_OK);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    volatile uint64_t spin = 0;
    do {
        for (int i = 0; i < 100000; i++)
            spin = spin + 1;
        assert_int_equal(tw_process_figures_read(&after, NULL), TW_OK);
    } while (after.user_ns + after.system_ns == before.user_ns + before.system_ns);
    assert_int_equal(after.descriptors, before.descriptors + 2);
    assert_true(after.started_ns - before.started_ns < TW_NS_PER_SECOND);
    close(ends[0]);
    close(ends[1]);
}

/* ---- while it storms ------------------------------------------------------------------------ */

typedef struct test_storm {
    test_house *house;
    atomic_bool ending;
    _Atomic uint64_t recorded;
} test_storm;

static void *record(void *context) {
    test_storm *storm = context;
    tw_metrics *metrics = storm->house->metrics;
    tw_metrics_shard *shard = NULL;
    uint64_t count = 0;
    if (tw_metrics_shard_acquire(metrics, &shard) != TW_OK)
        return NULL;
    while (count < UINT64_C(64) * 80 ||
           !atomic_load_explicit(&storm->ending, memory_order_relaxed)) {
        char name[16];
        tw_metrics_counter counter;
        snprintf(name, sizeof name, "S%u",
                 (unsigned)(count / 64 % 80)); /* more than there is room */
        tw_slice symbol = tw_slice_of(name);
        if (tw_metrics_counter_of(metrics, storm->house->symbols, &symbol, &counter) != TW_OK)
            return NULL;
        for (int i = 0; i < 64; i++, count++) {
            tw_metrics_counter_add(shard, counter, 1);
            tw_metrics_counter_add(shard, storm->house->orders, 1);
            tw_metrics_histogram_record(shard, storm->house->wait, (int64_t)(count * 37 % 1000000));
        }
    }
    tw_metrics_shard_release(shard);
    atomic_fetch_add(&storm->recorded, count);
    return storm;
}

static void test_scrapes_in_a_write_storm_are_valid_and_never_go_back(void **state) {
    test_storm storm = {.house = *state};
    pthread_t threads[3];
    double orders = 0.0;
    double waits = 0.0;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, record, &storm), 0);
    for (int i = 0; i < 12; i++) {
        ask(storm.house, "GET", "/metrics", NULL);
        assert_int_equal(got.status, 200);
        assert_valid();
        assert_true(value_of("orders_total") >= orders);
        assert_true(value_of("wait_seconds_count") >= waits);
        orders = value_of("orders_total");
        waits = value_of("wait_seconds_count");
    }
    atomic_store(&storm.ending, true);
    for (size_t i = 0; i < 3; i++) {
        void *ended = NULL;
        assert_int_equal(pthread_join(threads[i], &ended), 0);
        assert_ptr_equal(ended, &storm);
    }
    ask(storm.house, "GET", "/metrics", NULL);
    assert_valid();
    assert_true(value_of("orders_total") == (double)storm.recorded);
    assert_true(value_of("wait_seconds_count") == (double)storm.recorded);
    assert_true(value_of("trades_total{symbol=\"other\"}") > 0.0);
    assert_true(value_of("tradewind_metrics_overflow_total{family=\"trades\"}") > 0.0);
}

/* ---- what the strict parser refuses --------------------------------------------------------- */

static void test_the_parser_refuses_what_is_no_open_metrics_text(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "# EOF",
        "# EOF\n\n",
        "x 1\n# EOF\n",
        "# TYPE x counter\n# EOF\n# TYPE y gauge\ny 1\n# EOF\n",
        "# TYPE x counter\nx 1\n# EOF\n",
        "# TYPE x counter\nx_total -1\n# EOF\n",
        "# TYPE x counter\nx_total NaN\n# EOF\n",
        "# TYPE x counter\nx_total 1\nx_total 1\n# EOF\n",
        "# TYPE x gauge\nx 1\n# TYPE x gauge\nx 2\n# EOF\n",
        "# TYPE x gauge\nx 1\n# HELP x late\n# EOF\n",
        "# TYPE x gauge\n# UNIT x seconds\nx 1\n# EOF\n",
        "# TYPE x gauge\nx{a=\"b} 1\n# EOF\n",
        "# TYPE x gauge\nx{a=\"\\q\"} 1\n# EOF\n",
        "# TYPE x gauge\nx{a=\"1\"b=\"2\"} 1\n# EOF\n",
        "# TYPE x gauge\nx  1\n# EOF\n",
        "# TYPE x gauge\nx 1 \n# EOF\n",
        "# TYPE x gauge\nx 0x1p3\n# EOF\n",
        "# TYPE x gauge\nx\xff 1\n# EOF\n",
        "# TYPE x gauge\n# TYPE y gauge\ny 1\n# EOF\n",
        "# TYPE x histogram\nx_bucket{le=\"1\"} 1\nx_bucket{le=\"+Inf\"} 1\nx_count 1\n# EOF\n",
        "# TYPE x histogram\nx_bucket{le=\"1.0\"} 2\nx_bucket{le=\"+Inf\"} 1\nx_count 1\n# EOF\n",
        "# TYPE x histogram\nx_bucket{le=\"2.0\"} 1\nx_bucket{le=\"1.0\"} 1\nx_count 1\n# EOF\n",
        "# TYPE x histogram\nx_bucket{le=\"1.0\"} 1\nx_count 1\nx_sum 1\n# EOF\n",
        "# TYPE x histogram\nx_bucket{le=\"+Inf\"} 1\nx_count 2\n# EOF\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (open_metrics_problem(bad[i]) == NULL)
            fail_msg("it took %s", bad[i]);
    }
    assert_null(open_metrics_problem("# EOF\n"));
    assert_null(open_metrics_problem("# TYPE x_seconds gauge\n# UNIT x_seconds seconds\n"
                                     "# HELP x_seconds a \\\\ b\nx_seconds{a=\"\\\"\"} +Inf\n"
                                     "# EOF\n"));
}

static tw_status start_and_free(const tw_allocator *allocator, void *context) {
    test_house *house = context;
    tw_metrics_config config = {.family_max = TW_MONITOR_FAMILY_COUNT,
                                .series_max = TW_MONITOR_SERIES_COUNT,
                                .histogram_max = TW_MONITOR_HISTOGRAM_COUNT,
                                .shard_max = 1};
    TW_AUTO(tw_metrics) *metrics = NULL;
    TW_AUTO(tw_monitor) *monitor = NULL;
    tw_status status = tw_metrics_new(allocator, &config, &metrics);
    tw_monitor_config own = {.loop = house->loop, .metrics = metrics};
    return status == TW_OK ? tw_monitor_start(allocator, &own, &monitor, NULL) : status;
}

static void test_leaves_nothing_when_memory_runs_out(void **state) {
    assert_survives_failed_allocations(start_and_free, *state);
}

static void test_an_address_that_cannot_be_is_told(void **state) {
    test_house *house = *state;
    tw_monitor *second = NULL;
    tw_error error = {0};
    tw_monitor_config taken = {
        .loop = house->loop, .metrics = house->metrics, .port = tw_monitor_port(house->monitor)};
    assert_int_equal(tw_monitor_start(NULL, &taken, &second, &error), TW_BUSY);
    assert_true(error.message[0] != '\0');
    taken.address = "somewhere";
    assert_int_equal(tw_monitor_start(NULL, &taken, &second, &error), TW_INVALID);
    assert_null(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_scrape_is_open_metrics_text_with_the_process,
                                        open_house, close_house),
        cmocka_unit_test_setup_teardown(test_who_asks_for_another_host_is_refused, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(test_other_paths_and_methods_are_refused, open_house,
                                        close_house),
        cmocka_unit_test(test_the_process_figures_move),
        cmocka_unit_test_setup_teardown(test_scrapes_in_a_write_storm_are_valid_and_never_go_back,
                                        open_house, close_house),
        cmocka_unit_test(test_the_parser_refuses_what_is_no_open_metrics_text),
        cmocka_unit_test_setup_teardown(test_leaves_nothing_when_memory_runs_out, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(test_an_address_that_cannot_be_is_told, open_house,
                                        close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
