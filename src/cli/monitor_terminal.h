/*
 * monitor_terminal.h - a terminal that shows one screen at a time and hears single keys.
 *
 * What was on it before comes back at the end, whatever way the program ends: in order, by exit, or
 * by a signal that is heard (the caller ends in order then).
 */
#ifndef TRADEWIND_CLI_MONITOR_TERMINAL_H
#define TRADEWIND_CLI_MONITOR_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/error.h"
#include "tradewind/text.h"

/* True if standard input and output are a terminal. */
bool monitor_terminal_is_there(void);

/* The other screen, without echo and cursor. TW_IO. */
tw_status monitor_terminal_open(tw_error *error) TW_MUST_CHECK;
/* Harmless when it is not open. */
void monitor_terminal_close(void);

/* Characters and lines; 80 and 24 where the terminal does not say. */
void monitor_terminal_size(uint32_t *ret_width, uint32_t *ret_height);

/* Shows a screen whose lines end with MONITOR_LINE_END, in one write. TW_IO. */
#define MONITOR_LINE_END "\033[K\r\n"
tw_status monitor_terminal_show(tw_slice screen, tw_error *error) TW_MUST_CHECK;

/* A key that waits, or 0. */
char monitor_terminal_key(void);

#endif
