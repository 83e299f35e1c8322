/*
 * postgres_address.c - what a message may show of an address, and statements in the server's words.
 *
 * An address is masked by its letters and not by what libpq makes of it: also one that libpq
 * refuses, or reads otherwise than its author meant, must not show a password. So too much is
 * hidden rather than too little: all between the first colon behind the scheme and the last @, and
 * the value of each parameter whose name holds "password" or is itself encoded.
 */
#include <stdio.h>
#include <string.h>

#include "postgres_priv.h"

#define MASK "***"

static bool is_secret(const char *name, size_t size) {
    if (memchr(name, '%', size) != NULL)
        return true;
    return memmem(name, size, "password", 8) != NULL;
}

/* Appends the parameters behind a question mark, masked. */
static void mask_parameters(const char *at, tw_text *text) {
    while (*at != '\0') {
        size_t size = strcspn(at, "&");
        const char *equals = memchr(at, '=', size);
        size_t name_size = equals == NULL ? size : (size_t)(equals - at);
        bool secret = equals != NULL && is_secret(at, name_size);
        tw_text_append(text, (tw_slice){at, secret ? name_size + 1 : size});
        if (secret)
            tw_text_append_string(text, MASK);
        at += size;
        if (*at == '&') {
            tw_text_append_char(text, '&');
            at++;
        }
    }
}

bool tw_store_is_server(const char *path) {
    return strncmp(path, "postgres://", 11) == 0 || strncmp(path, "postgresql://", 13) == 0;
}

static void mask(const char *address, const char *rest, tw_text *text) {
    const char *at = strrchr(rest, '@');
    const char *colon = strchr(rest, ':');
    if (at != NULL && colon != NULL && colon < at) {
        tw_text_append(text, (tw_slice){address, (size_t)(colon - address) + 1});
        tw_text_append_string(text, MASK);
        rest = at;
    } else {
        tw_text_append(text, (tw_slice){address, (size_t)(rest - address)});
    }
    const char *question = strchr(rest, '?');
    size_t plain = question == NULL ? strlen(rest) : (size_t)(question - rest) + 1;
    tw_text_append(text, (tw_slice){rest, plain});
    if (question != NULL)
        mask_parameters(question + 1, text);
}

const char *tw_store_mask(const char *path, char *ret_text, size_t capacity) {
    tw_text text = tw_text_over(ret_text, capacity);
    const char *scheme = strstr(path, "://");
    if (scheme != NULL)
        mask(path, scheme + 3, &text);
    else
        tw_text_append_string(&text, path);
    return ret_text;
}

/* libpq's own words about a bad address may quote the part with the password. */
tw_status postgres_check_address(const char *address, const char *masked, tw_error *error) {
    PQconninfoOption *options = PQconninfoParse(address, NULL);
    bool good = options != NULL;
    bool stray = false; /* a raw @ in a password makes the rest of it a part of the host */
    for (const PQconninfoOption *o = options; good && o->keyword != NULL; o++)
        stray |= o->val != NULL && strcmp(o->keyword, "host") == 0 && strchr(o->val, '@') != NULL;
    PQconninfoFree(options);
    if (good && !stray)
        return TW_OK;
    return tw_error_set(error, TW_INVALID,
                        "%s is not the address of a database: write "
                        "postgresql://USER@HOST/DATABASE, and in a name or password %%40 for @, "
                        "%%2F for / and %%25 for %%",
                        masked);
}

void postgres_translate(const char *text, char *ret_text, size_t capacity) {
    size_t size = strlen(text);
    TW_ASSERT(size < capacity);
    for (size_t i = 0; i <= size; i++)
        ret_text[i] = text[i] == '?' ? '$' : text[i];
}
