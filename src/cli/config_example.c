/* config_example.c - see config_example.h. */
#include "config_example.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 96 };

static const char opening[] =
    "# tradewind.conf - the settings of `tradewind`, with their defaults.\n"
    "#\n"
    "# The program reads ./tradewind.conf, else ~/.config/tradewind/tradewind.conf, else the file "
    "of\n"
    "# --config. An option wins over the environment, the environment over this file. A line that\n"
    "# begins with # says nothing: take the # away from what you want to change.\n"
    "#\n"
    "# `venue = live`, `i-understand` and the addresses of a venue are not taken from a file. A "
    "file\n"
    "# with a secret must be yours alone: chmod 600.\n";

/* Words of `text` as comments, at most WIDTH columns a line. */
static void print_comment(const char *text) {
    size_t column = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (column > 0 && column + 1 + size > WIDTH) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column == 0 ? "#   " : " ", (int)size, text);
        text += size + strspn(text + size, " ");
    }
    if (column > 0)
        putchar('\n');
}

static void print_range(const tw_config_option *option) {
    if (option->choices != NULL)
        printf("#   one of %s\n", option->choices);
    else if (option->minimum != NULL && option->maximum != NULL)
        printf("#   %s to %s\n", option->minimum, option->maximum);
    else if (option->minimum != NULL)
        printf("#   at least %s\n", option->minimum);
}

static void print_setting(const config_row *row) {
    const tw_config_option *option = row->option;
    putchar('\n');
    print_comment(option->help);
    print_range(option);
    if (row->note[0] != '\0')
        printf("#   default of %s\n", row->note);
    if (row->variable[0] != '\0')
        printf("#   environment: %s\n", row->variable);
    const char *value = option->default_value != NULL ? option->default_value : "";
    printf("# %s =%s%s\n", option->name, value[0] != '\0' ? " " : "", value);
}

void config_example_print(const config_rows *rows, const char *section) {
    const char *heading = "";
    fputs(opening, stdout);
    for (size_t i = 0; i < rows->count; i++) {
        const config_row *row = &rows->rows[i];
        if (section != NULL && strcmp(section, row->section) != 0)
            continue;
        if (strcmp(heading, row->section) != 0)
            printf("\n[%s]\n", row->section);
        heading = row->section;
        print_setting(row);
    }
}
