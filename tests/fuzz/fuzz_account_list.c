/*
 * fuzz_account_list.c - files of accounts, and what comes behind "Authorization:".
 *
 * What is read lies in its bounds and is what HTTP Basic can say; what is refused leaves nothing
 * behind and tells no word of it.
 */
#include <stdint.h>
#include <string.h>

#include "account_list.h"
#include "credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const account_list *list, const account_entry *entry) {
    TW_ASSERT(entry->key[0] != '\0' && memchr(entry->key, '\0', sizeof entry->key) != NULL);
    TW_ASSERT(strchr(entry->key, ':') == NULL && account_list_find(list, entry->key) == entry);
    TW_ASSERT(entry->secret[0] != '\0');
    TW_ASSERT(memchr(entry->secret, '\0', sizeof entry->secret) != NULL);
    TW_ASSERT(memchr(entry->name, '\0', sizeof entry->name) != NULL);
    TW_ASSERT(entry->cash.nano >= 0 && entry->cash.nano <= ACCOUNT_CASH_NANO_MAX);
    TW_ASSERT(entry->multiplier_max == 1 || entry->multiplier_max == 2 ||
              entry->multiplier_max == 4);
}

static void read_basic(tw_slice text) {
    char buffer[CREDENTIALS_SIZE_MAX + 3];
    tw_slice key = {0};
    tw_slice secret = {0};
    if (!credentials_read_basic(text, buffer, &key, &secret))
        return;
    TW_ASSERT(key.data >= buffer && secret.data == key.data + key.size + 1);
    TW_ASSERT(secret.data + secret.size <= buffer + sizeof buffer);
    TW_ASSERT(key.size == 0 || memchr(key.data, ':', key.size) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const account_entry defaults = {.cash = {TW_NANO}, .multiplier_max = 4};
    static const account_list none;
    static account_list list;
    tw_error error = {0};
    tw_slice text = {(const char *)data, size};
    if (size == 0)
        return 0;
    read_basic(text);
    if (account_list_parse("FILE", text, &defaults, &list, &error) != TW_OK) {
        TW_ASSERT(memcmp(&list, &none, sizeof list) == 0);
        TW_ASSERT(strncmp(error.message, "FILE:", 5) == 0);
        return 0;
    }
    TW_ASSERT(list.count >= 1 && list.count <= LEDGER_ACCOUNT_COUNT_MAX);
    for (uint32_t i = 0; i < list.count; i++)
        check_entry(&list, &list.entries[i]);
    return 0;
}
