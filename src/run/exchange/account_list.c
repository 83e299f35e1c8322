/* account_list.c - see account_list.h: a line is cut into words, each taken by the one before or
 * by its name. */
#include "account_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct list_line {
    const char *name;
    tw_slice text;
    tw_slice rest; /* behind the word being read */
    tw_slice word; /* empty at the end */
    uint64_t number;
    const account_list *list;
    tw_error *error;
} list_line;

/* ---- words --------------------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static void next_word(list_line *line) {
    const char *end = line->rest.data + line->rest.size;
    const char *begin = line->rest.data;
    while (begin < end && is_blank(*begin))
        begin++;
    if (begin < end && *begin == '#')
        end = begin;
    const char *behind = begin;
    while (behind < end && !is_blank(*behind))
        behind++;
    line->word = (tw_slice){begin, (size_t)(behind - begin)};
    line->rest = (tw_slice){behind, (size_t)(end - behind)};
}

/* What was expected is told, what stands there is not: it may be a secret. */
static tw_status bad(const list_line *line, tw_status status, const char *expected) {
    uint64_t column = (uint64_t)(line->word.data - line->text.data) + 1;
    return tw_error_set_at(line->error, status, line->name, line->number, column, "expected %s",
                           expected);
}

static bool is_key_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_visible(char c) {
    return c > ' ' && c < 0x7f;
}

/* A word of the characters that `fits` lets through, into LEDGER_KEY_SIZE bytes. */
static bool take_word(tw_slice word, bool (*fits)(char c), char *buffer) {
    for (size_t i = 0; i < word.size; i++)
        if (!fits(word.data[i]))
            return false;
    return word.size > 0 && tw_slice_copy(word, buffer, LEDGER_KEY_SIZE) == TW_OK;
}

/* ---- what differs from the rest ------------------------------------------------------------ */

static tw_status take_cash(const list_line *line, tw_slice value, account_entry *entry) {
    if (tw_decimal_parse(value, &entry->cash.nano) != TW_OK)
        return bad(line, TW_PARSE, "an amount of money, like cash=25000");
    if (entry->cash.nano < 0 || entry->cash.nano > ACCOUNT_CASH_NANO_MAX)
        return bad(line, TW_RANGE, "cash of 0 to 1000000000");
    return TW_OK;
}

static tw_status take_multiplier(const list_line *line, tw_slice value, account_entry *entry) {
    uint64_t multiplier = 0;
    if (tw_parse_u64(value, &multiplier) != TW_OK ||
        (multiplier != 1 && multiplier != 2 && multiplier != 4))
        return bad(line, TW_RANGE, "multiplier=1, 2 or 4");
    entry->multiplier_max = (int64_t)multiplier;
    return TW_OK;
}

static tw_status take_shorting(const list_line *line, tw_slice value, account_entry *entry) {
    entry->no_shorting = tw_slice_equal_string(value, "no");
    if (!entry->no_shorting && !tw_slice_equal_string(value, "yes"))
        return bad(line, TW_PARSE, "shorting=yes or shorting=no");
    return TW_OK;
}

static tw_status take_name(const list_line *line, tw_slice value, account_entry *entry) {
    if (!take_word(value, is_key_char, entry->name))
        return bad(line, TW_PARSE, "a name of 1 to 63 letters, digits, \".\", \"-\" or \"_\"");
    return TW_OK;
}

static tw_status take_setting(const list_line *line, account_entry *entry) {
    static const struct {
        const char *name;
        tw_status (*take)(const list_line *line, tw_slice value, account_entry *entry);
    } settings[] = {{"cash", take_cash},
                    {"multiplier", take_multiplier},
                    {"shorting", take_shorting},
                    {"name", take_name}};
    tw_slice value = line->word;
    tw_slice name = tw_slice_split(&value, '=');
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (tw_slice_equal_string(name, settings[i].name))
            return settings[i].take(line, value, entry);
    return bad(line, TW_PARSE, "cash=, multiplier=, shorting= or name=");
}

/* ---- a line -------------------------------------------------------------------------------- */

