/* test_config.c - one table makes the parser, the messages and the help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tradewind/config.h"
#include "tradewind/time.h"

typedef struct settings {
    bool resume;
    bool verbose;
    int64_t batch_rows;
    double factor;
    double band;
    int64_t cash;
    int64_t timeout_ns;
    int64_t from_ns;
    char database[TW_CONFIG_TEXT_SIZE];
    char secret[TW_CONFIG_TEXT_SIZE];
    int clock;
} settings;

#define AT(field) offsetof(settings, field)
static const tw_config_option options[] = {
    {"resume", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "yes", "go on where the last run stopped", NULL,
     AT(resume)},
    {"verbose", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, NULL, "say more", NULL, AT(verbose)},
    {"batch-rows", TW_CONFIG_INTEGER, "rows", "1", "1M", "10000", "rows a commit", NULL,
     AT(batch_rows)},
    {"factor", TW_CONFIG_NUMBER, NULL, "-1", "1.5", "0.5", "weight of the last value", NULL,
     AT(factor)},
    {"band", TW_CONFIG_PERCENT, NULL, "0", "100%", "5%",
     "how far a weight may drift from its target before a trade brings it home", NULL, AT(band)},
    {"cash", TW_CONFIG_DECIMAL, "dollars", "0", NULL, "100000.01", "what is in the account", NULL,
     AT(cash)},
    {"timeout", TW_CONFIG_DURATION, NULL, "1ms", "1h", "30s", "how long an answer may take", NULL,
     AT(timeout_ns)},
    {"from", TW_CONFIG_TIME, NULL, NULL, NULL, NULL, "first moment", NULL, AT(from_ns)},
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "tradewind.db", "the store", NULL, AT(database)},
    {"api-secret", TW_CONFIG_SECRET, NULL, NULL, NULL, NULL, "the key's secret", NULL, AT(secret)},
    {"clock", TW_CONFIG_CHOICE, NULL, NULL, NULL, "real", "how time passes", "real|x60|step",
     AT(clock)},
};
#define COUNT (sizeof options / sizeof options[0])

static tw_status set(tw_config *config, const char *name, const char *value, tw_error *error) {
    return tw_config_set(config, tw_slice_of(name), tw_slice_of(value), TW_CONFIG_FROM_OPTION,
                         error);
}

static void test_defaults_are_written_first(void **state) {
    (void)state;
    settings target;
    tw_config config;
    memset(&target, 0xEE, sizeof target);
    tw_config_init(&config, options, COUNT, &target);
    assert_true(target.resume);
    assert_false(target.verbose);
    assert_int_equal(target.batch_rows, 10000);
    assert_true(target.factor == 0.5);
    assert_true(target.band == 0.05);
    assert_int_equal(target.cash, INT64_C(100000010000000));
    assert_int_equal(target.timeout_ns, 30 * TW_NS_PER_SECOND);
    assert_int_equal(target.from_ns, 0);
    assert_string_equal(target.database, "tradewind.db");
    assert_string_equal(target.secret, "");
    assert_int_equal(target.clock, 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(config.origins[i], TW_CONFIG_FROM_DEFAULT);
}

static void test_every_type_is_read_and_written(void **state) {
    (void)state;
    const struct {
        const char *name;
        const char *value;
        const char *effective;
    } cases[] = {
        {"resume", "off", "no"},
        {"resume", "TRUE", "yes"},
        {"verbose", "1", "yes"},
        {"verbose", "No", "no"},
        {"batch-rows", "20k", "20000"},
        {"batch-rows", "1M", "1000000"},
        {"batch-rows", "7", "7"},
        {"factor", "-1", "-1"},
        {"factor", "1.25e-3", "0.00125"},
        {"band", "7%", "7%"},
        {"band", "0.07", "7%"},
        {"band", "12.5 %", "12.5%"},
        {"band", "100%", "100%"},
        {"band", "0", "0%"},
        {"band", "0.1%", "0.1%"},
        {"band", "29%", "29%"},
        {"cash", "12.50", "12.5"},
        {"timeout", "1m30s", "1m30s"},
        {"timeout", "1500ms", "1.5s"},
        {"from", "2024-01-02", "2024-01-02T00:00:00Z"},
        {"from", "2024-01-02T09:30:00.5-05:00", "2024-01-02T14:30:00.5Z"},
        {"db", "", ""},
        {"db", "a b.db", "a b.db"},
        {"api-secret", "hunter2", "********"},
        {"api-secret", "", ""},
        {"clock", "step", "step"},
        {"clock", "x60", "x60"},
    };
    settings target;
    tw_config config;
    tw_config_init(&config, options, COUNT, &target);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_error error = {0};
        assert_int_equal(set(&config, cases[i].name, cases[i].value, &error), TW_OK);
        for (size_t o = 0; o < COUNT; o++) {
            if (strcmp(options[o].name, cases[i].name) != 0)
                continue;
            char buffer[600];
            tw_text text = tw_text_over(buffer, sizeof buffer);
            tw_config_format(&config, o, &text);
            assert_string_equal(buffer, cases[i].effective);
            assert_int_equal(config.origins[o], TW_CONFIG_FROM_OPTION);
        }
    }
    assert_string_equal(target.secret, "");
    assert_int_equal(target.clock, 1);
}

static void test_a_bad_value_names_what_was_expected_and_changes_nothing(void **state) {
    (void)state;
    const struct {
        const char *name;
        const char *value;
        tw_status status;
        const char *message;
    } cases[] = {
        {"batch-row", "1", TW_NOT_FOUND,
         "unknown setting \"batch-row\"; did you mean \"batch-rows\"?"},
        {"bacth-rows", "1", TW_NOT_FOUND,
         "unknown setting \"bacth-rows\"; did you mean \"batch-rows\"?"},
        {"zzzzzz", "1", TW_NOT_FOUND, "unknown setting \"zzzzzz\""},
        {"", "1", TW_NOT_FOUND, "unknown setting \"\""},
        {"batch-rows", "many", TW_PARSE,
         "batch-rows: \"many\" is not understood; expected a whole number like 20 or 10k"},
        {"batch-rows", "0", TW_RANGE, "batch-rows: \"0\" is out of range; expected 1 to 1M rows"},
        {"batch-rows", "2M", TW_RANGE, "batch-rows: \"2M\" is out of range; expected 1 to 1M rows"},
        {"batch-rows", "9223372036854775807G", TW_RANGE,
         "batch-rows: \"9223372036854775807G\" is out of range; expected 1 to 1M rows"},
        {"batch-rows", "", TW_PARSE,
         "batch-rows: an empty value is not understood; expected a whole number like 20 or 10k"},
        {"batch-rows", "k", TW_PARSE,
         "batch-rows: \"k\" is not understood; expected a whole number like 20 or 10k"},
        {"cash", "-1", TW_RANGE, "cash: \"-1\" is out of range; expected at least 0 dollars"},
        {"cash", "0.0000000001", TW_RANGE,
         "cash: \"0.0000000001\" is out of range; expected at least 0 dollars"},
        {"timeout", "5", TW_PARSE,
         "timeout: \"5\" is not understood; expected a span of time like 500ms, 30s or 1h30m"},
        {"timeout", "2h", TW_RANGE, "timeout: \"2h\" is out of range; expected 1ms to 1h"},
        {"resume", "maybe", TW_PARSE, "resume: \"maybe\" is not understood; expected yes or no"},
        {"clock", "Step", TW_PARSE,
         "clock: \"Step\" is not understood; expected real, x60 or step"},
        {"band", "101%", TW_RANGE, "band: \"101%\" is out of range; expected 0 to 100%"},
        {"band", "%", TW_PARSE, "band: \"%\" is not understood; expected a share like 5% or 0.05"},
        {"factor", "nan", TW_PARSE,
         "factor: \"nan\" is not understood; expected a number like 0.5"},
        {"from", "2023-02-29", TW_RANGE,
         "from: \"2023-02-29\" is out of range; expected a time like 2024-01-02 or "
         "2024-01-02T14:30:00Z"},
    };
    settings target;
    settings before;
    tw_config config;
    memset(&target, 0, sizeof target);
    tw_config_init(&config, options, COUNT, &target);
    memcpy(&before, &target, sizeof target);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tw_error error = {0};
        assert_int_equal(set(&config, cases[i].name, cases[i].value, &error), cases[i].status);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(error.status, cases[i].status);
        assert_memory_equal(&before, &target, sizeof target);
    }
    assert_int_equal(set(&config, "zzz", "1", NULL), TW_NOT_FOUND);
}

static void test_a_secret_is_never_in_a_message(void **state) {
    (void)state;
    char long_secret[TW_CONFIG_TEXT_SIZE + 1];
    memset(long_secret, 'S', sizeof long_secret);
    long_secret[TW_CONFIG_TEXT_SIZE] = 0;
    settings target;
    tw_config config;
    tw_config_init(&config, options, COUNT, &target);
    tw_error error = {0};
    assert_int_equal(set(&config, "api-secret", long_secret, &error), TW_RANGE);
    assert_string_equal(error.message, "api-secret: the value is longer than 511 bytes");
    assert_int_equal(set(&config, "db", long_secret, &error), TW_RANGE);
    assert_int_equal(set(&config, "db", long_secret + 1, &error), TW_OK);
    assert_int_equal(strlen(target.database), TW_CONFIG_TEXT_SIZE - 1);
}

/* Writes a file of our own and reads it as the named section. */
static tw_status read_text(const char *content, size_t size, mode_t mode, const char *section,
                           settings *target, tw_error *error) {
    char path[] = "/tmp/tradewind-config-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, content, size), (ssize_t)size);
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
    tw_config config;
    tw_config_init(&config, options, COUNT, target);
    tw_status status = tw_config_read_file(&config, path, section, error);
    for (size_t i = 0; status == TW_OK && i < COUNT; i++)
        assert_true(config.origins[i] == TW_CONFIG_FROM_DEFAULT ||
                    config.origins[i] == TW_CONFIG_FROM_FILE);
    unlink(path);
    /* The message begins with the path, which differs from run to run: it is cut off. */
    if (status != TW_OK && strncmp(error->message, path, strlen(path)) == 0)
        memmove(error->message, error->message + strlen(path),
                strlen(error->message + strlen(path)) + 1);
    return status;
}

