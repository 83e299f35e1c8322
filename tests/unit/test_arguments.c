/* test_arguments.c - option over environment over file over default, and kind refusals. */
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

#include "arguments.h"

typedef struct engine_settings {
    int64_t rate;
    bool quiet;
    bool resume;
    bool verbose;
} engine_settings;

typedef struct venue_settings {
    char key[TW_CONFIG_TEXT_SIZE];
    char secret[TW_CONFIG_TEXT_SIZE];
    int kind;
} venue_settings;

static const tw_config_option engine_options[] = {
    {"rate", TW_CONFIG_INTEGER, "orders/s", "1", "1000", "10", "orders a second", NULL,
     offsetof(engine_settings, rate)},
    {"quiet", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "say less", NULL,
     offsetof(engine_settings, quiet)},
    {"resume", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "yes", "go on where it stopped", NULL,
     offsetof(engine_settings, resume)},
    {"verbose", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, NULL, "say more", NULL,
     offsetof(engine_settings, verbose)},
};
static const tw_config_option venue_options[] = {
    {"key", TW_CONFIG_TEXT, "KEY", NULL, NULL, NULL, "the key", NULL,
     offsetof(venue_settings, key)},
    {"secret", TW_CONFIG_SECRET, NULL, NULL, NULL, NULL, "the key's secret", NULL,
     offsetof(venue_settings, secret)},
    {"venue", TW_CONFIG_CHOICE, NULL, NULL, NULL, "demo", "where orders go", "demo|paper|live",
     offsetof(venue_settings, kind)},
};
static const tw_argument_short engine_shorts[] = {{'r', "rate"}, {'q', "quiet"}, {'v', "verbose"}};
static const tw_argument_variable engine_variables[] = {{"TRADEWIND_RATE", "rate"}};
static const tw_argument_variable venue_variables[] = {
    {"VENUE_SECRET", "secret"}, {"VENUE_KEY", "key"}, {"VENUE_KEY_OLD", "key"}};
static const char *const sections[] = {"", "venue"};

typedef struct command_line {
    engine_settings engine;
    venue_settings venue;
    tw_arguments_table tables[2];
    tw_arguments_spec spec;
    tw_arguments arguments;
    tw_error error;
    char *environment[8];
} command_line;

static void set_up(command_line *bench) {
    memset(bench, 0, sizeof *bench);
    bench->tables[0] = (tw_arguments_table){
        .heading = "Engine options",
        .options = engine_options,
        .count = 4,
        .target = &bench->engine,
        .shorts = engine_shorts,
        .short_count = 3,
        .variables = engine_variables,
        .variable_count = 1,
    };
    bench->tables[1] = (tw_arguments_table){
        .heading = "Venue options",
        .section = "venue",
        .options = venue_options,
        .count = 3,
        .target = &bench->venue,
        .variables = venue_variables,
        .variable_count = 3,
    };
    bench->spec = (tw_arguments_spec){
        .command = "tradewind import",
        .operands = "FILE...",
        .summary = "Puts files into the store.",
        .example = "  tradewind import trades.csv --db day.db\n",
        .tables = bench->tables,
        .table_count = 2,
        .operand_count_max = 3,
        .environment = bench->environment,
        .sections = sections,
        .section_count = 2,
    };
}

/* Parses one line of words parted by spaces. */
static tw_status parse(command_line *bench, const char *line) {
    static char words[512]; /* operands point into it */
    char *argv[32] = {0};
    int argc = 0;
    snprintf(words, sizeof words, "import %s", line);
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
    bench->error = (tw_error){0};
    return tw_arguments_parse(&bench->arguments, &bench->spec, argc, argv, &bench->error);
}

