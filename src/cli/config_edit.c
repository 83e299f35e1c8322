/*
 * config_edit.c - see config_edit.h.
 *
 * Idea: the text is walked line by line as config_file.c reads it (headings, and keys that go on
 * with a dot), but only places are kept: where the value stands, or where a new line belongs. Then
 * the text is copied in two pieces around it. What is no line of a configuration file is passed
 * over: whoever reads the outcome refuses it.
 */
#include "config_edit.h"

#include <stdio.h>
#include <string.h>

#include "config_line.h"

enum { LINE_EXTRA = 16 }; /* " = ", brackets and ends of lines */

typedef struct search {
    const config_change *change;
    tw_slice heading;    /* of the lines at hand */
    uint64_t line;       /* 1-based */
    uint64_t found_line; /* 0: not yet */
    tw_slice value;      /* of the line that was found, with its quotes */
    const char *behind;  /* the end of the last line under the heading; NULL: there is none */
    bool crlf;           /* lines end so */
} search;

size_t config_edit_room(const config_change *changes, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += 2 * strlen(changes[i].section) + strlen(changes[i].name) +
                strlen(changes[i].value) + LINE_EXTRA;
    return size;
}

/* Takes the next line with its end off `rest`. */
static tw_slice take_line(tw_slice *rest) {
    const char *end = memchr(rest->data, '\n', rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data) + 1;
    tw_slice line = {rest->data, size};
    *rest = (tw_slice){rest->data + size, rest->size - size};
    return line;
}

/* From its first quote to its last. */
static tw_slice quoted(tw_slice text) {
    for (size_t i = 1; i < text.size; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            return (tw_slice){text.data, i + 1};
    }
    return text;
}

/* Whether heading and key name the setting: [run] slow, or run.slow under no heading. */
static bool is_wanted(const search *find, tw_slice key) {
    tw_slice section = tw_slice_of(find->change->section);
    tw_slice name = tw_slice_of(find->change->name);
    if (tw_slice_equal(find->heading, section))
        return tw_slice_equal(key, name);
    return find->heading.size == 0 && key.size == section.size + 1 + name.size &&
           tw_slice_starts_with(key, find->change->section) && key.data[section.size] == '.' &&
           memcmp(key.data + section.size + 1, name.data, name.size) == 0;
}

static void take_heading(search *find, tw_slice line) {
    line = config_without_comment(line);
    size_t size = line.size > 1 && line.data[line.size - 1] == ']' ? line.size - 2 : 0;
    find->heading = tw_slice_trim((tw_slice){line.data + 1, size});
}

static tw_status take_setting(search *find, tw_slice line, tw_error *error) {
    tw_slice value = line;
    tw_slice key = tw_slice_trim(tw_slice_split(&value, '='));
    if (value.data == NULL || !is_wanted(find, key))
        return TW_OK;
    if (find->found_line != 0)
        return tw_error_set(error, TW_EXISTS, "%s.%s is set twice, on line %llu and on line %llu",
                            find->change->section, find->change->name,
                            (unsigned long long)find->found_line, (unsigned long long)find->line);
    value = tw_slice_trim(value);
    find->found_line = find->line;
    find->value =
        value.size > 0 && value.data[0] == '"' ? quoted(value) : config_without_comment(value);
    return TW_OK;
}

static tw_status walk(search *find, tw_slice file, tw_error *error) {
    tw_status status = TW_OK;
    tw_slice rest = file;
    if (tw_slice_starts_with(rest, "\xEF\xBB\xBF"))
        rest = (tw_slice){rest.data + 3, rest.size - 3};
    while (rest.size > 0 && status == TW_OK) {
        tw_slice whole = take_line(&rest);
        tw_slice line = tw_slice_trim(whole);
        find->line++;
        if (find->line == 1)
            find->crlf = whole.size > 1 && memcmp(whole.data + whole.size - 2, "\r\n", 2) == 0;
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (line.data[0] == '[')
            take_heading(find, line);
        else
            status = take_setting(find, line, error);
        if (tw_slice_equal_string(find->heading, find->change->section))
            find->behind = whole.data + whole.size;
    }
    return status;
}

static void append_span(tw_text *text, const char *from, const char *to) {
    tw_text_append(text, (tw_slice){from, (size_t)(to - from)});
}

static void keep_old(config_change *change, tw_slice value) {
    if (value.size > 1 && value.data[0] == '"')
        value = (tw_slice){value.data + 1, value.size - 2};
    size_t size = value.size < CONFIG_EDIT_OLD_SIZE ? value.size : CONFIG_EDIT_OLD_SIZE - 1;
    memcpy(change->old, value.data, size);
    change->old[size] = '\0';
}

/* A value that is empty stands at the end of its line, so what follows is kept all the same. */
static void replace(const search *find, tw_slice file, const char *value, tw_text *ret_text) {
    const char *end = file.data + file.size;
    append_span(ret_text, file.data, find->value.data);
    tw_text_append_string(ret_text, value);
    const char *behind = find->value.data + find->value.size;
    if (find->value.size == 0 && behind < end && *behind == '#')
        tw_text_append_char(ret_text, ' ');
    append_span(ret_text, behind, end);
}

static void insert(const search *find, tw_slice file, tw_text *ret_text) {
    const char *end = file.data + file.size;
    const char *behind = find->behind != NULL ? find->behind : end;
    const char *line_end = find->crlf ? "\r\n" : "\n";
    append_span(ret_text, file.data, behind);
    if (behind > file.data && behind[-1] != '\n')
        tw_text_append_string(ret_text, line_end);
    if (find->behind == NULL)
        tw_text_append_format(ret_text, "%s[%s]%s", file.size > 0 ? line_end : "",
                              find->change->section, line_end);
    tw_text_append_format(ret_text, "%s = %s%s", find->change->name, find->change->value, line_end);
    append_span(ret_text, behind, end);
}

tw_status config_edit(tw_slice file, config_change *change, tw_text *ret_text, tw_error *error) {
    search find = {.change = change, .heading = {"", 0}};
    change->old[0] = '\0';
    TW_ASSERT(file.data != NULL);
    if (memchr(file.data, 0, file.size) != NULL)
        return tw_error_set(error, TW_PARSE, "a NUL byte; expected a text file");
    tw_status status = walk(&find, file, error);
    if (status != TW_OK)
        return status;
    if (find.found_line != 0) {
        keep_old(change, find.value);
        replace(&find, file, change->value, ret_text);
    } else {
        insert(&find, file, ret_text);
    }
    TW_ASSERT(!ret_text->truncated);
    return TW_OK;
}
