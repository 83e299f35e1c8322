/*
 * config_file.c - settings out of files.
 *
 * Idea: a reader walks the file setting by setting and knows nothing of tables; a table collects
 * the settings of its section as values on the stack and writes them to the target when the last
 * line was good.
 *
 * Invariants:
 *  1. A file with a fault anywhere changes nothing.
 *  2. Every message begins with file and line.
 *  3. A secret is taken only from a file that nobody but its owner may read.
 */
#include "config_line.h"
#include "config_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- lines ----------------------------------------------------------------------------- */

typedef struct line_reader {
    FILE *file;
    const char *path;
    uint64_t line;
    tw_error *error;
    char bytes[TW_CONFIG_LINE_SIZE];
    char unquoted[TW_CONFIG_LINE_SIZE];
    char heading[TW_CONFIG_LINE_SIZE];     /* of the lines that follow, NUL-terminated */
    char section[TW_CONFIG_LINE_SIZE * 2]; /* of the setting that was read last */
} line_reader;

/* One line `key = value`. The slices are good until the next line is read. */
typedef struct file_setting {
    const char *section; /* empty before any heading */
    tw_slice name;
    tw_slice value;
} file_setting;

static tw_status bad_line(line_reader *reader, const char *sentence) {
    return tw_error_set_at(reader->error, TW_PARSE, reader->path, reader->line, 0, "%s", sentence);
}

/* Reads the next line without its end. TW_EMPTY at the end of the file. */
static tw_status next_line(line_reader *reader, tw_slice *ret_line) {
    size_t size = 0;
    int c = getc(reader->file);
    if (c == EOF && !ferror(reader->file))
        return TW_EMPTY;
    reader->line++;
    for (; c != EOF && c != '\n'; c = getc(reader->file)) {
        if (c == 0)
            return bad_line(reader, "a NUL byte; expected a text file");
        if (size == TW_CONFIG_LINE_SIZE)
            return tw_error_set_at(reader->error, TW_PARSE, reader->path, reader->line, 0,
                                   "the line is longer than %d bytes", TW_CONFIG_LINE_SIZE);
        reader->bytes[size++] = (char)c;
    }
    if (ferror(reader->file))
        return tw_error_set_errno(reader->error, errno, "cannot read %s", reader->path);
    *ret_line = (tw_slice){reader->bytes, size};
    if (reader->line == 1 && tw_slice_starts_with(*ret_line, "\xEF\xBB\xBF"))
        *ret_line = (tw_slice){reader->bytes + 3, size - 3};
    return TW_OK;
}

static bool is_name(tw_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && c != '-' && c != '_' && c != '.')
            return false;
    }
    return text.size > 0 && text.data[0] != '.' && text.data[text.size - 1] != '.';
}

static tw_status take_heading(line_reader *reader, tw_slice line) {
    line = config_without_comment(line);
    tw_slice name = {line.data + 1, line.size - 1};
    bool closed = name.size > 0 && name.data[name.size - 1] == ']';
    if (closed)
        name = tw_slice_trim((tw_slice){name.data, name.size - 1});
    if (!closed || !is_name(name))
        return bad_line(reader, "expected a heading like [engine]");
    tw_status status = tw_slice_copy(name, reader->heading, sizeof reader->heading);
    TW_ASSERT(status == TW_OK); /* the line had its brackets besides */
    return TW_OK;
}

/* Reads a quoted value: `"a \"b\" c" # note`. */
static tw_status unquote(line_reader *reader, tw_slice text, tw_slice *ret_value) {
    size_t size = 0;
    size_t i = 1;
    for (; i < text.size && text.data[i] != '"'; i++) {
        char c = text.data[i];
        if (c == '\\') {
            c = ++i < text.size ? text.data[i] : 0;
            if (c != '"' && c != '\\')
                return bad_line(reader, "only \\\" and \\\\ may follow a backslash in quotes");
        }
        reader->unquoted[size++] = c;
    }
    if (i >= text.size)
        return bad_line(reader, "the closing quote is missing");
    tw_slice rest = {text.data + i + 1, text.size - i - 1};
    if (rest.size > 0 && rest.data[0] != ' ' && rest.data[0] != '\t')
        return bad_line(reader, "unexpected text after the closing quote");
    if (config_without_comment(rest).size > 0)
        return bad_line(reader, "unexpected text after the closing quote");
    *ret_value = (tw_slice){reader->unquoted, size};
    return TW_OK;
}

