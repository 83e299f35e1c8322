/*
 * http_head.h - the head of a request (RFC 9112, sections 2 to 5), read strictly.
 *
 * What two readers could understand differently is refused, because a proxy before us may be the
 * other reader: bare line feeds, folded lines, blanks before a colon, lengths that contradict each
 * other.
 *
 * Memory: none; all slices point into the text. Threads: pure functions.
 */
#ifndef TRADEWIND_EDGE_HTTP_HEAD_H
#define TRADEWIND_EDGE_HTTP_HEAD_H

#include "tradewind/http.h"

#define HTTP_HEADER_COUNT_MAX 100

typedef struct http_head {
    tw_slice method;
    tw_slice path;  /* still percent-encoded; "*" for OPTIONS of the whole server */
    tw_slice query; /* the same, without the question mark */
    tw_http_header headers[HTTP_HEADER_COUNT_MAX];
    uint32_t header_count;
    uint64_t body_size; /* as Content-Length says; UINT64_MAX: more than any */
    bool chunked;       /* else the body has that size */
    bool old;           /* HTTP/1.0 */
    bool keeps_alive;
    bool expects_continue;
} http_head;

/* Why a request is refused before its handler sees it. */
typedef struct http_fault {
    uint32_t status;      /* of the answer; 0: it is not refused */
    const char *sentence; /* for whoever sent it */
} http_fault;

/* The size of the head that `text` begins with, the empty line included, or 0 if that has not come
 * yet. The first `known` bytes were looked at before. */
size_t http_head_find_end(tw_slice text, size_t known);

/* True if a request can begin with this character. */
bool http_head_may_begin(char c);

/* Reads a whole head. */
http_fault http_head_read(tw_slice text, http_head *ret_head);

/* The first header of this name, whatever its case. */
bool http_head_get(const http_head *head, const char *name, tw_slice *ret_value);

/* True if a header of this name has the token in its comma-separated list, whatever the case of
 * both; several headers are one list (RFC 9110, section 5.3). */
bool http_head_lists(const http_head *head, const char *name, const char *token);

/* The value of a hexadecimal digit; -1 for what is none. In http_words.c. */
int http_hex_digit(char c);

#endif
