/* credentials.c - see credentials.h. */
#include "credentials.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

/* The bytes that base64 stands for; false for any other text. */
static bool decode(tw_slice text, char *buffer, size_t *ret_size) {
    if (text.size == 0 || text.size % 4 != 0 || text.size / 4 * 3 > CREDENTIALS_SIZE_MAX + 2)
        return false;
    int size =
        EVP_DecodeBlock((unsigned char *)buffer, (const unsigned char *)text.data, (int)text.size);
    size_t padding = text.data[text.size - 1] != '=' ? 0 : text.data[text.size - 2] != '=' ? 1 : 2;
    if (size < (int)padding)
        return false;
    *ret_size = (size_t)size - padding;
    return true;
}

bool credentials_read_basic(tw_slice text, char buffer[CREDENTIALS_SIZE_MAX + 3], tw_slice *ret_key,
                            tw_slice *ret_secret) {
    static const char scheme[] = "Basic ";
    size_t scheme_size = sizeof scheme - 1;
    size_t size = 0;
    if (text.size < scheme_size || strncasecmp(text.data, scheme, scheme_size) != 0)
        return false;
    text = tw_slice_trim((tw_slice){text.data + scheme_size, text.size - scheme_size});
    if (!decode(text, buffer, &size))
        return false;
    tw_slice rest = {buffer, size};
    *ret_key = tw_slice_split(&rest, ':');
    *ret_secret = rest;
    return rest.data != NULL;
}

static ledger_account *basic_account(account_ledger *ledger, tw_slice text) {
    char buffer[CREDENTIALS_SIZE_MAX + 3];
    tw_slice key = {0};
    tw_slice secret = {0};
    ledger_account *account = credentials_read_basic(text, buffer, &key, &secret)
                                  ? ledger_authenticate(ledger, key, secret)
                                  : NULL;
    explicit_bzero(buffer, sizeof buffer);
    return account;
}

ledger_account *credentials_account(account_ledger *ledger, const tw_http_request *request,
                                    bool *ret_presented) {
    tw_slice key = {0};
    tw_slice secret = {0};
    tw_slice authorization = {0};
    bool has_key = tw_http_request_header(request, "APCA-API-KEY-ID", &key);
    bool has_secret = tw_http_request_header(request, "APCA-API-SECRET-KEY", &secret);
    bool has_other = tw_http_request_header(request, "Authorization", &authorization);
    if (ret_presented != NULL)
        *ret_presented = (has_key && has_secret) || has_other;
    if (has_other)
        return has_key || has_secret ? NULL : basic_account(ledger, authorization);
    return has_key && has_secret ? ledger_authenticate(ledger, key, secret) : NULL;
}
