/*
 * arguments.c - the command line of one subcommand.
 *
 * Idea: a cursor cuts the command line into tokens: an option with its value, an operand, help,
 * the configuration file. It runs twice over the same words. The first time finds every mistake,
 * the operands and the file; then defaults, file and environment are written; the second time
 * writes the options above them.
 *
 * Invariants:
 *  1. Whatever the first run accepts the second cuts alike: a cursor depends on words and tables
 *     only.
 *  2. Names are unique over all tables, and short forms and variables belong to known names;
 *     check_spec holds the program to it.
 */
#include "arguments.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "credential_file.h"
#include "safe_path.h"

extern char **environ;

#define CONFIG_FILE_NAME "tradewind.conf"

/* The two options every command has; `--config` only if it reads the file. */
static const tw_config_option help_row = {
    .name = "help", .type = TW_CONFIG_BOOLEAN, .help = "print this help and end"};
static const tw_config_option config_row = {
    .name = "config",
    .type = TW_CONFIG_TEXT,
    .unit = "FILE",
    .help = "read settings from FILE rather than from ./" CONFIG_FILE_NAME
            " or ~/.config/tradewind/" CONFIG_FILE_NAME};

/* ---- looking up ------------------------------------------------------------------------ */

/* Where an option stands. */
typedef struct option_place {
    size_t table;
    size_t row;
} option_place;

static const tw_config_option *row_at(const tw_arguments_spec *spec, option_place place) {
    return &spec->tables[place.table].options[place.row];
}

static bool find_name(const tw_arguments_spec *spec, tw_slice name, option_place *ret_place) {
    for (size_t t = 0; t < spec->table_count; t++) {
        for (size_t r = 0; r < spec->tables[t].count; r++) {
            if (tw_slice_equal_string(name, spec->tables[t].options[r].name)) {
                *ret_place = (option_place){t, r};
                return true;
            }
        }
    }
    return false;
}

static bool find_letter(const tw_arguments_spec *spec, char letter, option_place *ret_place) {
    for (size_t t = 0; t < spec->table_count; t++) {
        const tw_arguments_table *table = &spec->tables[t];
        for (size_t s = 0; s < table->short_count; s++) {
            if (table->shorts[s].letter == letter)
                return find_name(spec, tw_slice_of(table->shorts[s].name), ret_place);
        }
    }
    return false;
}

/* The letter of an option, or 0. */
static char letter_of(const tw_arguments_table *table, const char *name) {
    for (size_t s = 0; s < table->short_count; s++) {
        if (strcmp(table->shorts[s].name, name) == 0)
            return table->shorts[s].letter;
    }
    return 0;
}

/* A table that breaks invariant 2 is a programmer error. */
static void check_spec(const tw_arguments_spec *spec) {
    TW_ASSERT(spec->table_count <= TW_ARGUMENTS_TABLE_COUNT_MAX);
    TW_ASSERT(spec->operand_count_min <= spec->operand_count_max);
    TW_ASSERT(spec->operand_count_max <= TW_ARGUMENTS_OPERAND_COUNT_MAX);
    for (size_t t = 0; t < spec->table_count; t++) {
        const tw_arguments_table *table = &spec->tables[t];
        option_place found = {0};
        for (size_t r = 0; r < table->count; r++) {
            tw_slice name = tw_slice_of(table->options[r].name);
            bool known = find_name(spec, name, &found);
            TW_ASSERT(known && found.table == t && found.row == r);
            TW_ASSERT(!tw_slice_equal_string(name, help_row.name));
            TW_ASSERT(!spec->reads_config || !tw_slice_equal_string(name, config_row.name));
        }
        for (size_t s = 0; s < table->short_count; s++) {
            TW_ASSERT(table->shorts[s].letter != 'h');
            bool known = find_name(spec, tw_slice_of(table->shorts[s].name), &found);
            TW_ASSERT(known && found.table == t);
        }
        for (size_t v = 0; v < table->variable_count; v++) {
            bool known = find_name(spec, tw_slice_of(table->variables[v].name), &found);
            TW_ASSERT(known && found.table == t);
        }
    }
}

/* ---- tokens ---------------------------------------------------------------------------- */

typedef enum token_kind {
    TOKEN_OPTION,
    TOKEN_OPERAND,
    TOKEN_CONFIG, /* its value is the file */
    TOKEN_HELP,
    TOKEN_END
} token_kind;

typedef struct word_token {
    token_kind kind;
    option_place option;
    tw_slice value;
} word_token;

