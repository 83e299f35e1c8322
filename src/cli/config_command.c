/* config_command.c - `tradewind config`: the settings in force, and where each comes from. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config_example.h"
#include "config_rows.h"
#include "json_writer.h"
#include "plain_text.h"
#include "run_safety.h"

typedef struct config_options {
    bool example;
    bool changed;
    bool json;
} config_options;

static const tw_config_option config_table[] = {
    {"example", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no",
     "print a commented file with every key and its default instead", NULL,
     offsetof(config_options, example)},
    {"changed", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "only what is not at its default", NULL,
     offsetof(config_options, changed)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(config_options, json)},
};

/* What is shown of the rows. */
typedef struct config_view {
    const config_options *options;
    const config_rows *rows;
    const char *section; /* NULL: all */
} config_view;

static bool shows(const config_view *view, const config_row *row) {
    if (view->section != NULL && strcmp(view->section, row->section) != 0)
        return false;
    return !view->options->changed || row->origin != TW_CONFIG_FROM_DEFAULT;
}

/* "environment APCA_API_BASE_URL", "default (run: 90%)". */
static void print_origin(const config_row *row) {
    printf("%s", tw_config_origin_name(row->origin));
    if (row->origin == TW_CONFIG_FROM_ENVIRONMENT)
        printf(" %s", row->variable);
    if (row->origin == TW_CONFIG_FROM_DEFAULT && row->note[0] != '\0')
        printf(" (%s)", row->note);
    putchar('\n');
}

/* A default is left to the command, which may have its own; a secret is shown nowhere, and what
 * must be typed is not taken from a file. */
static bool is_kept(const config_row *row) {
    bool hidden = row->option->type == TW_CONFIG_SECRET || strstr(row->value, "********") != NULL;
    bool control = false;
    for (const char *c = row->value; *c != '\0'; c++)
        control |= (unsigned char)*c < ' ';
    return row->origin != TW_CONFIG_FROM_DEFAULT && !hidden && !control &&
           !run_safety_is_typed(row->section, row->option->name, row->value);
}

/* As a configuration file reads it. */
static void append_value(tw_text *text, const char *value) {
    if (strpbrk(value, "# \"") == NULL) {
        tw_text_append_string(text, value);
        return;
    }
    tw_text_append_char(text, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            tw_text_append_char(text, '\\');
        tw_text_append_char(text, *value);
    }
    tw_text_append_char(text, '"');
}

static void print_setting(const config_row *row) {
    char plain[PLAIN_TEXT_SIZE(CONFIG_VALUE_SIZE)];
    char setting[PLAIN_TEXT_SIZE(CONFIG_VALUE_SIZE) + 64];
    tw_text text = tw_text_over(setting, sizeof setting);
    bool kept = is_kept(row);
    tw_text_append_format(&text, "%s%s = ", kept ? "" : "# ", row->option->name);
    if (kept)
        append_value(&text, row->value);
    else
        tw_text_append_string(&text, plain_text(row->value, plain, sizeof plain));
    printf("%-44s # ", setting);
    print_origin(row);
}

/* A configuration file that says what is in force now. */
static void print_words(const config_view *view) {
    const char *heading = NULL;
    const char *path = view->rows->path;
    char plain[PLAIN_TEXT_SIZE(TW_ARGUMENTS_PATH_SIZE)];
    printf("# %s%s\n", path[0] != '\0' ? "file: " : "no configuration file was found",
           plain_text(path, plain, sizeof plain));
    for (size_t i = 0; i < view->rows->count; i++) {
        const config_row *row = &view->rows->rows[i];
        if (!shows(view, row))
            continue;
        if (heading == NULL || strcmp(heading, row->section) != 0)
            printf("\n[%s]\n", row->section);
        heading = row->section;
        print_setting(row);
    }
    if (heading == NULL)
        printf("\n# everything is at its default\n");
}

static tw_status print_json(const config_view *view, tw_error *error) {
    json_writer w = json_writer_begin();
    json_text(&w, "file", view->rows->path);
    json_open(&w, "settings", '[');
    for (size_t i = 0; i < view->rows->count; i++) {
        const config_row *row = &view->rows->rows[i];
        if (!shows(view, row))
            continue;
        json_open(&w, NULL, '{');
        json_text(&w, "section", row->section);
        json_text(&w, "name", row->option->name);
        json_text(&w, "value", row->value);
        json_text(&w, "origin", tw_config_origin_name(row->origin));
        json_text(&w, "variable", row->variable);
        json_text(&w, "note", row->note);
        json_text(&w, "help", row->option->help);
        json_close(&w);
    }
    json_close(&w);
    return json_writer_end(&w, error);
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status find_section(const char *name, tw_error *error) {
    const char *nearest = NULL;
    size_t least = strlen(name) / 3 + 2;
    for (size_t i = 1; i < command_section_count; i++) {
        if (strcmp(command_sections[i], name) == 0)
            return TW_OK;
        size_t distance = strlen(name) > 64 ? least
                                            : tw_slice_distance(tw_slice_of(command_sections[i]),
                                                                tw_slice_of(name));
        if (distance < least) {
            least = distance;
            nearest = command_sections[i];
        }
    }
    if (nearest == NULL)
        return tw_error_set(error, TW_USAGE, "there is no section \"%.64s\"", name);
    return tw_error_set(error, TW_USAGE, "there is no section \"%.64s\"; did you mean \"%s\"?",
                        name, nearest);
}

int command_config(int argc, char **argv) {
    static config_options options;
    static config_rows rows;
    static tw_arguments arguments;
    const tw_arguments_table tables[] = {
        {.section = "config",
         .options = config_table,
         .count = sizeof config_table / sizeof config_table[0],
         .target = &options},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind config",
        .operands = "[SECTION]",
        .summary =
            "The settings in force for every command, and where each comes from: option,\n"
            "environment, file or default. Secrets are masked. A key that is not known is an\n"
            "error. What is printed is a configuration file: defaults, secrets and what must be\n"
            "typed are comments in it.",
        .example = "  tradewind config run --changed\n"
                   "  tradewind config > kept.conf\n"
                   "  tradewind config --example > tradewind.conf\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = 1,
    };
    int ending = EXIT_DONE;
    if (!command_arguments(&arguments, &spec, argc, argv, &ending))
        return ending;
    tw_error error = {0};
    config_options chosen = options; /* reading the rows reads this command's own settings again */
    config_view view = {.options = &chosen, .rows = &rows};
    tw_status status = TW_OK;
    if (arguments.operand_count > 0) {
        view.section = arguments.operands[0];
        status = find_section(view.section, &error);
    }
    const char *path = arguments.config_path[0] != '\0' ? arguments.config_path : NULL;
    if (status == TW_OK && config_rows_read(&rows, path, &error) != TW_OK) {
        fprintf(stderr, "tradewind config: %s\n", error.message);
        return EXIT_USAGE; /* as every command ends that meets such a file */
    }
    if (status == TW_OK && chosen.example)
        config_example_print(&rows, view.section);
    else if (status == TW_OK && chosen.json)
        status = print_json(&view, &error);
    else if (status == TW_OK)
        print_words(&view);
    return status == TW_OK ? command_printed("config") : command_ended("config", status, &error);
}
