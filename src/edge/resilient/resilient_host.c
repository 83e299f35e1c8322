/*
 * resilient_host.c - which host a URL means, its machines, and what its answers teach.
 *
 * A host is added when it is first called, into the next of a table of hosts whose budgets exist
 * already; its buckets are defined then.
 */
#include "resilient_priv.h"

#include "tradewind/time.h"

#define PORT_HTTP 80
#define PORT_HTTPS 443

/* Cuts the host and the port out of a URL, which the client will look at more closely. */
static bool read_address(const char *url, tw_slice *ret_name, uint16_t *ret_port) {
    tw_slice rest = tw_slice_of(url);
    bool secure = tw_slice_starts_with(rest, "https://");
    if (!secure && !tw_slice_starts_with(rest, "http://"))
        return false;
    size_t scheme = secure ? 8 : 7;
    rest = (tw_slice){rest.data + scheme, rest.size - scheme};
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?' &&
           rest.data[size] != '#')
        size++;
    tw_slice address = {rest.data, size};
    size_t colon = address.size;
    while (colon > 0 && address.data[colon - 1] >= '0' && address.data[colon - 1] <= '9')
        colon--;
    uint64_t port = secure ? PORT_HTTPS : PORT_HTTP;
    *ret_name = address;
    if (colon > 0 && address.data[colon - 1] == ':') { /* not the end of [::1] */
        *ret_name = (tw_slice){address.data, colon - 1};
        tw_slice digits = {address.data + colon, address.size - colon};
        if (tw_parse_u64(digits, &port) != TW_OK || port < 1 || port > UINT16_MAX)
            return false;
    }
    *ret_port = (uint16_t)port;
    return ret_name->size > 0;
}

static struct host *find(tw_resilient *resilient, const tw_breaker_host *breakers) {
    for (uint32_t i = 0; i < resilient->figures.hosts; i++) {
        if (resilient->hosts[i].breakers == breakers)
            return &resilient->hosts[i];
    }
    return NULL;
}

static tw_status define_buckets(tw_resilient *resilient, struct host *host, tw_error *error) {
    const tw_limiter_bucket_config places = {.name = "places", .burst = resilient->config.places};
    tw_limiter_bucket_config rate = resilient->config.rate;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_status status = tw_limiter_define(resilient->limiter, &places, now_ns, &host->places, error);
    rate.name = "rate";
    host->rate = UINT32_MAX;
    if (status == TW_OK && rate.tokens > 0)
        status = tw_limiter_define(resilient->limiter, &rate, now_ns, &host->rate, error);
    return status;
}

tw_status resilient_host(tw_resilient *resilient, const char *url, struct host **ret_host,
                         tw_error *error) {
    tw_slice name;
    uint16_t port = 0;
    tw_breaker_host *breakers = NULL;
    if (!read_address(url, &name, &port))
        return tw_error_set(error, TW_INVALID, "a URL begins with http:// or https:// and a host");
    tw_status status = tw_breaker_set_host(resilient->breakers, name, port, 0, &breakers);
    if (status != TW_OK)
        return tw_error_set(error, status,
                            status == TW_FULL ? "there are %u hosts already"
                                              : "a host's name is too long or malformed (%u)",
                            resilient->figures.hosts);
    *ret_host = find(resilient, breakers);
    if (*ret_host != NULL)
        return TW_OK;
    struct host *host = &resilient->hosts[resilient->figures.hosts];
    host->breakers = breakers;
    status = define_buckets(resilient, host, error);
    if (status != TW_OK)
        return status;
    for (int i = 0; i < TW_ROUTE_CLASS_COUNT; i++)
        tw_histogram_init(&host->times[i]);
    resilient->figures.hosts++;
    *ret_host = host;
    return TW_OK;
}

struct host *resilient_find_host(tw_resilient *resilient, tw_slice name, uint16_t port) {
    return find(resilient, tw_breaker_set_find(resilient->breakers, name, port));
}

/* ---- learning ---- */

static int64_t header_number(const tw_http_result *result, const char *name, int64_t missing) {
    tw_slice value;
    int64_t number = 0;
    if (!tw_http_result_header(result, name, &value) ||
        tw_parse_i64(tw_slice_trim(value), &number) != TW_OK || number < 0)
        return missing;
    return number;
}

int64_t resilient_retry_after_ns(const tw_http_result *result) {
    tw_slice value;
    int64_t span_ns = 0;
    if (result->status != TW_OK || !tw_http_result_header(result, "Retry-After", &value) ||
        tw_retry_after_parse(value, tw_time_wall_ns(), &span_ns) != TW_OK)
        return 0;
    return span_ns;
}

/* The time of X-RateLimit-Reset (seconds since 1970) on the loop's clock; 0 without it. */
static int64_t reset_ns(const tw_http_result *result) {
    int64_t reset = header_number(result, "X-RateLimit-Reset", 0);
    if (reset == 0 || reset > INT64_MAX / 2 / TW_NS_PER_SECOND)
        return 0;
    int64_t left_ns = reset * TW_NS_PER_SECOND - tw_time_wall_ns();
    return left_ns > 0 ? tw_time_monotonic_ns() + left_ns : 0;
}

void resilient_learn(tw_resilient *resilient, struct host *host, const tw_http_result *result) {
    if (host->rate == UINT32_MAX || result->status != TW_OK)
        return;
    bool refused = result->http_status == 429;
    tw_limiter_notice notice = {
        .limit = header_number(result, "X-RateLimit-Limit", TW_LIMITER_UNKNOWN),
        .remaining = header_number(result, "X-RateLimit-Remaining", TW_LIMITER_UNKNOWN),
        .reset_ns = reset_ns(result),
        .retry_after_ns = refused ? resilient_retry_after_ns(result) : 0,
        .in_flight = host->out,
        .refused = refused};
    tw_limiter_learn(resilient->limiter, host->rate, &notice, tw_time_monotonic_ns());
}
