/*
 * dashboard_access.c - who may ask: the token, whom a request is for and from, and how often.
 *
 * Invariants
 *  1. The token lies in one page of memory that core dumps leave out; it is never written into
 *     anything but that page and what its owner asks for.
 *  2. A Host that is a name other than localhost is refused: what a name points at can be changed
 *     by whoever owns it (DNS rebinding), what a number points at cannot.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "dashboard_priv.h"

enum { TOKEN_BYTES = 16, TOKEN_PAGE_SIZE = 4096, NUMBER_SIZE_MAX = 64 };

_Static_assert(2 * TOKEN_BYTES + 1 == TW_DASHBOARD_TOKEN_SIZE, "two digits a byte");

/* ---- the token ----------------------------------------------------------------------------- */

tw_status dashboard_access_make_token(char **ret_token, tw_error *error) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return tw_error_set_errno(error, errno, "the system gives no random bits for a token");
    char *token =
        mmap(NULL, TOKEN_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (token == MAP_FAILED)
        return tw_error_set_errno(error, errno, "no memory for the token");
    if (madvise(token, TOKEN_PAGE_SIZE, MADV_DONTDUMP) != 0) {
        int failure = errno;
        munmap(token, TOKEN_PAGE_SIZE);
        return tw_error_set_errno(error, failure, "the token cannot be kept out of core dumps");
    }
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        token[2 * i] = digits[bytes[i] >> 4];
        token[2 * i + 1] = digits[bytes[i] & 15];
    }
    explicit_bzero(bytes, sizeof bytes);
    *ret_token = token;
    return TW_OK;
}

void dashboard_access_wipe_token(char *token) {
    if (token == NULL)
        return;
    explicit_bzero(token, TOKEN_PAGE_SIZE);
    munmap(token, TOKEN_PAGE_SIZE);
}

bool dashboard_access_is_token(const tw_dashboard *dashboard, tw_slice told) {
    return told.size == TW_DASHBOARD_TOKEN_SIZE - 1 &&
           CRYPTO_memcmp(told.data, dashboard->token, told.size) == 0;
}

bool dashboard_access_has_token(const tw_dashboard *dashboard, const tw_http_request *request) {
    static const char scheme[] = "Bearer ";
    tw_slice value;
    if (!tw_http_request_header(request, "Authorization", &value) ||
        value.size < sizeof scheme - 1 || strncasecmp(value.data, scheme, sizeof scheme - 1) != 0)
        return false;
    value.data += sizeof scheme - 1;
    value.size -= sizeof scheme - 1;
    return dashboard_access_is_token(dashboard, tw_slice_trim(value));
}

/* ---- whom it is for, and from whom --------------------------------------------------------- */

bool dashboard_access_is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* Cuts "127.0.0.1:8787" and "[::1]:8787" into name and port; without a port it is 80, as HTTP has
 * it. */
static bool split_host(tw_slice host, tw_slice *ret_name, uint64_t *ret_port) {
    bool brackets = host.size > 0 && host.data[0] == '[';
    const char *end = memchr(host.data, brackets ? ']' : ':', host.size);
    *ret_name = host;
    *ret_port = 80;
    if (end == NULL)
        return !brackets && host.size > 0;
    tw_slice rest = {end, host.size - (size_t)(end - host.data)};
    *ret_name = (tw_slice){host.data, (size_t)(end - host.data)};
    if (brackets) {
        *ret_name = (tw_slice){host.data + 1, (size_t)(end - host.data) - 1};
        rest = (tw_slice){end + 1, rest.size - 1};
    }
    if (rest.size == 0)
        return true;
    return rest.data[0] == ':' &&
           tw_parse_u64((tw_slice){rest.data + 1, rest.size - 1}, ret_port) == TW_OK;
}

static bool is_number(tw_slice name, bool loopback) {
    char text[NUMBER_SIZE_MAX];
    struct in_addr four;
    struct in6_addr six;
    if (tw_slice_copy(name, text, sizeof text) != TW_OK)
        return false;
    if (loopback && !dashboard_access_is_loopback(text))
        return false;
    return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1;
}

/* Invariant 2. */
static bool is_our_host(const tw_dashboard *dashboard, tw_slice host) {
    tw_slice name;
    uint64_t port = 0;
    if (!split_host(host, &name, &port) || port != tw_http_server_port(dashboard->server))
        return false;
    if (name.size == 9 && strncasecmp(name.data, "localhost", 9) == 0)
        return true;
    return is_number(name, dashboard->loopback);
}

bool dashboard_access_is_ours(const tw_dashboard *dashboard, const tw_http_request *request) {
    static const char scheme[] = "http://";
    tw_slice host;
    tw_slice origin;
    if (!tw_http_request_header(request, "Host", &host) || !is_our_host(dashboard, host))
        return false;
    if (!tw_http_request_header(request, "Origin", &origin))
        return true;
    if (!tw_slice_starts_with(origin, scheme))
        return false;
    tw_slice authority = {origin.data + sizeof scheme - 1, origin.size - (sizeof scheme - 1)};
    return tw_slice_equal(authority, host);
}

/* ---- how often ----------------------------------------------------------------------------- */

bool dashboard_access_take_control(tw_dashboard *dashboard, int64_t *ret_wait_ns) {
    const tw_limiter_want want = {.parts = {{dashboard->controls, 1}}, .part_count = 1};
    int64_t now_ns = tw_loop_now_ns(dashboard->config.loop);
    int64_t ready_ns = now_ns;
    tw_status status = tw_limiter_take(dashboard->limiter, &want, now_ns, &ready_ns);
    *ret_wait_ns = ready_ns > now_ns ? ready_ns - now_ns : 0;
    return status == TW_OK;
}
