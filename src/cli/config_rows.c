/* config_rows.c - see config_rows.h. */
#include "config_rows.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

/* ---- one setting --------------------------------------------------------------------------- */

/* An address may hold a password: what stands before its host is not shown. */
static void mask_address(const char *value, char *buffer, size_t capacity) {
    const char *host = strrchr(value, '@');
    const char *scheme = strstr(value, "://");
    int size = scheme != NULL ? (int)(scheme - value) : 0;
    if (scheme != NULL && strstr(value, "password") != NULL)
        snprintf(buffer, capacity, "%.*s://********", size, value);
    else if (scheme != NULL && host > scheme)
        snprintf(buffer, capacity, "%.*s://********%s", size, value, host);
    else
        snprintf(buffer, capacity, "%s", value);
}

static void format_value(const tw_config *config, size_t index, char *buffer) {
    char memory[CONFIG_VALUE_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_config_format(config, index, &text);
    TW_ASSERT(!text.truncated);
    mask_address(memory, buffer, CONFIG_VALUE_SIZE);
}

static void find_variable(const tw_arguments_table *table, const char *name, char *buffer,
                          size_t capacity) {
    buffer[0] = '\0';
    for (size_t v = 0; v < table->variable_count && buffer[0] == '\0'; v++) {
        if (strcmp(table->variables[v].name, name) == 0)
            snprintf(buffer, capacity, "%s", table->variables[v].variable);
    }
}

static config_row *find(config_rows *rows, const char *section, const char *name) {
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->rows[i].section, section) == 0 &&
            strcmp(rows->rows[i].option->name, name) == 0)
            return &rows->rows[i];
    }
    return NULL;
}

static bool same_text(const char *a, const char *b) {
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Two commands have the setting: what one of them takes where nobody says anything is noted. */
static void note_default(config_row *row, const char *command, const tw_config_option *option) {
    if (!same_text(row->option->default_value, option->default_value) && row->note[0] == '\0')
        snprintf(row->note, sizeof row->note, "%s: %s", command, option->default_value);
}

/* Where a read table and its command are looked at. */
typedef struct config_table {
    const char *command;
    const tw_arguments_table *table;
    const tw_config *config;
} config_table;

static void fill(config_rows *rows, const config_table *from, size_t index, config_row *row) {
    const tw_config_option *option = &from->table->options[index];
    size_t place = (size_t)(row - rows->rows);
    rows->options[place] = *option;
    row->option = &rows->options[place];
    row->origin = from->config->origins[index];
    snprintf(row->command, sizeof row->command, "%s", from->command);
    snprintf(row->section, sizeof row->section, "%s", from->table->section);
    find_variable(from->table, option->name, row->variable, sizeof row->variable);
    format_value(from->config, index, row->value);
}

static void take(config_rows *rows, const config_table *from, size_t index) {
    const tw_config_option *option = &from->table->options[index];
    config_row *known = find(rows, from->table->section, option->name);
    if (known == NULL) {
        TW_ASSERT(rows->count < CONFIG_ROW_COUNT_MAX);
        known = &rows->rows[rows->count++];
        *known = (config_row){0};
        fill(rows, from, index, known);
    } else if (strcmp(from->command, from->table->section) == 0 &&
               strcmp(known->command, known->section) != 0) {
        config_row other = *known;
        tw_config_option theirs = *known->option;
        fill(rows, from, index, known);
        note_default(known, other.command, &theirs);
    } else {
        note_default(known, from->command, option);
    }
}

/* ---- all of them --------------------------------------------------------------------------- */

static void on_spec(void *context, const tw_arguments_spec *spec) {
    static tw_arguments arguments;
    config_rows *rows = context;
    tw_arguments_spec whole = *spec;
    char word[] = "config";
    char option[] = "--config";
    char path[TW_ARGUMENTS_PATH_SIZE];
    snprintf(path, sizeof path, "%s", rows->named != NULL ? rows->named : "");
    char *const words[] = {word, option, path, NULL};
    whole.operand_count_min = 0;
    if (rows->error.status != TW_OK)
        return;
    int count = rows->named != NULL ? 3 : 1;
    if (tw_arguments_parse(&arguments, &whole, count, words, &rows->error) != TW_OK)
        return;
    snprintf(rows->path, sizeof rows->path, "%s", arguments.config_path);
    for (size_t t = 0; t < spec->table_count; t++) {
        config_table from = {command_name(spec), &spec->tables[t], &arguments.configs[t]};
        for (size_t i = 0; i < spec->tables[t].count; i++)
            take(rows, &from, i);
    }
}

/* Rows of one section stand together, in the order in which they came. */
static void group_sections(config_rows *rows) {
    for (size_t i = 1; i < rows->count; i++) {
        size_t to = i;
        while (to > 0 && strcmp(rows->rows[to - 1].section, rows->rows[i].section) != 0)
            to--;
        if (to == 0 || to == i)
            continue;
        config_row moved = rows->rows[i];
        memmove(&rows->rows[to + 1], &rows->rows[to], (i - to) * sizeof moved);
        rows->rows[to] = moved;
    }
}

tw_status config_rows_read(config_rows *rows, const char *path, tw_error *error) {
    rows->count = 0;
    rows->path[0] = '\0';
    rows->named = path;
    rows->error = (tw_error){0};
    command_listen(on_spec, rows);
    for (size_t i = 0; i < command_count && rows->error.status == TW_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", command_list[i].name);
        char *words[] = {name, NULL};
        (void)command_list[i].run(1, words);
    }
    command_listen(NULL, NULL);
    group_sections(rows);
    if (rows->error.status != TW_OK)
        *error = rows->error;
    return rows->error.status;
}
