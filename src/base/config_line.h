/*
 * config_line.h - what a line of a configuration file means, for those who read and who change one.
 */
#ifndef TRADEWIND_BASE_CONFIG_LINE_H
#define TRADEWIND_BASE_CONFIG_LINE_H

#include "tradewind/text.h"

/* Trimmed, and without a comment: "#" first or after white space. Quoted text must be taken off
 * before. */
static inline tw_slice config_without_comment(tw_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        bool begins = i == 0 || text.data[i - 1] == ' ' || text.data[i - 1] == '\t';
        if (text.data[i] == '#' && begins) {
            text.size = i;
            break;
        }
    }
    return tw_slice_trim(text);
}

#endif