typedef struct word_cursor {
    const tw_arguments_spec *spec;
    char *const *words;
    int count;
    int next;
    const char *letters; /* what is left of "-abc"; NULL between words */
    bool only_operands;  /* behind "--" */
    tw_error *error;
} word_cursor;

/* Says that an option is unknown, and which one was perhaps meant. */
static tw_status unknown_option(const word_cursor *cursor, tw_slice name) {
    const tw_arguments_spec *spec = cursor->spec;
    bool negated = tw_slice_starts_with(name, "no-");
    tw_slice stem = negated ? (tw_slice){name.data + 3, name.size - 3} : name;
    const tw_config_option *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t t = 0; t <= spec->table_count + 1; t++) {
        const tw_config_option *near = NULL;
        if (t < spec->table_count)
            near = tw_config_nearest(spec->tables[t].options, spec->tables[t].count, stem);
        else if (t == spec->table_count)
            near = tw_config_nearest(&help_row, 1, stem);
        else if (spec->reads_config)
            near = tw_config_nearest(&config_row, 1, stem);
        if (near == NULL)
            continue;
        size_t distance = tw_slice_distance(tw_slice_of(near->name), stem);
        if (distance < least) {
            least = distance;
            nearest = near;
        }
    }
    if (nearest == NULL)
        return tw_error_set(cursor->error, TW_USAGE,
                            "unknown option --%.*s; \"%s --help\" lists the options",
                            (int)name.size, name.data, spec->command);
    bool negate = negated && nearest->type == TW_CONFIG_BOOLEAN;
    return tw_error_set(cursor->error, TW_USAGE, "unknown option --%.*s; did you mean --%s%s?",
                        (int)name.size, name.data, negate ? "no-" : "", nearest->name);
}

/* Takes the next word as the value of an option written as `prefix` and `name`. */
static tw_status take_value(word_cursor *cursor, const char *prefix, tw_slice name,
                            tw_slice *ret_value) {
    if (cursor->next >= cursor->count)
        return tw_error_set(cursor->error, TW_USAGE, "%s%.*s needs a value", prefix, (int)name.size,
                            name.data);
    const char *word = cursor->words[cursor->next];
    if (strncmp(word, "--", 2) == 0)
        return tw_error_set(cursor->error, TW_USAGE,
                            "%s%.*s needs a value; if it is \"%s\", join them: %s%.*s%s%s", prefix,
                            (int)name.size, name.data, word, prefix, (int)name.size, name.data,
                            prefix[1] == '-' ? "=" : "", word);
    cursor->next++;
    *ret_value = tw_slice_of(word);
    return TW_OK;
}

static tw_status refuse_secret(const word_cursor *cursor, const tw_config_option *row) {
    const tw_arguments_spec *spec = cursor->spec;
    for (size_t t = 0; t < spec->table_count; t++) {
        for (size_t v = 0; v < spec->tables[t].variable_count; v++) {
            const tw_argument_variable *variable = &spec->tables[t].variables[v];
            if (strcmp(variable->name, row->name) == 0)
                return tw_error_set(cursor->error, TW_USAGE,
                                    "--%s would show a secret to every user of this machine; set "
                                    "%s in the environment or in a file with mode 0600",
                                    row->name, variable->variable);
        }
    }
    return tw_error_set(cursor->error, TW_USAGE,
                        "--%s would show a secret to every user of this machine; set it in the "
                        "configuration file with mode 0600",
                        row->name);
}

/* Cuts "--name", "--name=value", "--name value" or "--no-name". */
static tw_status long_token(word_cursor *cursor, tw_slice word, word_token *ret_token) {
    tw_slice value = word;
    tw_slice name = tw_slice_split(&value, '=');
    bool joined = value.data != NULL;
    ret_token->value = value;
    if (tw_slice_equal_string(name, help_row.name) && !joined) {
        ret_token->kind = TOKEN_HELP;
        return TW_OK;
    }
    if (cursor->spec->reads_config && tw_slice_equal_string(name, config_row.name)) {
        ret_token->kind = TOKEN_CONFIG;
        return joined ? TW_OK : take_value(cursor, "--", name, &ret_token->value);
    }
    ret_token->kind = TOKEN_OPTION;
    if (find_name(cursor->spec, name, &ret_token->option)) {
        const tw_config_option *row = row_at(cursor->spec, ret_token->option);
        if (row->type == TW_CONFIG_SECRET)
            return refuse_secret(cursor, row);
        if (joined)
            return TW_OK;
        if (row->type != TW_CONFIG_BOOLEAN)
            return take_value(cursor, "--", name, &ret_token->value);
        ret_token->value = tw_slice_of("yes");
        return TW_OK;
    }
    if (!tw_slice_starts_with(name, "no-"))
        return unknown_option(cursor, name);
    tw_slice stem = {name.data + 3, name.size - 3};
    if (!find_name(cursor->spec, stem, &ret_token->option))
        return unknown_option(cursor, name);
    if (row_at(cursor->spec, ret_token->option)->type != TW_CONFIG_BOOLEAN)
        return tw_error_set(cursor->error, TW_USAGE, "--%.*s takes a value and cannot be negated",
                            (int)stem.size, stem.data);
    if (joined)
        return tw_error_set(cursor->error, TW_USAGE, "--%.*s takes no value", (int)name.size,
                            name.data);
    ret_token->value = tw_slice_of("no");
    return TW_OK;
}

