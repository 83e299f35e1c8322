/*
 * doctor_command.c - `tradewind doctor`: is this machine, this configuration, this venue fit to
 * trade with, and what is to be done about what is not.
 *
 * Nothing is changed: the one file it writes, to measure how long a sync takes, has no name. The
 * exit status is that of the worst finding, so that a script may ask before it starts a run.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "doctor.h"
#include "json_writer.h"
#include "tradewind/version.h"

typedef struct doctor_options {
    char database[TW_CONFIG_TEXT_SIZE];
    bool live;
    bool online;
    bool json;
} doctor_options;

static const tw_config_option doctor_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "",
     "the store to look at, or where it would be; default: tradewind.db", NULL,
     offsetof(doctor_options, database)},
    {"online", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "speak to the venue: account, clock, market data, both streams", NULL,
     offsetof(doctor_options, online)},
    {"live", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "the live venue instead of the paper one, unless an address is set", NULL,
     offsetof(doctor_options, live)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(doctor_options, json)},
};

enum { OPTION_COUNT = sizeof doctor_table / sizeof doctor_table[0], VENUE_OPTIONS = 1 };

/* What the two tables of options fill. */
typedef struct doctor_targets {
    doctor_options options;
    venue_options access;
} doctor_targets;

/* ---- printing ------------------------------------------------------------------------------ */

static const char *word_of(doctor_verdict verdict) {
    static const char *const words[] = {"ok", "note", "bad", "unreachable"};
    return words[verdict];
}

/* Text of at most `width` columns a line, broken between words; what follows stands below. */
static void print_wrapped(const char *text, size_t indent, size_t width) {
    while (strlen(text) > width) {
        size_t cut = width;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0)
            cut = strcspn(text, " ");
        printf("%.*s\n%*s", (int)cut, text, (int)indent, "");
        text += cut + (text[cut] == ' ');
    }
    printf("%s\n", text);
}

static void print_words(const doctor_list *list) {
    enum { INDENT = 31, WIDTH = 69 };
    for (size_t i = 0; i < list->count; i++) {
        const doctor_finding *finding = &list->findings[i];
        printf("  %-11s  %-15s  ", word_of(finding->verdict), finding->what);
        print_wrapped(finding->found, INDENT, WIDTH);
        if (finding->advice[0] != '\0') {
            printf("%*s-> ", INDENT, "");
            print_wrapped(finding->advice, INDENT + 3, WIDTH - 3);
        }
    }
    printf("\n%zu checks: %u ok, %u to note, %u bad, %u unreachable\n", list->count,
           doctor_count(list, DOCTOR_GOOD), doctor_count(list, DOCTOR_NOTE),
           doctor_count(list, DOCTOR_BAD), doctor_count(list, DOCTOR_UNREACHABLE));
}

static void put_figures(json_writer *w, const doctor_figures *figures) {
    json_number(w, "days", figures->days);
    json_number(w, "free_bytes", figures->free_bytes);
    json_number(w, "bytes_a_day", figures->bytes_a_day);
    json_number(w, "rows_a_day", figures->rows_a_day);
}

static tw_status print_json(const doctor_list *list, tw_error *error) {
    json_writer w = json_writer_begin();
    json_text(&w, "version", tw_version());
    json_text(&w, "verdict", word_of(doctor_worst(list)));
    json_open(&w, "checks", '[');
    for (size_t i = 0; i < list->count; i++) {
        const doctor_finding *finding = &list->findings[i];
        json_open(&w, NULL, '{');
        json_text(&w, "check", finding->what);
        json_text(&w, "verdict", word_of(finding->verdict));
        json_text(&w, "found", finding->found);
        json_text(&w, "advice", finding->advice);
        if (finding->figures.known)
            put_figures(&w, &finding->figures);
        json_close(&w);
    }
    json_close(&w);
    return json_writer_end(&w, error);
}

/* ---- command ------------------------------------------------------------------------------- */

/* As for a run, see venue_address_of_file. */
static bool addresses_are_typed(doctor_list *list, const tw_arguments *arguments) {
    const char *address = venue_address_of_file(&arguments->configs[VENUE_OPTIONS]);
    if (address == NULL)
        return true;
    doctor_advise(
        doctor_say(list, DOCTOR_BAD, "addresses", "%s sets %s", arguments->config_path, address),
        "a run does not take it from a file, and neither is it asked here: type it, "
        "or set it in the environment");
    return false;
}

static void examine(doctor_list *list, const doctor_targets *targets,
                    const tw_arguments *arguments) {
    const doctor_options *options = &targets->options;
    venue_options access = targets->access;
    if (access.trading_url[0] == '\0')
        snprintf(access.trading_url, sizeof access.trading_url, "%s",
                 options->live ? VENUE_LIVE_URL : VENUE_PAPER_URL);
    doctor_look_at_machine(list);
    doctor_look_at_service(list);
    doctor_look_at_settings(list, arguments->config_path);
    doctor_look_at_store(list, options->database[0] != '\0' ? options->database : "tradewind.db");
    bool typed = addresses_are_typed(list, arguments);
    doctor_look_at_venue(list, &access, options->online && typed);
}

static int ending_of(const doctor_list *list) {
    switch (doctor_worst(list)) {
    case DOCTOR_UNREACHABLE:
        return EXIT_REMOTE;
    case DOCTOR_BAD:
        return EXIT_FAILED;
    case DOCTOR_GOOD:
    case DOCTOR_NOTE:
        break;
    }
    return EXIT_DONE;
}

int command_doctor(int argc, char **argv) {
    static doctor_targets targets;
    static tw_arguments arguments;
    static doctor_list list;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "doctor",
         .options = doctor_table,
         .count = OPTION_COUNT,
         .target = &targets.options,
         .shorts = shorts,
         .short_count = 1},
        venue_arguments("The venue", &targets.access),
    };
    const tw_arguments_spec spec = {
        .command = "tradewind doctor",
        .summary = "Looks at this machine, the configuration, the store, the clocks and, with\n"
                   "--online, at the venue, and says what to do about what it finds.",
        .example = "tradewind doctor\n"
                   "tradewind doctor --online --db paper.db\n",
        .tables = tables,
        .table_count = sizeof tables / sizeof tables[0],
    };
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    examine(&list, &targets, &arguments);
    tw_error error = {0};
    if (!targets.options.json) {
        print_words(&list);
        ending = command_printed("doctor");
    } else {
        ending = command_ended("doctor", print_json(&list, &error), &error);
    }
    return ending == EXIT_DONE ? ending_of(&list) : ending;
}
