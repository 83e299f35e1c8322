/*
 * config_example.h - a configuration file with every key, its default and what it does.
 *
 * Every setting is a comment: the file as it is printed changes nothing.
 */
#ifndef TRADEWIND_CLI_CONFIG_EXAMPLE_H
#define TRADEWIND_CLI_CONFIG_EXAMPLE_H

#include "config_rows.h"

/* On standard output; `section` is NULL for all. */
void config_example_print(const config_rows *rows, const char *section);

#endif
