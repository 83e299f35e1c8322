/* hex.h - a digit to the base of 16, as we write it ourselves: 0 to 9, a to f. */
#ifndef TRADEWIND_BASE_HEX_H
#define TRADEWIND_BASE_HEX_H

/* Its value; -1: it is none. */
static inline __attribute__((unused)) int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