static void test_every_form_of_an_option_is_read(void **state) {
    (void)state;
    command_line bench;
    set_up(&bench);
    const struct {
        const char *line;
        int64_t rate;
        bool quiet;
        bool resume;
        bool verbose;
        size_t operands;
    } cases[] = {
        {"", 10, false, true, false, 0},
        {"--rate 20", 20, false, true, false, 0},
        {"--rate=20", 20, false, true, false, 0},
        {"-r 20", 20, false, true, false, 0},
        {"-r20", 20, false, true, false, 0},
        {"-qv", 10, true, true, true, 0},
        {"-qvr20", 20, true, true, true, 0},
        {"-qr 20 a", 20, true, true, false, 1},
        {"--quiet --no-resume", 10, true, false, false, 0},
        {"--quiet=yes --resume=off", 10, true, false, false, 0},
        {"-q --no-quiet", 10, false, true, false, 0},
        {"a --rate 20 b -q c", 20, true, true, false, 3},
        {"--rate 20 --rate 30", 30, false, true, false, 0},
        {"-- --rate -q", 10, false, true, false, 2},
        {"- -q -", 10, true, true, false, 2},
        {"a -- b --", 10, false, true, false, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(&bench, cases[i].line), TW_OK);
        assert_int_equal(bench.engine.rate, cases[i].rate);
        assert_int_equal(bench.engine.quiet, cases[i].quiet);
        assert_int_equal(bench.engine.resume, cases[i].resume);
        assert_int_equal(bench.engine.verbose, cases[i].verbose);
        assert_int_equal(bench.arguments.operand_count, cases[i].operands);
        assert_false(bench.arguments.help);
    }
    assert_int_equal(parse(&bench, "one - --venue paper -- --two"), TW_OK);
    assert_string_equal(bench.arguments.operands[0], "one");
    assert_string_equal(bench.arguments.operands[1], "-");
    assert_string_equal(bench.arguments.operands[2], "--two");
    assert_int_equal(bench.venue.kind, 1);
    assert_int_equal(bench.arguments.configs[1].origins[2], TW_CONFIG_FROM_OPTION);
    assert_int_equal(bench.arguments.configs[0].origins[0], TW_CONFIG_FROM_DEFAULT);
}

static void test_a_mistake_is_named_with_what_was_meant(void **state) {
    (void)state;
    command_line bench;
    set_up(&bench);
    const struct {
        const char *line;
        const char *message;
    } cases[] = {
        {"--rat 5", "unknown option --rat; did you mean --rate?"},
        {"--no-resmue", "unknown option --no-resmue; did you mean --no-resume?"},
        {"--hepl", "unknown option --hepl; did you mean --help?"},
        {"--zzzzzz", "unknown option --zzzzzz; \"tradewind import --help\" lists the options"},
        {"-z", "unknown option -z; \"tradewind import --help\" lists the options"},
        {"-qz", "unknown option -z; \"tradewind import --help\" lists the options"},
        {"--rate", "--rate needs a value"},
        {"-r", "-r needs a value"},
        {"--rate --quiet", "--rate needs a value; if it is \"--quiet\", join them: --rate=--quiet"},
        {"--rate many",
         "--rate: \"many\" is not understood; expected a whole number like 20 or 10k"},
        {"--rate ''",
         "--rate: an empty value is not understood; expected a whole number like 20 or 10k"},
        {"--rate 0", "--rate: \"0\" is out of range; expected 1 to 1000 orders/s"},
        {"--venue live,", "--venue: \"live,\" is not understood; expected demo, paper or live"},
        {"--quiet=maybe", "--quiet: \"maybe\" is not understood; expected yes or no"},
        {"--no-quiet=yes", "--no-quiet takes no value"},
        {"--no-rate", "--rate takes a value and cannot be negated"},
        {"a b c d", "unexpected \"d\": tradewind import takes at most 3 of FILE..."},
        {"--secret x", "--secret would show a secret to every user of this machine; set "
                       "VENUE_SECRET in the environment or in a file with mode 0600"},
        {"--config x", "unknown option --config; \"tradewind import --help\" lists the options"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(&bench, cases[i].line), TW_USAGE);
        assert_string_equal(bench.error.message, cases[i].message);
    }
    bench.spec.operand_count_min = 1;
    assert_int_equal(parse(&bench, "-q"), TW_USAGE);
    assert_string_equal(bench.error.message,
                        "too few arguments; usage: tradewind import [options] FILE...");
    bench.spec.operand_count_min = 0;
    bench.spec.operand_count_max = 0;
    assert_int_equal(parse(&bench, "x"), TW_USAGE);
    assert_string_equal(bench.error.message,
                        "unexpected \"x\": tradewind import takes options only");
}

static void test_help_ends_the_reading(void **state) {
    (void)state;
    command_line bench;
    set_up(&bench);
    bench.spec.operand_count_min = 1;
    const char *const lines[] = {"--help", "-h", "-qh", "--rate 5 --help --zzz", "a b -h c d e f"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(parse(&bench, lines[i]), TW_OK);
        assert_true(bench.arguments.help);
    }
    assert_int_equal(parse(&bench, "-- --help"), TW_OK);
    assert_false(bench.arguments.help);
}