static tw_status take_entry(list_line *line, account_entry *entry) {
    if (!take_word(line->word, is_key_char, entry->key))
        return bad(line, TW_PARSE, "a key of 1 to 63 letters, digits, \".\", \"-\" or \"_\"");
    if (account_list_find(line->list, entry->key) != NULL)
        return bad(line, TW_PARSE, "a key that no account before has");
    next_word(line);
    if (!take_word(line->word, is_visible, entry->secret))
        return bad(line, TW_PARSE, "a secret of 1 to 63 visible characters behind the key");
    tw_status status = TW_OK;
    next_word(line);
    for (; status == TW_OK && line->word.size > 0; next_word(line))
        status = take_setting(line, entry);
    return status;
}

static tw_status take_line(list_line *line, const account_entry *defaults, account_list *list) {
    line->rest = line->text;
    next_word(line);
    if (line->word.size == 0)
        return TW_OK;
    if (list->count == LEDGER_ACCOUNT_COUNT_MAX)
        return tw_error_set_at(line->error, TW_RANGE, line->name, line->number, 0,
                               "there are at most %d accounts", LEDGER_ACCOUNT_COUNT_MAX);
    account_entry *entry = &list->entries[list->count];
    *entry = *defaults;
    tw_status status = take_entry(line, entry);
    list->count += status == TW_OK;
    return status;
}

/* ---- the list ------------------------------------------------------------------------------ */

tw_status account_list_parse(const char *name, tw_slice text, const account_entry *defaults,
                             account_list *ret_list, tw_error *error) {
    list_line line = {.name = name, .list = ret_list, .error = error};
    ret_list->count = 0;
    if (text.size > ACCOUNT_LIST_SIZE_MAX)
        return tw_error_set_at(error, TW_RANGE, name, 0, 0,
                               "a list of accounts has at most %d bytes", ACCOUNT_LIST_SIZE_MAX);
    tw_status status = TW_OK;
    while (status == TW_OK && text.data != NULL) {
        line.text = tw_slice_split(&text, '\n');
        line.number++;
        status = take_line(&line, defaults, ret_list);
    }
    if (status == TW_OK && ret_list->count == 0)
        status = tw_error_set_at(error, TW_PARSE, name, 0, 0, "there is no account");
    if (status != TW_OK)
        account_list_wipe(ret_list);
    return status;
}

/* The file that is open must be one, and its owner's alone. */
static tw_status check_file(int fd, const char *path, tw_error *error) {
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return tw_error_set_errno(error, errno, "cannot read %s", path);
    if (!S_ISREG(facts.st_mode))
        return tw_error_set(error, TW_INVALID, "%s: it is not a file", path);
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return tw_error_set(error, TW_PERMISSION,
                            "%s has secrets and others may read it (mode %04o): chmod 600 it", path,
                            (unsigned)(facts.st_mode & 07777));
    return TW_OK;
}

/* Reads up to the end or to one byte more than a list may have. */
static tw_status read_text(int fd, const char *path, char *memory, size_t *ret_size,
                           tw_error *error) {
    size_t size = 0;
    ssize_t count = 1;
    while (count > 0 && size <= ACCOUNT_LIST_SIZE_MAX) {
        count = read(fd, memory + size, ACCOUNT_LIST_SIZE_MAX + 1 - size);
        size += count > 0 ? (size_t)count : 0;
    }
    *ret_size = size;
    return count < 0 ? tw_error_set_errno(error, errno, "cannot read %s", path) : TW_OK;
}

tw_status account_list_read(const char *path, const account_entry *defaults, account_list *ret_list,
                            tw_error *error) {
    const tw_allocator *allocator = tw_allocator_system();
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    char *text = TW_NEW(allocator, ACCOUNT_LIST_SIZE_MAX + 1, char);
    tw_status status = text == NULL
                           ? tw_error_set(error, TW_NO_MEMORY, "no memory to read %s", path)
                           : check_file(fd, path, error);
    if (status == TW_OK)
        status = read_text(fd, path, text, &size, error);
    if (status == TW_OK)
        status = account_list_parse(path, (tw_slice){text, size}, defaults, ret_list, error);
    if (text != NULL)
        explicit_bzero(text, ACCOUNT_LIST_SIZE_MAX + 1);
    TW_DELETE(allocator, text, ACCOUNT_LIST_SIZE_MAX + 1, char);
    close(fd);
    return status;
}

const account_entry *account_list_find(const account_list *list, const char *key) {
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].key, key) == 0)
            return &list->entries[i];
    return NULL;
}

void account_list_wipe(account_list *list) {
    explicit_bzero(list, sizeof *list);
}
