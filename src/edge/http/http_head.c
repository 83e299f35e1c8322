/*
 * http_head.c - a request line, then headers, each read by one function that says what is wrong.
 *
 * Invariant: every byte of the text is looked at: a line has no control character but the tab, a
 * name has token characters only (RFC 9110, section 5.6.2).
 */
#include "http_head.h"

#include <string.h>
#include <strings.h>

static const http_fault FINE = {0, NULL};

static http_fault fault(uint32_t status, const char *sentence) {
    return (http_fault){status, sentence};
}

/* ---- characters --------------------------------------------------------------------------- */

static bool is_token_char(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool http_head_may_begin(char c) {
    return is_token_char(c);
}

static bool is_token(tw_slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (!is_token_char(text.data[i]))
            return false;
    return text.size > 0;
}

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool equal_ignoring_case(tw_slice text, const char *word) {
    size_t size = strlen(word);
    return text.size == size && strncasecmp(text.data, word, size) == 0;
}

static bool list_has(tw_slice list, const char *token) {
    while (list.data != NULL)
        if (equal_ignoring_case(tw_slice_trim(tw_slice_split(&list, ',')), token))
            return true;
    return false;
}

/* ---- where it ends ------------------------------------------------------------------------ */

size_t http_head_find_end(tw_slice text, size_t known) {
    size_t at = known > 3 ? known - 3 : 0; /* an end may have begun before */
    while (at < text.size) {
        const char *feed = memchr(text.data + at, '\n', text.size - at);
        if (feed == NULL)
            return 0;
        size_t next = (size_t)(feed - text.data) + 1;
        if (next < text.size && text.data[next] == '\n')
            return next + 1;
        if (next + 1 < text.size && text.data[next] == '\r' && text.data[next + 1] == '\n')
            return next + 2;
        at = next;
    }
    return 0;
}

/* Cuts the next line off; false if it does not end in CRLF. */
static bool next_line(tw_slice *rest, tw_slice *ret_line) {
    tw_slice line = tw_slice_split(rest, '\n');
    if (rest->data == NULL || line.size == 0 || line.data[line.size - 1] != '\r')
        return false;
    line.size--;
    *ret_line = line;
    return true;
}

/* ---- the request line --------------------------------------------------------------------- */

/* "http://host/path" means the path: this server is the host (RFC 9112, section 3.2.2). */
static tw_slice without_authority(tw_slice target) {
    static const char scheme[] = "http://";
    size_t size = sizeof scheme - 1;
    if (target.size < size || strncasecmp(target.data, scheme, size) != 0)
        return target;
    for (size_t i = size; i < target.size; i++)
        if (target.data[i] == '/' || target.data[i] == '?')
            return (tw_slice){target.data + i, target.size - i};
    return tw_slice_of("/");
}

static http_fault read_target(tw_slice target, http_head *head) {
    for (size_t i = 0; i < target.size; i++)
        if (is_control(target.data[i]) || target.data[i] == ' ')
            return fault(400, "the request target has a character that must be percent-encoded");
    target = without_authority(target);
    bool asterisk = tw_slice_equal_string(target, "*");
    if (target.size == 0 || (target.data[0] != '/' && target.data[0] != '?' &&
                             !(asterisk && tw_slice_equal_string(head->method, "OPTIONS"))))
        return fault(400, "the request target is not a path");
    const char *question = memchr(target.data, '?', target.size);
    if (question == NULL) {
        head->path = target;
        return FINE;
    }
    size_t path_size = (size_t)(question - target.data);
    head->path = path_size > 0 ? (tw_slice){target.data, path_size} : tw_slice_of("/");
    head->query = (tw_slice){question + 1, target.size - path_size - 1};
    return FINE;
}

static http_fault read_version(tw_slice version, http_head *head) {
    if (version.size != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.' ||
        version.data[5] < '0' || version.data[5] > '9' || version.data[7] < '0' ||
        version.data[7] > '9')
        return fault(400, "the request line does not end in a version of HTTP");
    if (version.data[5] != '1')
        return fault(505, "only HTTP/1.1 is spoken here");
    head->old = version.data[7] == '0';
    return FINE;
}

static http_fault read_request_line(tw_slice line, http_head *head) {
    tw_slice rest = line;
    head->method = tw_slice_split(&rest, ' ');
    if (rest.data == NULL || !is_token(head->method))
        return fault(400, "the request does not begin with a method and a target");
    tw_slice target = tw_slice_split(&rest, ' ');
    if (rest.data == NULL)
        return fault(400, "the request line does not end in a version of HTTP");
    http_fault found = read_version(rest, head);
    return found.status != 0 ? found : read_target(target, head);
}

/* ---- headers ------------------------------------------------------------------------------ */

static http_fault read_header(tw_slice line, http_head *head) {
    tw_slice rest = line;
    tw_slice name = tw_slice_split(&rest, ':');
    if (rest.data == NULL || !is_token(name))
        return fault(400, "a header has no proper name");
    for (size_t i = 0; i < rest.size; i++)
        if (is_control(rest.data[i]) && rest.data[i] != '\t')
            return fault(400, "a header has a control character in it");
    if (head->header_count == HTTP_HEADER_COUNT_MAX)
        return fault(431, "the request has too many headers");
    head->headers[head->header_count++] = (tw_http_header){name, tw_slice_trim(rest)};
    return FINE;
}

bool http_head_get(const http_head *head, const char *name, tw_slice *ret_value) {
    for (uint32_t i = 0; i < head->header_count; i++) {
        if (!equal_ignoring_case(head->headers[i].name, name))
            continue;
        *ret_value = head->headers[i].value;
        return true;
    }
    return false;
}

static uint32_t count_of(const http_head *head, const char *name) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < head->header_count; i++)
        count += equal_ignoring_case(head->headers[i].name, name);
    return count;
}

