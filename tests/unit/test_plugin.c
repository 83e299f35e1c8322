/*
 * test_plugin.c - the rules of tradewind/plugin.h, with real shared objects.
 *
 * ODD_STRATEGIES names the folder of those that tests/support/strategies makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/plugin.h"

enum { SYMBOLS = 3, PATH_SIZE = 512, OBJECT_SIZE_MAX = 1 << 20 };

static char folder[] = "/tmp/test-plugin-XXXXXX";
static tw_error error;

static const char *odd(const char *word) {
    static char path[PATH_SIZE];
    const char *where = getenv("ODD_STRATEGIES");
    snprintf(path, sizeof path, "%s/odd_%s.so",
             where != NULL ? where : "build/tests/support/strategies", word);
    return path;
}

static tw_plugin_config config_of(const char *path, const char *argument) {
    static const char *const symbols[SYMBOLS] = {"AAPL", "MSFT", "XOM"};
    static const int64_t frames[] = {INT64_C(60000000000)};
    return (tw_plugin_config){.path = path,
                              .setup = {.symbol_count = SYMBOLS,
                                        .symbols = symbols,
                                        .timeframes_ns = frames,
                                        .timeframe_count = 1,
                                        .day_count_max = 10,
                                        .argument = argument}};
}

static tw_plugin *open_plain(const char *argument) {
    tw_plugin *plugin = NULL;
    tw_plugin_config config = config_of(odd("plain"), argument);
    if (tw_plugin_open(NULL, &config, &plugin, &error) != TW_OK)
        fail_msg("%s", error.message);
    return plugin;
}

/* It is refused with this status and these words. */
static void refuse(const char *path, const char *argument, tw_status status, const char *words) {
    tw_plugin *plugin = NULL;
    tw_plugin_config config = config_of(path, argument);
    error = (tw_error){0};
    tw_status came = tw_plugin_open(NULL, &config, &plugin, &error);
    if (came != status || strstr(error.message, words) == NULL)
        fail_msg("%s: %s: %s", path, tw_status_name(came), error.message);
    assert_null(plugin);
}

