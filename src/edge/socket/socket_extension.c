/*
 * socket_extension.c - what the two ends of a handshake say about permessage-deflate (RFC 7692).
 *
 * Idea: an element of Sec-WebSocket-Extensions is read into a plain struct with strict rules (a
 * parameter twice, with a value where there is none, out of range or unknown spoils it); what an
 * offer, an answer and our wishes mean for each other is decided on those structs.
 *
 *     tw_socket_deflate_offer    a client's wishes as a header
 *     tw_socket_deflate_choose   a server: the first offer that it can accept, and its answer
 *     tw_socket_deflate_accept   a client: whether the answer fits what was offered
 */
#include <string.h>
#include <strings.h>

#include "socket_priv.h"

#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15

/* One element "permessage-deflate; ...". 0 bits: the parameter is not there. */
typedef struct element {
    bool server_no_takeover;
    bool client_no_takeover;
    bool client_bits_valueless; /* "client_max_window_bits": any size will do */
    uint8_t server_bits;
    uint8_t client_bits;
} element;

static bool equal_words(tw_slice text, const char *word) {
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

/* A value may stand in quotes (RFC 6455, section 9.1). */
static bool read_bits(tw_slice value, uint8_t *ret_bits) {
    uint64_t bits = 0;
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
        value = (tw_slice){value.data + 1, value.size - 2};
    if (value.size == 0 || value.data[0] == '0' || tw_parse_u64(value, &bits) != TW_OK ||
        bits < WINDOW_BITS_MIN || bits > WINDOW_BITS_MAX)
        return false;
    *ret_bits = (uint8_t)bits;
    return true;
}

/* Sets a flag that may be said once and has no value. */
static bool read_flag(bool has_value, bool *flag) {
    if (has_value || *flag)
        return false;
    *flag = true;
    return true;
}

static bool read_parameter(tw_slice text, element *into) {
    tw_slice rest = text;
    tw_slice name = tw_slice_trim(tw_slice_split(&rest, '='));
    bool has_value = rest.data != NULL;
    tw_slice value = has_value ? tw_slice_trim(rest) : (tw_slice){0};
    if (equal_words(name, "server_no_context_takeover"))
        return read_flag(has_value, &into->server_no_takeover);
    if (equal_words(name, "client_no_context_takeover"))
        return read_flag(has_value, &into->client_no_takeover);
    if (equal_words(name, "server_max_window_bits"))
        return into->server_bits == 0 && has_value && read_bits(value, &into->server_bits);
    if (!equal_words(name, "client_max_window_bits") || into->client_bits != 0)
        return false;
    if (!has_value)
        return read_flag(has_value, &into->client_bits_valueless);
    return !into->client_bits_valueless && read_bits(value, &into->client_bits);
}

/* False if it is another extension or breaks a rule. */
static bool read_element(tw_slice text, element *into) {
    *into = (element){0};
    tw_slice rest = text;
    if (!equal_words(tw_slice_trim(tw_slice_split(&rest, ';')), "permessage-deflate"))
        return false;
    while (rest.data != NULL)
        if (!read_parameter(tw_slice_trim(tw_slice_split(&rest, ';')), into))
            return false;
    return true;
}

static uint8_t bits_or_all(uint8_t bits) {
    return bits == 0 ? WINDOW_BITS_MAX : bits;
}

static uint8_t fewer_bits(uint8_t a, uint8_t b) {
    a = bits_or_all(a);
    b = bits_or_all(b);
    return a < b ? a : b;
}

static void append_bits(tw_text *text, const char *name, uint8_t bits) {
    if (bits != 0 && bits != WINDOW_BITS_MAX)
        tw_text_append_format(text, "; %s=%u", name, bits);
}

void tw_socket_deflate_offer(const tw_socket_deflate *wish, tw_text *ret_header) {
    tw_text_append_string(ret_header, "permessage-deflate");
    if (wish->server_no_takeover)
        tw_text_append_string(ret_header, "; server_no_context_takeover");
    if (wish->client_no_takeover)
        tw_text_append_string(ret_header, "; client_no_context_takeover");
    append_bits(ret_header, "server_max_window_bits", wish->server_bits);
    append_bits(ret_header, "client_max_window_bits", wish->client_bits);
    if (bits_or_all(wish->client_bits) == WINDOW_BITS_MAX)
        tw_text_append_string(ret_header, "; client_max_window_bits");
}

/* An offer without client_max_window_bits comes from a client that cannot shrink its window. */
static bool can_agree(const element *offer, const tw_socket_deflate *wish) {
    bool shrinks = offer->client_bits_valueless || offer->client_bits != 0;
    return shrinks || bits_or_all(wish->client_bits) == WINDOW_BITS_MAX;
}

static void answer_offer(const element *offer, const tw_socket_deflate *wish,
                         tw_socket_deflate *ret_agreed, tw_text *ret_header) {
    tw_socket_deflate agreed = *wish;
    agreed.server_no_takeover = wish->server_no_takeover || offer->server_no_takeover;
    agreed.client_no_takeover = wish->client_no_takeover || offer->client_no_takeover;
    agreed.server_bits = fewer_bits(wish->server_bits, offer->server_bits);
    agreed.client_bits = fewer_bits(wish->client_bits, offer->client_bits);
    tw_text_append_string(ret_header, "permessage-deflate");
    if (agreed.server_no_takeover)
        tw_text_append_string(ret_header, "; server_no_context_takeover");
    if (agreed.client_no_takeover)
        tw_text_append_string(ret_header, "; client_no_context_takeover");
    append_bits(ret_header, "server_max_window_bits", agreed.server_bits);
    append_bits(ret_header, "client_max_window_bits", agreed.client_bits);
    *ret_agreed = agreed;
}

bool tw_socket_deflate_choose(tw_slice offers, const tw_socket_deflate *wish,
                              tw_socket_deflate *ret_agreed, tw_text *ret_header) {
    while (wish->on && offers.data != NULL) {
        element offer;
        if (!read_element(tw_slice_trim(tw_slice_split(&offers, ',')), &offer) ||
            !can_agree(&offer, wish))
            continue;
        answer_offer(&offer, wish, ret_agreed, ret_header);
        return true;
    }
    return false;
}

/* RFC 7692, section 7.1: an answer may only narrow what was offered, and must keep what it asks. */
bool tw_socket_deflate_accept(tw_slice answer, const tw_socket_deflate *wish,
                              tw_socket_deflate *ret_agreed) {
    element given;
    if (!wish->on || !read_element(tw_slice_trim(answer), &given) || given.client_bits_valueless)
        return false;
    if (wish->server_no_takeover && !given.server_no_takeover)
        return false;
    if (bits_or_all(given.server_bits) > bits_or_all(wish->server_bits))
        return false;
    tw_socket_deflate agreed = *wish;
    agreed.server_no_takeover = given.server_no_takeover;
    agreed.client_no_takeover = given.client_no_takeover || wish->client_no_takeover;
    agreed.server_bits = bits_or_all(given.server_bits);
    agreed.client_bits = fewer_bits(given.client_bits, wish->client_bits);
    *ret_agreed = agreed;
    return true;
}
