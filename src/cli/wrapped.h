/* wrapped.h - text in lines that can be read. */
#ifndef TRADEWIND_CLI_WRAPPED_H
#define TRADEWIND_CLI_WRAPPED_H

#include <stddef.h>
#include <stdio.h>

/* Prints lines with breaks for spaces, so that none has more than `width` characters; a word that
 * is longer stands alone. What sets colours (ESC [ ... m) takes no place. */
void wrapped_print(FILE *file, const char *text, size_t width);

#endif