static void put_file(const char *path, const char *content) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static void test_option_beats_environment_beats_file_beats_default(void **state) {
    (void)state;
    char directory[] = "/tmp/tradewind-arguments-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char path[128];
    char line[256];
    snprintf(path, sizeof path, "%s/x.conf", directory);
    put_file(path, "rate = 20\nquiet = yes\n[venue]\nsecret = from-file\nkey = k1\n");
    command_line bench;
    set_up(&bench);
    bench.spec.reads_config = true;
    snprintf(line, sizeof line, "--config %s", path);
    assert_int_equal(parse(&bench, line), TW_OK);
    assert_string_equal(bench.arguments.config_path, path);
    assert_int_equal(bench.engine.rate, 20);
    assert_true(bench.engine.quiet);
    assert_string_equal(bench.venue.secret, "from-file");
    assert_int_equal(bench.arguments.configs[0].origins[0], TW_CONFIG_FROM_FILE);
    assert_int_equal(bench.arguments.configs[0].origins[2], TW_CONFIG_FROM_DEFAULT);

    bench.environment[0] = (char[]){"TRADEWIND_RATE=30"};
    bench.environment[1] = (char[]){"VENUE_SECRET=from-environment"};
    bench.environment[2] = (char[]){"VENUE_KEY_OLD=old"};
    assert_int_equal(parse(&bench, line), TW_OK);
    assert_int_equal(bench.engine.rate, 30);
    assert_string_equal(bench.venue.secret, "from-environment");
    assert_string_equal(bench.venue.key, "old");
    assert_int_equal(bench.arguments.configs[0].origins[0], TW_CONFIG_FROM_ENVIRONMENT);
    bench.environment[3] = (char[]){"VENUE_KEY=new"};
    assert_int_equal(parse(&bench, line), TW_OK);
    assert_string_equal(bench.venue.key, "new");        /* the first in the table wins */
    bench.environment[0] = (char[]){"TRADEWIND_RATE="}; /* as if not set */
    assert_int_equal(parse(&bench, line), TW_OK);
    assert_int_equal(bench.engine.rate, 20);

    bench.environment[0] = (char[]){"TRADEWIND_RATE=30"};
    snprintf(line, sizeof line, "--rate 40 --config=%s --no-quiet --key k", path);
    assert_int_equal(parse(&bench, line), TW_OK);
    assert_int_equal(bench.engine.rate, 40);
    assert_false(bench.engine.quiet);
    assert_string_equal(bench.venue.key, "k");
    assert_int_equal(bench.arguments.configs[0].origins[0], TW_CONFIG_FROM_OPTION);
    unlink(path);
    rmdir(directory);
}

static void test_faults_outside_the_command_line_name_their_place(void **state) {
    (void)state;
    command_line bench;
    set_up(&bench);
    bench.environment[0] = (char[]){"TRADEWIND_RATE=x"};
    assert_int_equal(parse(&bench, ""), TW_USAGE);
    assert_string_equal(bench.error.message,
                        "environment variable TRADEWIND_RATE: rate: \"x\" is not understood; "
                        "expected a whole number like 20 or 10k");
    bench.environment[0] = NULL;
    bench.spec.reads_config = true;
    assert_int_equal(parse(&bench, "--config /nonexistent.conf"), TW_NOT_FOUND);
    assert_string_equal(bench.error.message,
                        "cannot open /nonexistent.conf: No such file or directory");
    assert_int_equal(parse(&bench, "--config"), TW_USAGE);
    assert_int_equal(parse(&bench, "--config="), TW_USAGE);
    assert_string_equal(bench.error.message, "--config needs a file");

    char directory[] = "/tmp/tradewind-arguments-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char path[128];
    char line[256];
    char expected[256];
    snprintf(path, sizeof path, "%s/x.conf", directory);
    snprintf(line, sizeof line, "--config %s", path);
    put_file(path, "[veneu]\nkey = 1\n");
    assert_int_equal(parse(&bench, line), TW_NOT_FOUND);
    snprintf(expected, sizeof expected, "%s:2: unknown section [veneu]; did you mean [venue]?",
             path);
    assert_string_equal(bench.error.message, expected);
    put_file(path, "rate = 1\n[venue]\nrate = 2\n");
    assert_int_equal(parse(&bench, line), TW_NOT_FOUND);
    snprintf(expected, sizeof expected, "%s:3: unknown setting \"rate\"", path);
    assert_string_equal(bench.error.message, expected);
    unlink(path);
    rmdir(directory);
}