/* Two tables of one section: each reads its own rows, and knows the other's. */
static void test_a_section_may_have_two_tables(void **state) {
    (void)state;
    static const tw_config_option elsewhere[] = {{.name = "listen", .type = TW_CONFIG_TEXT},
                                                 {.name = "port", .type = TW_CONFIG_INTEGER}};
    static const char *const texts[] = {"port = none\ndb = x.db\nlisten = 1\n", "lisen = 1\n"};
    static const tw_status expected[] = {TW_OK, TW_NOT_FOUND};
    for (size_t i = 0; i < 2; i++) {
        settings target;
        tw_config config;
        tw_error error = {0};
        char path[] = "/tmp/tradewind-config-XXXXXX";
        int file = mkstemp(path);
        assert_true(file >= 0);
        assert_int_equal(write(file, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
        close(file);
        tw_config_init(&config, options, COUNT, &target);
        assert_int_equal(config.other_count, 0);
        config.others = elsewhere;
        config.other_count = 2;
        assert_int_equal(tw_config_read_file(&config, path, NULL, &error), expected[i]);
        assert_string_equal(target.database, i == 0 ? "x.db" : "tradewind.db");
        unlink(path);
    }
}

static void test_a_file_is_read_by_sections(void **state) {
    (void)state;
    static const char content[] = "\xEF\xBB\xBF# settings\r\n"
                                  "batch-rows = 5k   # comment\r\n"
                                  "\r\n"
                                  "  db=\"a \\\"b\\\" # \\\\ c.db\"  # comment\n"
                                  "engine.timeout = 5s\n"
                                  "clock = step#1\n"
                                  "[engine]\n"
                                  "batch-rows = 7\n"
                                  "risk.cash = 12\n"
                                  "[ engine.risk ] # deeper\n"
                                  "band = 1%";
    settings target;
    tw_error error = {0};
    /* "step#1": a # inside a word begins no comment, so the choice is unknown. */
    assert_int_equal(read_text(content, sizeof content - 1, 0600, NULL, &target, &error), TW_PARSE);
    assert_string_equal(error.message,
                        ":6: clock: \"step#1\" is not understood; expected real, x60 or step");
    assert_int_equal(error.line, 6);
    assert_int_equal(target.batch_rows, 10000); /* the good lines above it changed nothing */
    assert_int_equal(read_text(content, sizeof content - 1, 0600, "engine", &target, &error),
                     TW_OK);
    assert_int_equal(target.batch_rows, 7);
    assert_int_equal(target.timeout_ns, 5 * TW_NS_PER_SECOND);
    assert_true(target.band == 0.05);
    assert_int_equal(read_text(content, sizeof content - 1, 0600, "engine.risk", &target, &error),
                     TW_OK);
    assert_true(target.band == 0.01);
    assert_int_equal(target.cash, INT64_C(12000000000));
    char fixed[sizeof content];
    memcpy(fixed, content, sizeof content);
    memcpy(strstr(fixed, "step#1"), "step #", 6);
    assert_int_equal(read_text(fixed, sizeof content - 1, 0600, NULL, &target, &error), TW_OK);
    assert_int_equal(target.batch_rows, 5000);
    assert_string_equal(target.database, "a \"b\" # \\ c.db");
    assert_int_equal(target.clock, 2);
}

static void test_a_faulty_line_is_named(void **state) {
    (void)state;
    const struct {
        const char *content;
        tw_status status;
        const char *message;
    } cases[] = {
        {"\n\nbatch-rows 5\n", TW_PARSE, ":3: expected key = value"},
        {"= 5\n", TW_PARSE, ":1: expected key = value"},
        {"two words = 5\n", TW_PARSE, ":1: expected key = value"},
        {"[engine\n", TW_PARSE, ":1: expected a heading like [engine]"},
        {"[]\n", TW_PARSE, ":1: expected a heading like [engine]"},
        {"[a b]\n", TW_PARSE, ":1: expected a heading like [engine]"},
        {"db = \"abc\n", TW_PARSE, ":1: the closing quote is missing"},
        {"db = \"abc\\\"\n", TW_PARSE, ":1: the closing quote is missing"},
        {"db = \"abc\" d\n", TW_PARSE, ":1: unexpected text after the closing quote"},
        {"db = \"abc\"#\n", TW_PARSE, ":1: unexpected text after the closing quote"},
        {"db = \"a\\n\"\n", TW_PARSE, ":1: only \\\" and \\\\ may follow a backslash in quotes"},
        {"[other]\nanything = \"x\n", TW_PARSE, ":2: the closing quote is missing"},
        {"batch-rows = 1\nbatch-rows = 2\n", TW_EXISTS, ":2: batch-rows was set on line 1 already"},
        {"batch-row = 1\n", TW_NOT_FOUND,
         ":1: unknown setting \"batch-row\"; did you mean \"batch-rows\"?"},
        {"batch-rows = 0\n", TW_RANGE,
         ":1: batch-rows: \"0\" is out of range; expected 1 to 1M rows"},
        {"batch-rows =\n", TW_PARSE,
         ":1: batch-rows: an empty value is not understood; expected a whole number like 20 or "
         "10k"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        settings target;
        tw_error error = {0};
        assert_int_equal(
            read_text(cases[i].content, strlen(cases[i].content), 0600, NULL, &target, &error),
            cases[i].status);
        assert_string_equal(error.message, cases[i].message);
    }
}

static void test_lines_are_bounded(void **state) {
    (void)state;
    char content[TW_CONFIG_LINE_SIZE + 16];
    memset(content, 'x', sizeof content);
    content[0] = '#';
    settings target;
    tw_error error = {0};
    content[TW_CONFIG_LINE_SIZE] = '\n';
    assert_int_equal(read_text(content, TW_CONFIG_LINE_SIZE + 1, 0600, NULL, &target, &error),
                     TW_OK);
    content[TW_CONFIG_LINE_SIZE] = 'x';
    assert_int_equal(read_text(content, TW_CONFIG_LINE_SIZE + 1, 0600, NULL, &target, &error),
                     TW_PARSE);
    assert_string_equal(error.message, ":1: the line is longer than 4096 bytes");
    assert_int_equal(read_text("a\0b", 3, 0600, NULL, &target, &error), TW_PARSE);
    assert_string_equal(error.message, ":1: a NUL byte; expected a text file");
    assert_int_equal(read_text("", 0, 0600, NULL, &target, &error), TW_OK);
}

static void test_a_secret_needs_a_private_file(void **state) {
    (void)state;
    settings target;
    tw_error error = {0};
    static const char content[] = "api-secret = hunter2\n";
    assert_int_equal(read_text(content, sizeof content - 1, 0644, NULL, &target, &error),
                     TW_PERMISSION);
    assert_null(strstr(error.message, "hunter2"));
    assert_non_null(strstr(error.message, "chmod 600"));
    assert_string_equal(target.secret, "");
    assert_int_equal(read_text(content, sizeof content - 1, 0600, NULL, &target, &error), TW_OK);
    assert_string_equal(target.secret, "hunter2");
}

static void test_what_is_no_file_is_said(void **state) {
    (void)state;
    settings target;
    tw_config config;
    tw_config_init(&config, options, COUNT, &target);
    tw_error error = {0};
    assert_int_equal(tw_config_read_file(&config, "/nonexistent/x.conf", NULL, &error),
                     TW_NOT_FOUND);
    assert_string_equal(error.message,
                        "cannot open /nonexistent/x.conf: No such file or directory");
    assert_int_equal(tw_config_read_file(&config, "/", NULL, &error), TW_INVALID);
    assert_string_equal(error.message, "/ is a directory; expected a configuration file");
}

static void test_misspelt_sections_are_found(void **state) {
    (void)state;
    char path[] = "/tmp/tradewind-config-XXXXXX";
    int file = mkstemp(path);
    static const char content[] = "a = 1\n[engine]\nb = 2\n[stroe]\nc = 3\n";
    assert_int_equal(write(file, content, sizeof content - 1), sizeof content - 1);
    close(file);
    const char *const sections[] = {"engine", "store", ""};
    tw_error error = {0};
    assert_int_equal(tw_config_check_sections(path, sections, 3, &error), TW_NOT_FOUND);
    assert_non_null(strstr(error.message, ":5: unknown section [stroe]; did you mean [store]?"));
    assert_int_equal(tw_config_check_sections(path, sections, 2, &error), TW_NOT_FOUND);
    assert_non_null(strstr(error.message, ":1: expected a heading like [engine] above this"));
    const char *const others[] = {"", "engine", "stroe"};
    assert_int_equal(tw_config_check_sections(path, others, 3, &error), TW_OK);
    unlink(path);
}

static void test_help_is_made_from_the_table(void **state) {
    (void)state;
    char buffer[4096];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_config_help(options, COUNT, &text);
    assert_string_equal(
        buffer, "  --[no-]resume               go on where the last run stopped (default yes)\n"
                "  --verbose                   say more\n"
                "  --batch-rows N              rows a commit (1 to 1M rows; default 10000)\n"
                "  --factor X                  weight of the last value (-1 to 1.5; default 0.5)\n"
                "  --band PERCENT              how far a weight may drift from its target before\n"
                "                              a trade brings it home (0 to 100%; default 5%)\n"
                "  --cash AMOUNT               what is in the account (at least 0 dollars;\n"
                "                              default 100000.01)\n"
                "  --timeout SPAN              how long an answer may take (1ms to 1h; default\n"
                "                              30s)\n"
                "  --from TIME                 first moment\n"
                "  --db FILE                   the store (default tradewind.db)\n"
                "  api-secret                  the key's secret (from the environment or a file,\n"
                "                              never an option)\n"
                "  --clock real|x60|step       how time passes (default real)\n");
}

static void test_origins_have_names(void **state) {
    (void)state;
    assert_string_equal(tw_config_origin_name(TW_CONFIG_FROM_DEFAULT), "default");
    assert_string_equal(tw_config_origin_name(TW_CONFIG_FROM_FILE), "file");
    assert_string_equal(tw_config_origin_name(TW_CONFIG_FROM_ENVIRONMENT), "environment");
    assert_string_equal(tw_config_origin_name(TW_CONFIG_FROM_OPTION), "option");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_written_first),
        cmocka_unit_test(test_every_type_is_read_and_written),
        cmocka_unit_test(test_a_bad_value_names_what_was_expected_and_changes_nothing),
        cmocka_unit_test(test_a_secret_is_never_in_a_message),
        cmocka_unit_test(test_a_section_may_have_two_tables),
        cmocka_unit_test(test_a_file_is_read_by_sections),
        cmocka_unit_test(test_a_faulty_line_is_named),
        cmocka_unit_test(test_lines_are_bounded),
        cmocka_unit_test(test_a_secret_needs_a_private_file),
        cmocka_unit_test(test_what_is_no_file_is_said),
        cmocka_unit_test(test_misspelt_sections_are_found),
        cmocka_unit_test(test_help_is_made_from_the_table),
        cmocka_unit_test(test_origins_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