/* Cuts the next letter of "-abc", with the rest or the next word as its value. */
static tw_status short_token(word_cursor *cursor, word_token *ret_token) {
    tw_slice letter = {cursor->letters, 1};
    cursor->letters = cursor->letters[1] == 0 ? NULL : cursor->letters + 1;
    if (letter.data[0] == 'h') {
        ret_token->kind = TOKEN_HELP;
        return TW_OK;
    }
    ret_token->kind = TOKEN_OPTION;
    if (!find_letter(cursor->spec, letter.data[0], &ret_token->option))
        return tw_error_set(cursor->error, TW_USAGE,
                            "unknown option -%c; \"%s --help\" lists the options", letter.data[0],
                            cursor->spec->command);
    const tw_config_option *row = row_at(cursor->spec, ret_token->option);
    if (row->type == TW_CONFIG_SECRET)
        return refuse_secret(cursor, row);
    if (row->type == TW_CONFIG_BOOLEAN) {
        ret_token->value = tw_slice_of("yes");
        return TW_OK;
    }
    if (cursor->letters == NULL)
        return take_value(cursor, "-", letter, &ret_token->value);
    ret_token->value = tw_slice_of(cursor->letters);
    cursor->letters = NULL;
    return TW_OK;
}

static tw_status next_token(word_cursor *cursor, word_token *ret_token) {
    *ret_token = (word_token){.kind = TOKEN_END};
    if (cursor->letters != NULL)
        return short_token(cursor, ret_token);
    if (cursor->next >= cursor->count)
        return TW_OK;
    const char *word = cursor->words[cursor->next++];
    if (!cursor->only_operands && strcmp(word, "--") == 0) {
        cursor->only_operands = true;
        return next_token(cursor, ret_token); /* once only: the flag is set */
    }
    if (cursor->only_operands || word[0] != '-' || word[1] == 0) {
        ret_token->kind = TOKEN_OPERAND;
        ret_token->value = tw_slice_of(word);
        return TW_OK;
    }
    if (word[1] == '-')
        return long_token(cursor, tw_slice_of(word + 2), ret_token);
    cursor->letters = word + 1;
    return short_token(cursor, ret_token);
}

/* ---- the four layers ------------------------------------------------------------------- */

static tw_status add_operand(tw_arguments *arguments, const word_cursor *cursor,
                             const char *operand) {
    const tw_arguments_spec *spec = cursor->spec;
    if (arguments->operand_count == spec->operand_count_max) {
        if (spec->operand_count_max == 0)
            return tw_error_set(cursor->error, TW_USAGE, "unexpected \"%s\": %s takes options only",
                                operand, spec->command);
        return tw_error_set(cursor->error, TW_USAGE,
                            "unexpected \"%s\": %s takes at most %zu of %s", operand, spec->command,
                            spec->operand_count_max, spec->operands);
    }
    arguments->operands[arguments->operand_count++] = operand;
    return TW_OK;
}

/* The first run: finds mistakes, operands and the configuration file. */
static tw_status survey(tw_arguments *arguments, word_cursor cursor) {
    word_token token = {0};
    tw_status status = next_token(&cursor, &token);
    while (status == TW_OK && token.kind != TOKEN_END) {
        if (token.kind == TOKEN_HELP) {
            arguments->help = true;
            return TW_OK;
        }
        if (token.kind == TOKEN_OPERAND)
            status = add_operand(arguments, &cursor, token.value.data);
        if (token.kind == TOKEN_CONFIG &&
            tw_slice_copy(token.value, arguments->config_path, TW_ARGUMENTS_PATH_SIZE) != TW_OK)
            status = tw_error_set(cursor.error, TW_USAGE, "the path after --config is too long");
        if (token.kind == TOKEN_CONFIG && status == TW_OK && token.value.size == 0)
            status = tw_error_set(cursor.error, TW_USAGE, "--config needs a file");
        if (status == TW_OK)
            status = next_token(&cursor, &token);
    }
    if (status == TW_OK && arguments->operand_count < cursor.spec->operand_count_min)
        return tw_error_set(cursor.error, TW_USAGE, "too few arguments; usage: %s [options] %s",
                            cursor.spec->command, cursor.spec->operands);
    return status;
}

