/*
 * monitor_screen.h - the state of a run as lines of text that fit a terminal.
 */
#ifndef TRADEWIND_CLI_MONITOR_SCREEN_H
#define TRADEWIND_CLI_MONITOR_SCREEN_H

#include "monitor_state.h"

enum { MONITOR_WIDTH_MAX = 160 };

typedef struct monitor_screen {
    uint32_t width;   /* characters; a line is cut there */
    uint32_t height;  /* lines; 0: as many as there is to say */
    bool coloured;    /* bold headings, a kill and what is outside stand out */
    const char *note; /* in the first line: how old this is, what is wrong; "" for nothing */
    const char *name; /* of the store */
} monitor_screen;

/* Writes lines, each ended by `end` ("\n", or what clears the rest of a terminal's line). */
void monitor_screen_write(const monitor_screen *screen, const monitor_state *state, const char *end,
                          tw_text *text);

#endif
