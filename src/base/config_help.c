/*
 * config_help.c - a table as the lines of `--help`.
 *
 * Idea: two columns. The left one has a fixed width, so that several tables printed one after
 * another line up; a longer option gets a line of its own. The right one is wrapped.
 */
#include "config_priv.h"

#include <string.h>

#define HELP_WIDTH 80
#define HELP_COLUMN 30
#define HELP_TEXT_SIZE 1024

static const char *placeholder(const tw_config_option *option) {
    switch (option->type) {
    case TW_CONFIG_BOOLEAN:
    case TW_CONFIG_SECRET:
        return NULL;
    case TW_CONFIG_INTEGER:
        return "N";
    case TW_CONFIG_NUMBER:
        return "X";
    case TW_CONFIG_PERCENT:
        return "PERCENT";
    case TW_CONFIG_DECIMAL:
        return "AMOUNT";
    case TW_CONFIG_DURATION:
        return "SPAN";
    case TW_CONFIG_TIME:
        return "TIME";
    case TW_CONFIG_TEXT:
        return option->unit == NULL ? "TEXT" : option->unit;
    case TW_CONFIG_CHOICE:
        return option->choices;
    }
    return NULL;
}

static bool is_on_by_default(const tw_config_option *option) {
    tw_config_value value = {0};
    return option->default_value != NULL &&
           tw_config_value_parse(option, tw_slice_of(option->default_value), &value) == TW_OK &&
           value.integer != 0;
}

/* Appends "--batch-rows N"; a secret has no dashes because it is no option. */
static void append_head(const tw_config_option *option, tw_text *text) {
    if (option->type == TW_CONFIG_SECRET)
        tw_text_append_string(text, option->name);
    else if (option->type == TW_CONFIG_BOOLEAN && is_on_by_default(option))
        tw_text_append_format(text, "--[no-]%s", option->name);
    else
        tw_text_append_format(text, "--%s", option->name);
    if (placeholder(option) != NULL)
        tw_text_append_format(text, " %s", placeholder(option));
}

/* Appends a detail in the brackets behind the help; `*count` tells how many there are so far. */
static void begin_detail(tw_text *text, int *count) {
    tw_text_append_string(text, *count == 0 ? " (" : "; ");
    ++*count;
}

/* Appends "rows a commit (1 to 1000000 rows; default 10000)". */
static void append_body(const tw_config_option *option, tw_text *text) {
    int details = 0;
    tw_text_append_string(text, option->help);
    if (option->minimum != NULL || option->maximum != NULL) {
        begin_detail(text, &details);
        tw_config_append_range(option, text);
    } else if (option->unit != NULL && option->type != TW_CONFIG_TEXT) {
        begin_detail(text, &details);
        tw_text_append_format(text, "in %s", option->unit);
    }
    if (option->type == TW_CONFIG_SECRET) {
        begin_detail(text, &details);
        tw_text_append_string(text, "from the environment or a file, never an option");
    }
    bool plain_switch = option->type == TW_CONFIG_BOOLEAN && !is_on_by_default(option);
    if (option->default_value != NULL && option->default_value[0] != 0 && !plain_switch) {
        begin_detail(text, &details);
        tw_text_append_format(text, "default %s", option->default_value);
    }
    if (details > 0)
        tw_text_append_char(text, ')');
}

static void append_spaces(tw_text *text, size_t count) {
    for (size_t i = 0; i < count; i++)
        tw_text_append_char(text, ' ');
}

/* How many columns a text takes: its bytes but the continuation bytes of UTF-8. */
static size_t width_of(tw_slice text) {
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++)
        width += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return width;
}

/* Appends `body` word by word, beginning at HELP_COLUMN, and a newline. */
static void append_wrapped(tw_text *text, tw_slice body) {
    size_t column = HELP_COLUMN;
    while (body.data != NULL) {
        tw_slice word = tw_slice_split(&body, ' ');
        size_t width = width_of(word);
        if (column > HELP_COLUMN && column + 1 + width > HELP_WIDTH) {
            tw_text_append_char(text, '\n');
            append_spaces(text, HELP_COLUMN);
            column = HELP_COLUMN;
        } else if (column > HELP_COLUMN) {
            tw_text_append_char(text, ' ');
            column++;
        }
        tw_text_append(text, word);
        column += width;
    }
    tw_text_append_char(text, '\n');
}

void tw_config_help_row(const tw_config_option *option, const char *lead, tw_text *text) {
    char head[HELP_TEXT_SIZE];
    char body[HELP_TEXT_SIZE];
    tw_text left = tw_text_over(head, sizeof head);
    tw_text right = tw_text_over(body, sizeof body);
    tw_text_append_string(&left, lead);
    append_head(option, &left);
    append_body(option, &right);
    size_t width = width_of(tw_text_slice(&left));
    tw_text_append(text, tw_text_slice(&left));
    if (width + 2 > HELP_COLUMN) {
        tw_text_append_char(text, '\n');
        width = 0;
    }
    append_spaces(text, HELP_COLUMN - width);
    append_wrapped(text, tw_text_slice(&right));
}

void tw_config_help(const tw_config_option *options, size_t count, tw_text *text) {
    for (size_t i = 0; i < count; i++)
        tw_config_help_row(&options[i], "  ", text);
}