/* ---- files --------------------------------------------------------------------------------- */

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int drop_folder(void **state) {
    (void)state;
    char command[PATH_SIZE];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *within(const char *name) {
    static char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A copy of the plain object, as far as `size_max`, with a byte of it changed. */
static const char *copy(const char *name, size_t size_max, size_t at, unsigned char change) {
    static char bytes[OBJECT_SIZE_MAX];
    FILE *file = fopen(odd("plain"), "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    size = size < size_max ? size : size_max;
    bytes[at] = (char)(bytes[at] ^ (char)change);
    file = fopen(within(name), "wb");
    assert_non_null(file);
    assert_true(fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    return within(name);
}

/* ---- rules --------------------------------------------------------------------------------- */

static void an_object_is_loaded_and_answers(void **state) {
    (void)state;
    double weights[SYMBOLS] = {0};
    int64_t took_ns = -1;
    tw_strategy_view view = {.size = sizeof view, .symbol_count = SYMBOLS};
    TW_AUTO(tw_plugin) *plugin = open_plain("0.25");
    assert_string_equal(tw_plugin_name(plugin), "odd");
    assert_false(tw_plugin_wants_bars(plugin));
    assert_true(tw_plugin_path(plugin)[0] == '/');
    assert_int_equal(tw_plugin_weigh(plugin, &view, weights, &took_ns), TW_STRATEGY_WEIGHTS);
    assert_true(weights[0] == 0.25 && weights[2] == 0.25);
    assert_int_equal(took_ns, 0);
}

static void two_plugins_of_a_file_are_two_states(void **state) {
    (void)state;
    double weights[SYMBOLS] = {0};
    int64_t took_ns;
    tw_strategy_view view = {.size = sizeof view, .symbol_count = SYMBOLS};
    TW_AUTO(tw_plugin) *one = open_plain("0.1");
    TW_AUTO(tw_plugin) *other = open_plain("keep");
    assert_int_equal(tw_plugin_weigh(one, &view, weights, &took_ns), TW_STRATEGY_WEIGHTS);
    assert_int_equal(tw_plugin_weigh(other, &view, weights, &took_ns), TW_STRATEGY_KEEP);
}

static void a_timed_call_tells_how_long_it_took(void **state) {
    (void)state;
    double weights[SYMBOLS] = {0};
    int64_t took_ns = 0;
    tw_strategy_view view = {.size = sizeof view, .symbol_count = SYMBOLS};
    tw_plugin_config config = config_of(odd("slow"), "0.1");
    config.timed = true;
    TW_AUTO(tw_plugin) *plugin = NULL;
    assert_int_equal(tw_plugin_open(NULL, &config, &plugin, &error), TW_OK);
    (void)tw_plugin_weigh(plugin, &view, weights, &took_ns);
    assert_true(took_ns > INT64_C(2000000)); /* it works for three milliseconds */
}

static void what_is_no_strategy_is_named(void **state) {
    (void)state;
    refuse(within("none.so"), "", TW_NOT_FOUND, "there is no strategy /tmp/");
    refuse(folder, "", TW_PARSE, "is not a file");
    refuse(copy("text.so", 10, 0, 0), "", TW_PARSE, "is no shared object");
    refuse(copy("other.so", OBJECT_SIZE_MAX, 1, 0x20), "", TW_PARSE, "is no shared object");
    for (size_t size = 24; size < 4000; size += 1 + size / 7)
        refuse(copy("cut.so", size, 0, 0), "", TW_PARSE, "is cut short");
    refuse(copy("odd.so", OBJECT_SIZE_MAX, 16, 7), "", TW_PARSE, "cannot be loaded");
    refuse(copy("far.so", OBJECT_SIZE_MAX, 18, 0x80), "", TW_PARSE, "is for another machine");
    refuse(copy("narrow.so", OBJECT_SIZE_MAX, 4, 3), "", TW_PARSE, "is for another machine");
    refuse(odd("hidden"), "", TW_PARSE, "it exports no constant tradewind_strategy");
    refuse(odd("unfound"), "", TW_PARSE, "tradewind_no_such_function");
    refuse(odd("nameless"), "", TW_PARSE, "needs a name of 1 to 23 characters");
    refuse(odd("idle"), "", TW_PARSE, "has no weigh");
    refuse(odd("newer"), "", TW_VERSION, "is of version 2 of strategy.h, and this program knows");
    refuse(odd("small"), "", TW_VERSION, "must be sizeof(tw_strategy_object)");
    refuse(odd("plain"), "refuse", TW_USAGE, "does not begin: it is in no mood to trade AAPL");
}

static void what_others_may_change_is_not_loaded(void **state) {
    (void)state;
    char link[PATH_SIZE];
    const char *path = copy("open.so", OBJECT_SIZE_MAX, 0, 0);
    assert_int_equal(chmod(path, 0666), 0);
    refuse(path, "", TW_PERMISSION, "others may change /tmp/");
    assert_int_equal(chmod(path, 0644), 0);
    TW_AUTO(tw_plugin) *plugin = NULL;
    tw_plugin_config config = config_of(path, "0.1");
    assert_int_equal(tw_plugin_open(NULL, &config, &plugin, &error), TW_OK);
    assert_int_equal(chmod(folder, 0777), 0);
    refuse(path, "", TW_PERMISSION, "others may change /tmp/");
    /* A safe file through a name that others may turn elsewhere. */
    snprintf(link, sizeof link, "%s/link.so", folder);
    char real[4096];
    assert_non_null(realpath(odd("plain"), real));
    assert_int_equal(symlink(real, link), 0);
    refuse(link, "", TW_PERMISSION, "others may change /tmp/");
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_relative_name_is_of_the_current_folder(void **state) {
    (void)state;
    char before[4096];
    const char *path = copy("near.so", OBJECT_SIZE_MAX, 0, 0);
    assert_non_null(getcwd(before, sizeof before));
    assert_true(chdir(folder) == 0);
    tw_plugin_config config = config_of("near.so", "0.1");
    TW_AUTO(tw_plugin) *plugin = NULL;
    tw_status status = tw_plugin_open(NULL, &config, &plugin, &error);
    assert_true(chdir(before) == 0);
    assert_int_equal(status, TW_OK);
    assert_string_equal(tw_plugin_path(plugin), path);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    const tw_plugin_config *config = context;
    TW_AUTO(tw_plugin) *plugin = NULL;
    return tw_plugin_open(allocator, config, &plugin, NULL);
}

static void nothing_is_left_when_memory_runs_out(void **state) {
    (void)state;
    tw_plugin_config config = config_of(odd("plain"), "0.1");
    assert_survives_failed_allocations(make_and_free, &config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_loaded_and_answers),
        cmocka_unit_test(two_plugins_of_a_file_are_two_states),
        cmocka_unit_test(a_timed_call_tells_how_long_it_took),
        cmocka_unit_test(what_is_no_strategy_is_named),
        cmocka_unit_test(what_others_may_change_is_not_loaded),
        cmocka_unit_test(a_relative_name_is_of_the_current_folder),
        cmocka_unit_test(nothing_is_left_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