/* Splits "key = value". The key continues its heading: its last word is the name, all before it
 * the section. */
static tw_status take_setting(line_reader *reader, tw_slice line, file_setting *ret_setting) {
    tw_slice after = line;
    tw_slice key = tw_slice_trim(tw_slice_split(&after, '='));
    if (after.data == NULL || !is_name(key))
        return bad_line(reader, "expected key = value");
    size_t name = key.size;
    while (name > 0 && key.data[name - 1] != '.')
        name--;
    tw_slice inner = {key.data, name > 0 ? name - 1 : 0};
    bool both = reader->heading[0] != 0 && inner.size > 0;
    snprintf(reader->section, sizeof reader->section, "%s%s%.*s", reader->heading, both ? "." : "",
             (int)inner.size, inner.data);
    ret_setting->section = reader->section;
    ret_setting->name = (tw_slice){key.data + name, key.size - name};
    after = tw_slice_trim(after);
    if (after.size > 0 && after.data[0] == '"')
        return unquote(reader, after, &ret_setting->value);
    ret_setting->value = config_without_comment(after);
    return TW_OK;
}

/* Goes on to the next setting of the file. TW_EMPTY after the last one. */
static tw_status next_setting(line_reader *reader, file_setting *ret_setting) {
    for (;;) {
        tw_slice line = {0};
        tw_status status = next_line(reader, &line);
        if (status != TW_OK)
            return status;
        line = tw_slice_trim(line);
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (line.data[0] != '[')
            return take_setting(reader, line, ret_setting);
        status = take_heading(reader, line);
        if (status != TW_OK)
            return status;
    }
}

static tw_status open_reader(line_reader *reader, const char *path, struct stat *ret_attributes,
                             tw_error *error) {
    reader->path = path;
    reader->error = error;
    reader->line = 0;
    reader->heading[0] = 0;
    reader->file = fopen(path, "re");
    if (reader->file == NULL)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    int result = fstat(fileno(reader->file), ret_attributes);
    if (result == 0 && !S_ISDIR(ret_attributes->st_mode))
        return TW_OK;
    tw_status status = result != 0
                           ? tw_error_set_errno(error, errno, "cannot examine %s", path)
                           : tw_error_set(error, TW_INVALID,
                                          "%s is a directory; expected a configuration file", path);
    fclose(reader->file);
    return status;
}

/* ---- one table's part of a file ---------------------------------------------------------- */

/* What a file says about one table, until it is known to be good. About 70 KB of stack. */
typedef struct table_findings {
    uint64_t lines[TW_CONFIG_OPTION_COUNT_MAX]; /* where each option was set; 0: not at all */
    tw_config_value values[TW_CONFIG_OPTION_COUNT_MAX];
    bool others_may_read;
} table_findings;

static bool is_anothers(const tw_config *config, tw_slice name) {
    for (size_t i = 0; i < config->other_count; i++)
        if (tw_slice_equal_string(name, config->others[i].name))
            return true;
    return false;
}