static void test_the_file_is_found_where_users_put_it(void **state) {
    (void)state;
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    char directory[] = "/tmp/tradewind-arguments-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    char home[128];
    char xdg[128];
    snprintf(home, sizeof home, "HOME=%s", directory);
    snprintf(xdg, sizeof xdg, "XDG_CONFIG_HOME=%s/xdg", directory);
    command_line bench;
    set_up(&bench);
    bench.spec.reads_config = true;
    bench.environment[0] = home;
    assert_int_equal(parse(&bench, ""), TW_OK);
    assert_string_equal(bench.arguments.config_path, "");
    assert_int_equal(bench.engine.rate, 10);

    assert_int_equal(mkdir(".config", 0700) | mkdir(".config/tradewind", 0700), 0);
    put_file(".config/tradewind/tradewind.conf", "rate = 11\n");
    assert_int_equal(parse(&bench, ""), TW_OK);
    assert_int_equal(bench.engine.rate, 11);

    assert_int_equal(mkdir("xdg", 0700) | mkdir("xdg/tradewind", 0700), 0);
    put_file("xdg/tradewind/tradewind.conf", "rate = 12\n");
    bench.environment[1] = xdg;
    assert_int_equal(parse(&bench, ""), TW_OK);
    assert_int_equal(bench.engine.rate, 12);

    put_file("tradewind.conf", "rate = 13\n");
    assert_int_equal(parse(&bench, ""), TW_OK);
    assert_int_equal(bench.engine.rate, 13);
    assert_string_equal(bench.arguments.config_path, "tradewind.conf");
    bench.spec.reads_config = false;
    assert_int_equal(parse(&bench, ""), TW_OK);
    assert_int_equal(bench.engine.rate, 10);

    unlink("tradewind.conf");
    unlink("xdg/tradewind/tradewind.conf");
    unlink(".config/tradewind/tradewind.conf");
    rmdir("xdg/tradewind");
    rmdir("xdg");
    rmdir(".config/tradewind");
    rmdir(".config");
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void test_operands_are_bounded(void **state) {
    (void)state;
    static char word[] = "x";
    static char *argv[TW_ARGUMENTS_OPERAND_COUNT_MAX + 2];
    for (size_t i = 0; i < sizeof argv / sizeof argv[0]; i++)
        argv[i] = word;
    command_line bench;
    set_up(&bench);
    bench.spec.operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX;
    assert_int_equal(tw_arguments_parse(&bench.arguments, &bench.spec,
                                        TW_ARGUMENTS_OPERAND_COUNT_MAX + 1, argv, NULL),
                     TW_OK);
    assert_int_equal(bench.arguments.operand_count, TW_ARGUMENTS_OPERAND_COUNT_MAX);
    assert_int_equal(tw_arguments_parse(&bench.arguments, &bench.spec,
                                        TW_ARGUMENTS_OPERAND_COUNT_MAX + 2, argv, NULL),
                     TW_USAGE);
}

static void test_help_shows_everything(void **state) {
    (void)state;
    command_line bench;
    set_up(&bench);
    bench.spec.reads_config = true;
    char buffer[4096];
    tw_text text = tw_text_over(buffer, sizeof buffer);
    tw_arguments_help(&bench.spec, &text);
    assert_string_equal(
        buffer, "Usage: tradewind import [options] FILE...\n"
                "\n"
                "Puts files into the store.\n"
                "\n"
                "Engine options:\n"
                "  -r, --rate N                orders a second (1 to 1000 orders/s; default 10)\n"
                "  -q, --quiet                 say less\n"
                "      --[no-]resume           go on where it stopped (default yes)\n"
                "  -v, --verbose               say more\n"
                "\n"
                "Venue options:\n"
                "      --key KEY               the key\n"
                "      secret                  the key's secret (from the environment or a file,\n"
                "                              never an option)\n"
                "      --venue demo|paper|live\n"
                "                              where orders go (default demo)\n"
                "\n"
                "General options:\n"
                "      --config FILE           read settings from FILE rather than from\n"
                "                              ./tradewind.conf or\n"
                "                              ~/.config/tradewind/tradewind.conf\n"
                "  -h, --help                  print this help and end\n"
                "\n"
                "Environment:\n"
                "      TRADEWIND_RATE          --rate\n"
                "      VENUE_SECRET            secret\n"
                "      VENUE_KEY               --key\n"
                "      VENUE_KEY_OLD           --key\n"
                "\n"
                "Example:\n"
                "  tradewind import trades.csv --db day.db\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_an_option_is_read),
        cmocka_unit_test(test_a_mistake_is_named_with_what_was_meant),
        cmocka_unit_test(test_help_ends_the_reading),
        cmocka_unit_test(test_option_beats_environment_beats_file_beats_default),
        cmocka_unit_test(test_faults_outside_the_command_line_name_their_place),
        cmocka_unit_test(test_the_file_is_found_where_users_put_it),
        cmocka_unit_test(test_operands_are_bounded),
        cmocka_unit_test(test_help_shows_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
