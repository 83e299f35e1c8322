/*
 * shortest.h - the shortest decimal digits that read back as a double, from the C++ library.
 */
#ifndef TRADEWIND_BASE_SHORTEST_H
#define TRADEWIND_BASE_SHORTEST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHORTEST_SIZE_MAX 32 /* "2.2250738585072014e-308" has 23 */

/* Writes a finite double above 0 as d.ddde+dd, without a NUL: of the shortest texts that read back
 * the one nearest to it. Whatever the locale, the point is a point. Returns its size. */
size_t shortest_write(double value, char ret_text[SHORTEST_SIZE_MAX]);

#ifdef __cplusplus
}
#endif

#endif
