/*
 * http_words.c - percent-encoding and query strings (RFC 3986; the "+" of HTML forms), and the
 * headers of an answer (RFC 9112, section 5).
 *
 * Invariant: decoding never writes ahead of what it reads, so it may be done in place.
 */
#include "http_head.h"

#include <string.h>
#include <strings.h>

#include "hex.h"

int http_hex_digit(char c) {
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : hex_digit(c);
}

tw_status tw_http_decode(tw_slice text, bool plus_is_space, char *buffer, size_t capacity,
                         size_t *ret_size) {
    TW_ASSERT(ret_size != NULL);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < text.size ? http_hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? http_hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return TW_PARSE;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (size == capacity)
            return TW_FULL;
        buffer[size++] = c;
    }
    *ret_size = size;
    return TW_OK;
}

static bool stays_as_it_is(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void tw_http_encode(tw_slice text, tw_text *ret_text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (stays_as_it_is(text.data[i]))
            tw_text_append_char(ret_text, text.data[i]);
        else
            tw_text_append(ret_text, (tw_slice){escaped, sizeof escaped});
    }
}

/* The place of `c` in the text, or its size. */
static size_t find(tw_slice text, char c) {
    size_t i = 0;
    while (i < text.size && text.data[i] != c)
        i++;
    return i;
}

bool tw_http_query_next(tw_slice *rest, tw_slice *ret_name, tw_slice *ret_value) {
    while (rest->size > 0) {
        size_t end = find(*rest, '&');
        tw_slice piece = {rest->data, end};
        size_t used = end < rest->size ? end + 1 : end;
        rest->data += used;
        rest->size -= used;
        if (piece.size == 0)
            continue;
        size_t equals = find(piece, '=');
        *ret_name = (tw_slice){piece.data, equals};
        size_t value_at = equals < piece.size ? equals + 1 : equals;
        *ret_value = (tw_slice){piece.data + value_at, piece.size - value_at};
        return true;
    }
    return false;
}

bool tw_http_result_header(const tw_http_result *result, const char *name, tw_slice *ret_value) {
    size_t name_size = strlen(name);
    tw_slice rest = result->head;
    while (rest.size > 0 && rest.data != NULL) {
        tw_slice line = tw_slice_split(&rest, '\n');
        if (line.size <= name_size || line.data[name_size] != ':' ||
            strncasecmp(line.data, name, name_size) != 0)
            continue;
        *ret_value =
            tw_slice_trim((tw_slice){line.data + name_size + 1, line.size - name_size - 1});
        return true;
    }
    return false;
}
