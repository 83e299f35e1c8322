/* plain_text.h - words of a file that may be anybody's, on their way to a terminal. */
#ifndef TRADEWIND_CLI_PLAIN_TEXT_H
#define TRADEWIND_CLI_PLAIN_TEXT_H

#include <stddef.h>

/* Room for a text of so many bytes, whatever it holds; the NUL is among them. */
#define PLAIN_TEXT_SIZE(size) (4 * (size))

/* Writes a text with its control characters, and what is no UTF-8, as "\x1b": it cannot colour,
 * move or rename what it is shown on, nor begin a line of its own. What does not fit is cut.
 * Returns `buffer`. */
const char *plain_text(const char *text, char *buffer, size_t capacity);

#endif