/* The value of a variable, or NULL if it is not set or empty. */
static const char *variable_value(const tw_arguments_spec *spec, const char *name) {
    size_t size = strlen(name);
    char *const *environment = spec->environment != NULL ? spec->environment : environ;
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, name, size) == 0 && entry[size] == '=')
            return entry[size + 1] == 0 ? NULL : entry + size + 1;
    }
    return NULL;
}

/* What nobody named may have been put there by anybody, and it may say what is run. */
static tw_status trust_config(const char *path, tw_error *error) {
    char subject[TW_ARGUMENTS_PATH_SIZE];
    tw_error cause = {0};
    snprintf(subject, sizeof subject, "%.3900s is not read", path);
    if (safe_path_check(subject, path, NULL, &cause) == TW_OK)
        return TW_OK;
    return tw_error_set(error, cause.status, "%.440s; if you trust it, name it: --config %s",
                        cause.message, path);
}

/* Finds the configuration file where none was named. Leaves the path empty if there is none. */
static void look_for_config(tw_arguments *arguments, const tw_arguments_spec *spec) {
    tw_text path = tw_text_over(arguments->config_path, sizeof arguments->config_path);
    tw_text_append_string(&path, CONFIG_FILE_NAME);
    if (access(path.data, F_OK) == 0)
        return;
    tw_text_clear(&path);
    const char *base = variable_value(spec, "XDG_CONFIG_HOME");
    const char *home = variable_value(spec, "HOME");
    if (base != NULL && base[0] == '/') /* the XDG specification ignores relative ones */
        tw_text_append_format(&path, "%s/tradewind/" CONFIG_FILE_NAME, base);
    else if (home != NULL)
        tw_text_append_format(&path, "%s/.config/tradewind/" CONFIG_FILE_NAME, home);
    if (path.size > 0 && access(path.data, F_OK) != 0)
        tw_text_clear(&path);
}

static tw_status apply_file(tw_arguments *arguments, const tw_arguments_spec *spec,
                            tw_error *error) {
    if (!spec->reads_config)
        return TW_OK;
    bool named = arguments->config_path[0] != 0;
    if (!named)
        look_for_config(arguments, spec);
    const char *path = arguments->config_path;
    if (path[0] == 0)
        return TW_OK;
    tw_status status = named ? TW_OK : trust_config(path, error);
    if (status == TW_OK && spec->sections != NULL)
        status = tw_config_check_sections(path, spec->sections, spec->section_count, error);
    for (size_t t = 0; status == TW_OK && t < spec->table_count; t++)
        status = tw_config_read_file(&arguments->configs[t], path, spec->tables[t].section, error);
    return status;
}

/* A secret that is not in the environment may be among the credentials of the service. */
static tw_status apply_credential(tw_config *config, const tw_arguments_spec *spec,
                                  const tw_argument_variable *variable, tw_error *error) {
    char secret[TW_CONFIG_TEXT_SIZE];
    option_place option = {0};
    const char *directory = variable_value(spec, "CREDENTIALS_DIRECTORY");
    bool known = find_name(spec, tw_slice_of(variable->name), &option);
    if (directory == NULL || !known || row_at(spec, option)->type != TW_CONFIG_SECRET)
        return TW_OK;
    tw_status status =
        credential_file_read(directory, variable->variable, secret, sizeof secret, error);
    if (status == TW_OK)
        status = tw_config_set(config, tw_slice_of(variable->name), tw_slice_of(secret),
                               TW_CONFIG_FROM_ENVIRONMENT, error);
    explicit_bzero(secret, sizeof secret);
    return status == TW_NOT_FOUND ? TW_OK : status;
}