/* How long the body is (RFC 9112, section 6.3). */
static http_fault read_framing(http_head *head) {
    tw_slice length = {0};
    tw_slice coding = {0};
    bool sized = http_head_get(head, "Content-Length", &length);
    bool coded = http_head_get(head, "Transfer-Encoding", &coding);
    if (count_of(head, "Content-Length") > 1 || (sized && coded))
        return fault(400, "the length of the body is said twice");
    if (coded && (head->old || count_of(head, "Transfer-Encoding") > 1))
        return fault(400, "the body's transfer encoding is none of HTTP/1.1");
    if (coded && !equal_ignoring_case(coding, "chunked"))
        return fault(501, "the only transfer encoding that is known here is chunked");
    head->chunked = coded;
    tw_status parsed = sized ? tw_parse_u64(length, &head->body_size) : TW_OK;
    if (parsed == TW_PARSE)
        return fault(400, "Content-Length is not a number");
    if (parsed == TW_RANGE)
        head->body_size = UINT64_MAX;
    return FINE;
}

bool http_head_lists(const http_head *head, const char *name, const char *token) {
    for (uint32_t i = 0; i < head->header_count; i++)
        if (equal_ignoring_case(head->headers[i].name, name) &&
            list_has(head->headers[i].value, token))
            return true;
    return false;
}

static http_fault read_connection(http_head *head) {
    tw_slice value = {0};
    uint32_t hosts = count_of(head, "Host");
    if (hosts > 1 || (hosts == 0 && !head->old))
        return fault(400, "the request has no Host, or several");
    bool closes = http_head_lists(head, "Connection", "close");
    head->keeps_alive =
        !closes && (!head->old || http_head_lists(head, "Connection", "keep-alive"));
    if (!http_head_get(head, "Expect", &value) || head->old)
        return FINE;
    if (!equal_ignoring_case(value, "100-continue"))
        return fault(417, "the only expectation that is known here is 100-continue");
    head->expects_continue = true;
    return FINE;
}

http_fault http_head_read(tw_slice text, http_head *ret_head) {
    tw_slice line = {0};
    http_fault found = FINE;
    ret_head->method = ret_head->path = ret_head->query = (tw_slice){0};
    ret_head->header_count = 0;
    ret_head->body_size = 0;
    ret_head->chunked = ret_head->old = ret_head->keeps_alive = ret_head->expects_continue = false;
    if (!next_line(&text, &line))
        return fault(400, "the lines of a request end in CR LF");
    found = read_request_line(line, ret_head);
    while (found.status == 0) {
        if (!next_line(&text, &line))
            return fault(400, "the lines of a request end in CR LF");
        if (line.size == 0)
            break;
        found = read_header(line, ret_head);
    }
    if (found.status == 0)
        found = read_framing(ret_head);
    return found.status != 0 ? found : read_connection(ret_head);
}
