/*
 * gnuplot.h - a picture drawn by gnuplot, in a process of its own.
 *
 * The script goes to its standard input and the picture comes from its standard output, so that no
 * path has to stand in a script. It reads no settings of the user, and dies with this process.
 */
#ifndef TRADEWIND_CLI_GNUPLOT_H
#define TRADEWIND_CLI_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

#include "tradewind/error.h"

/* The look of panels one above the other, before the first of them. */
extern const char gnuplot_panels[];

/* Writes the script; the terminal is its first command. False: it could not. */
typedef bool (*gnuplot_script)(FILE *script, void *context);

/* Draws into a file that is there already; should it be removed meanwhile, it stays so. `what` is
 * named in messages ("the book of aapl.csv"). TW_NOT_FOUND: gnuplot is not installed. TW_IO: it
 * failed and said why on standard error, or drew nothing; others where the file cannot be
 * written. */
tw_status gnuplot_draw(const char *path, gnuplot_script put_script, void *context, const char *what,
                       tw_error *error) TW_MUST_CHECK;

#endif