static tw_status apply_environment(tw_arguments *arguments, const tw_arguments_spec *spec,
                                   tw_error *error) {
    for (size_t t = 0; t < spec->table_count; t++) {
        const tw_arguments_table *table = &spec->tables[t];
        /* Backwards, so that of two variables of one option the first in the table wins. */
        for (size_t v = table->variable_count; v > 0; v--) {
            const tw_argument_variable *variable = &table->variables[v - 1];
            const char *value = variable_value(spec, variable->variable);
            tw_error reason = {0};
            tw_status status = TW_OK;
            if (value == NULL) {
                status = apply_credential(&arguments->configs[t], spec, variable, &reason);
                if (status != TW_OK)
                    return tw_error_set(error, TW_USAGE, "%s", reason.message);
                continue;
            }
            status = tw_config_set(&arguments->configs[t], tw_slice_of(variable->name),
                                   tw_slice_of(value), TW_CONFIG_FROM_ENVIRONMENT, &reason);
            if (status != TW_OK)
                return tw_error_set(error, TW_USAGE, "environment variable %s: %s",
                                    variable->variable, reason.message);
        }
    }
    return TW_OK;
}

/* The second run: writes the options. */
static tw_status apply_options(tw_arguments *arguments, word_cursor cursor) {
    word_token token = {0};
    for (;;) {
        tw_status status = next_token(&cursor, &token);
        TW_ASSERT(status == TW_OK); /* invariant 1 */
        if (token.kind == TOKEN_END)
            return TW_OK;
        if (token.kind != TOKEN_OPTION)
            continue;
        tw_error reason = {0};
        const char *name = row_at(cursor.spec, token.option)->name;
        status = tw_config_set(&arguments->configs[token.option.table], tw_slice_of(name),
                               token.value, TW_CONFIG_FROM_OPTION, &reason);
        if (status != TW_OK) /* the sentence begins with the name */
            return tw_error_set(cursor.error, TW_USAGE, "--%s", reason.message);
    }
}

tw_status tw_arguments_parse(tw_arguments *arguments, const tw_arguments_spec *spec, int argc,
                             char *const *argv, tw_error *error) {
    check_spec(spec);
    *arguments = (tw_arguments){0};
    for (size_t t = 0; t < spec->table_count; t++) {
        const tw_arguments_table *table = &spec->tables[t];
        tw_config_init(&arguments->configs[t], table->options, table->count, table->target);
        arguments->configs[t].others = table->others;
        arguments->configs[t].other_count = table->other_count;
    }
    word_cursor start = {.spec = spec, .words = argv, .count = argc, .next = 1, .error = error};
    tw_status status = survey(arguments, start);
    if (status != TW_OK || arguments->help)
        return status;
    status = apply_file(arguments, spec, error);
    if (status == TW_OK)
        status = apply_environment(arguments, spec, error);
    if (status == TW_OK)
        status = apply_options(arguments, start);
    return status;
}

/* ---- help ------------------------------------------------------------------------------ */

static void append_table(const tw_arguments_table *table, tw_text *text) {
    tw_text_append_format(text, "\n%s:\n", table->heading == NULL ? "Options" : table->heading);
    for (size_t r = 0; r < table->count; r++) {
        char lead[] = "      ";
        char letter = letter_of(table, table->options[r].name);
        if (letter != 0)
            memcpy(lead, (char[]){' ', ' ', '-', letter, ',', ' '}, 6);
        tw_config_help_row(&table->options[r], lead, text);
    }
}

static void append_variables(const tw_arguments_spec *spec, tw_text *text) {
    bool any = false;
    for (size_t t = 0; t < spec->table_count; t++) {
        for (size_t v = 0; v < spec->tables[t].variable_count; v++) {
            const tw_argument_variable *variable = &spec->tables[t].variables[v];
            option_place option = {0};
            bool known = find_name(spec, tw_slice_of(variable->name), &option);
            bool secret = known && row_at(spec, option)->type == TW_CONFIG_SECRET;
            if (!any)
                tw_text_append_string(text, "\nEnvironment:\n");
            any = true;
            tw_text_append_format(text, "      %-23s %s%s\n", variable->variable,
                                  secret ? "" : "--", variable->name);
        }
    }
}

void tw_arguments_help(const tw_arguments_spec *spec, tw_text *text) {
    tw_text_append_format(text, "Usage: %s [options]%s%s\n\n%s\n", spec->command,
                          spec->operands == NULL ? "" : " ",
                          spec->operands == NULL ? "" : spec->operands, spec->summary);
    for (size_t t = 0; t < spec->table_count; t++)
        append_table(&spec->tables[t], text);
    tw_text_append_string(text, "\nGeneral options:\n");
    if (spec->reads_config)
        tw_config_help_row(&config_row, "      ", text);
    tw_config_help_row(&help_row, "  -h, ", text);
    append_variables(spec, text);
    if (spec->example != NULL)
        tw_text_append_format(text, "\nExample:\n%s", spec->example);
}