/* Checks one setting of our section and keeps its value. */
static tw_status find_setting(const tw_config *config, line_reader *reader,
                              const file_setting *setting, table_findings *findings) {
    char sentence[TW_CONFIG_SENTENCE_SIZE];
    size_t index = 0;
    if (!tw_config_find(config, setting->name, &index)) {
        if (is_anothers(config, setting->name))
            return TW_OK;
        tw_config_describe_unknown(config, setting->name, sentence);
        return tw_error_set_at(reader->error, TW_NOT_FOUND, reader->path, reader->line, 0, "%s",
                               sentence);
    }
    const tw_config_option *option = &config->options[index];
    if (findings->lines[index] != 0)
        return tw_error_set_at(reader->error, TW_EXISTS, reader->path, reader->line, 0,
                               "%s was set on line %llu already", option->name,
                               (unsigned long long)findings->lines[index]);
    if (option->type == TW_CONFIG_SECRET && findings->others_may_read)
        return tw_error_set_at(reader->error, TW_PERMISSION, reader->path, reader->line, 0,
                               "%s is a secret and others may read this file; run: chmod 600 %s",
                               option->name, reader->path);
    findings->values[index] = (tw_config_value){0};
    tw_status status = tw_config_value_parse(option, setting->value, &findings->values[index]);
    if (status != TW_OK) {
        tw_config_describe_bad_value(option, setting->value, status, sentence);
        return tw_error_set_at(reader->error, status, reader->path, reader->line, 0, "%s",
                               sentence);
    }
    findings->lines[index] = reader->line;
    return TW_OK;
}

tw_status tw_config_read_file(tw_config *config, const char *path, const char *section,
                              tw_error *error) {
    line_reader reader;
    table_findings findings;
    struct stat attributes;
    tw_status status = open_reader(&reader, path, &attributes, error);
    if (status != TW_OK)
        return status;
    memset(findings.lines, 0, sizeof findings.lines);
    findings.others_may_read = S_ISREG(attributes.st_mode) && (attributes.st_mode & 077) != 0;
    while (status == TW_OK) {
        file_setting setting;
        status = next_setting(&reader, &setting);
        if (status == TW_OK && strcmp(setting.section, section == NULL ? "" : section) == 0)
            status = find_setting(config, &reader, &setting, &findings);
    }
    fclose(reader.file);
    if (status != TW_EMPTY)
        return status;
    for (size_t i = 0; i < config->count; i++) {
        if (findings.lines[i] != 0)
            tw_config_value_write(config, i, &findings.values[i], TW_CONFIG_FROM_FILE);
    }
    return TW_OK;
}

/* Says which section is unknown and which one was perhaps meant. */
static tw_status unknown_section(line_reader *reader, const char *section, const char *const *known,
                                 size_t count) {
    const char *nearest = NULL;
    size_t least = strlen(section) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t distance = tw_slice_distance(tw_slice_of(known[i]), tw_slice_of(section));
        if (known[i][0] != 0 && distance < least) {
            least = distance;
            nearest = known[i];
        }
    }
    if (section[0] == 0)
        return tw_error_set_at(reader->error, TW_NOT_FOUND, reader->path, reader->line, 0,
                               "expected a heading like [%s] above this setting",
                               count > 0 ? known[0] : "engine");
    if (nearest == NULL)
        return tw_error_set_at(reader->error, TW_NOT_FOUND, reader->path, reader->line, 0,
                               "unknown section [%.*s]", TW_CONFIG_SHOWN_SIZE, section);
    return tw_error_set_at(reader->error, TW_NOT_FOUND, reader->path, reader->line, 0,
                           "unknown section [%.*s]; did you mean [%s]?", TW_CONFIG_SHOWN_SIZE,
                           section, nearest);
}

tw_status tw_config_check_sections(const char *path, const char *const *sections, size_t count,
                                   tw_error *error) {
    line_reader reader;
    struct stat attributes;
    tw_status status = open_reader(&reader, path, &attributes, error);
    if (status != TW_OK)
        return status;
    while (status == TW_OK) {
        file_setting setting;
        status = next_setting(&reader, &setting);
        bool known = false;
        for (size_t i = 0; status == TW_OK && i < count && !known; i++)
            known = strcmp(setting.section, sections[i]) == 0;
        if (status == TW_OK && !known)
            status = unknown_section(&reader, setting.section, sections, count);
    }
    fclose(reader.file);
    return status == TW_EMPTY ? TW_OK : status;
}
