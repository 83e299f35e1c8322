/*
 * shortest.cpp - a shim over std::to_chars, which has known since gcc 11 the algorithm of Adams
 * (Ryu: fast float-to-string conversion, 2018): no trial and error, no locale, no memory, nothing
 * thrown.
 */
#include "shortest.h"

#include <charconv>

size_t shortest_write(double value, char ret_text[SHORTEST_SIZE_MAX]) {
    std::to_chars_result result =
        std::to_chars(ret_text, ret_text + SHORTEST_SIZE_MAX, value, std::chars_format::scientific);
    return static_cast<size_t>(result.ptr - ret_text);
}
