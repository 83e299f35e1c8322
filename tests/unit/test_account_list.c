/* test_account_list.c - files of accounts, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "account_list.h"

static account_list list;
static tw_error error;

static const account_entry defaults = {.cash = {100000 * TW_NANO}, .multiplier_max = 4};

static tw_status parse(const char *text) {
    memset(&error, 0, sizeof error);
    memset(&list, 0x5a, sizeof list);
    return account_list_parse("FILE", tw_slice_of(text), &defaults, &list, &error);
}

static void a_line_is_an_account(void **state) {
    (void)state;
    assert_int_equal(parse("# who trades here\n"
                           "\n"
                           "PKALICE  s3cret#1  cash=250000.5 name=alice\r\n"
                           "  PK-BOB_2.x\t$:\"x\\ multiplier=2 shorting=no # bob\n"
                           "carol secret shorting=yes"),
                     TW_OK);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.entries[0].key, "PKALICE");
    assert_string_equal(list.entries[0].secret, "s3cret#1");
    assert_string_equal(list.entries[0].name, "alice");
    assert_int_equal(list.entries[0].cash.nano, INT64_C(250000500000000));
    assert_int_equal(list.entries[0].multiplier_max, 4);
    assert_false(list.entries[0].no_shorting);
    assert_string_equal(list.entries[1].key, "PK-BOB_2.x");
    assert_string_equal(list.entries[1].secret, "$:\"x\\");
    assert_string_equal(list.entries[1].name, "");
    assert_int_equal(list.entries[1].cash.nano, 100000 * TW_NANO);
    assert_int_equal(list.entries[1].multiplier_max, 2);
    assert_true(list.entries[1].no_shorting);
    assert_false(list.entries[2].no_shorting);
    assert_ptr_equal(account_list_find(&list, "carol"), &list.entries[2]);
    assert_null(account_list_find(&list, "caro"));
}

/* With its place, and without a word of the line, which may be a secret. */
static void what_is_wrong_is_told_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *text;
        tw_status status;
        const char *message;
    } cases[] = {
        {"", TW_PARSE, "FILE: there is no account"},
        {"# none\n", TW_PARSE, "FILE: there is no account"},
        {"a:b hidden", TW_PARSE,
         "FILE:1:1: expected a key of 1 to 63 letters, digits, \".\", \"-\" or \"_\""},
        {"key", TW_PARSE,
         "FILE:1:4: expected a secret of 1 to 63 visible characters behind the key"},
        {"key # secret", TW_PARSE,
         "FILE:1:5: expected a secret of 1 to 63 visible characters behind the key"},
        {"a s\nb s\n a hidden", TW_PARSE, "FILE:3:2: expected a key that no account before has"},
        {"key hidden hidden2", TW_PARSE,
         "FILE:1:12: expected cash=, multiplier=, shorting= or name="},
        {"key hidden cash=much", TW_PARSE,
         "FILE:1:12: expected an amount of money, like cash=25000"},
        {"key hidden cash=-1", TW_RANGE, "FILE:1:12: expected cash of 0 to 1000000000"},
        {"key hidden cash=1000000000.01", TW_RANGE, "FILE:1:12: expected cash of 0 to 1000000000"},
        {"key hidden multiplier=3", TW_RANGE, "FILE:1:12: expected multiplier=1, 2 or 4"},
        {"key hidden shorting=never", TW_PARSE, "FILE:1:12: expected shorting=yes or shorting=no"},
        {"key hidden name=", TW_PARSE,
         "FILE:1:12: expected a name of 1 to 63 letters, digits, \".\", \"-\" or \"_\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(cases[i].text), cases[i].status);
        assert_string_equal(error.message, cases[i].message);
        assert_null(memmem(&list, sizeof list, "hidden", 6));
    }
}

static void keys_accounts_and_bytes_are_bounded(void **state) {
    (void)state;
    static char text[ACCOUNT_LIST_SIZE_MAX + 2];
    size_t size = 0;
    memset(text, 'k', 64);
    snprintf(text + 64, 16, " s");
    assert_int_equal(parse(text), TW_PARSE);
    assert_int_equal(parse(text + 1), TW_OK);
    for (int i = 0; i <= LEDGER_ACCOUNT_COUNT_MAX; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "k%d s\n", i);
    assert_int_equal(parse(text), TW_RANGE);
    assert_string_equal(error.message, "FILE:65: there are at most 64 accounts");
    *strstr(text, "k64") = '\0';
    assert_int_equal(parse(text), TW_OK);
    assert_int_equal(list.count, LEDGER_ACCOUNT_COUNT_MAX);
    memset(text, '\n', ACCOUNT_LIST_SIZE_MAX + 1);
    assert_int_equal(parse(text), TW_RANGE);
    assert_string_equal(error.message, "FILE: a list of accounts has at most 65536 bytes");
}

static void a_file_that_others_may_read_is_refused(void **state) {
    (void)state;
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
    char path[] = "/tmp/tradewind-accounts-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "key hidden\n", 11), 11);
    assert_int_equal(account_list_read(path, &defaults, &list, &error), TW_OK);
    assert_string_equal(list.entries[0].secret, "hidden");
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_int_equal(fchmod(fd, open_modes[i]), 0);
        assert_int_equal(account_list_read(path, &defaults, &list, &error), TW_PERMISSION);
        assert_non_null(strstr(error.message, "has secrets and others may read it (mode 06"));
    }
    close(fd);
    unlink(path);
    assert_int_equal(account_list_read(path, &defaults, &list, &error), TW_NOT_FOUND);
    assert_int_equal(account_list_read("/tmp", &defaults, &list, &error), TW_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_an_account),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(keys_accounts_and_bytes_are_bounded),
        cmocka_unit_test(a_file_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
