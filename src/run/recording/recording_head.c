/* recording_head.c - see recording_head.h. */
#include "recording_head.h"

#include <string.h>

#include "hex.h"
#include "recording_items.h"
#include "recording_settings.h"
#include "tradewind/time.h"
#include "tradewind/zone.h"

enum {
    LAYOUT_SIZE = 256,
    SETTING_SIZE = 512,
    NUMBER_SIZE = 40,
    SYMBOL_COUNT_MAX = 65536,
    ZONE_SIZE_MAX = 32768
};

static const char TITLE[] = "tradewind-recording";

/* ---- writing ------------------------------------------------------------------------------- */

size_t head_size_max(const tw_symbols *symbols, const head_origin *origin) {
    size_t settings = settings_count() * SETTING_SIZE;
    size_t names = tw_symbols_count(symbols) * (size_t)(16 + TW_SYMBOL_NAME_SIZE + NUMBER_SIZE);
    return HEAD_DATABASE_SIZE + LAYOUT_SIZE + HEAD_STRATEGY_SIZE + 256 + settings + names +
           2 * origin->zone.size;
}

static void append_line(tw_text *text, const char *key, const char *value) {
    tw_text_append_format(text, "%s %.*s\n", key, (int)strcspn(value, "\n"), value);
}

static void write_zone(tw_slice zone, tw_text *text) {
    if (zone.size == 0)
        return;
    tw_text_append_string(text, "zone ");
    for (size_t i = 0; i < zone.size; i++)
        tw_text_append_format(text, "%02x", (unsigned)(unsigned char)zone.data[i]);
    tw_text_append_char(text, '\n');
}

static void write_symbols(const tw_engine_config *config, const tw_symbols *symbols,
                          tw_text *text) {
    uint32_t count = tw_symbols_count(symbols);
    tw_text_append_format(text, "symbols %u\n", count);
    for (tw_symbol s = 0; s < count; s++) {
        tw_text_append_format(text, "symbol %s", tw_symbols_name(symbols, s));
        if (config->target_weights != NULL && s < config->symbol_count) {
            tw_text_append_char(text, ' ');
            tw_text_append_double(text, config->target_weights[s]);
        }
        tw_text_append_char(text, '\n');
    }
}

void head_write(const tw_engine_config *config, const tw_symbols *symbols,
                const head_origin *origin, tw_text *text) {
    char layout[LAYOUT_SIZE];
    char began[TW_TIME_TEXT_SIZE];
    tw_time_format(origin->began_ns, 9, began);
    item_layout(layout, sizeof layout);
    tw_text_append_format(text, "%s %d\n", TITLE, HEAD_VERSION);
    append_line(text, "program", origin->program);
    append_line(text, "began", began);
    if (origin->database != NULL && strlen(origin->database) < HEAD_DATABASE_SIZE)
        append_line(text, "database", origin->database);
    append_line(text, "layout", layout);
    for (size_t i = 0; i < settings_count(); i++) {
        tw_text_append_format(text, "setting %s ", settings_name(i));
        settings_write(config, i, text);
        tw_text_append_char(text, '\n');
    }
    if (config->port.name != NULL)
        append_line(text, "strategy", config->port.name);
    write_zone(origin->zone, text);
    write_symbols(config, symbols, text);
    TW_ASSERT(!text->truncated);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct head_reader {
    const tw_allocator *allocator;
    const char *name;
    recording_head *head;
    uint64_t line;
    uint32_t settings;
    uint32_t symbols; /* read so far */
    bool weighted;
} head_reader;

static tw_status bad_line(const head_reader *reader, tw_slice line, tw_error *error) {
    return tw_error_set(error, TW_CORRUPT, "%s: line %llu of its head is not understood: \"%.*s\"",
                        reader->name, (unsigned long long)reader->line,
                        (int)(line.size < 80 ? line.size : 80), line.data);
}

static tw_status read_title(const head_reader *reader, tw_slice line, tw_error *error) {
    tw_slice rest = line;
    uint64_t version = 0;
    if (!tw_slice_equal_string(tw_slice_split(&rest, ' '), TITLE) ||
        tw_parse_u64(rest, &version) != TW_OK || version == 0)
        return bad_line(reader, line, error);
    if (version > HEAD_VERSION)
        return tw_error_set(error, TW_VERSION,
                            "%s is a recording of version %llu; this program reads up to %d",
                            reader->name, (unsigned long long)version, HEAD_VERSION);
    return TW_OK;
}

static tw_status check_layout(const head_reader *reader, tw_slice told, tw_error *error) {
    char layout[LAYOUT_SIZE];
    item_layout(layout, sizeof layout);
    if (tw_slice_equal_string(told, layout))
        return TW_OK;
    return tw_error_set(error, TW_VERSION,
                        "%s was recorded by version %s, whose events have other sizes (%.*s) than "
                        "here (%s): replay it with that version",
                        reader->name, reader->head->program, (int)told.size, told.data, layout);
}

static tw_status read_setting(head_reader *reader, tw_slice rest, tw_error *error) {
    tw_slice name = tw_slice_split(&rest, ' ');
    tw_error cause = {0};
    tw_status status = settings_read(&reader->head->config, name, rest, &cause);
    if (status == TW_NOT_FOUND) {
        reader->head->settings_unknown++;
        return TW_OK;
    }
    reader->settings++;
    if (status == TW_OK)
        return TW_OK;
    return tw_error_set(error, TW_CORRUPT, "%s: line %llu of its head: %s", reader->name,
                        (unsigned long long)reader->line, cause.message);
}

static tw_status take_symbols(head_reader *reader, tw_slice rest, tw_slice line, tw_error *error) {
    recording_head *head = reader->head;
    uint64_t count = 0;
    if (tw_parse_u64(rest, &count) != TW_OK || count == 0 || count > SYMBOL_COUNT_MAX ||
        head->symbols != NULL || count < head->config.symbol_count)
        return bad_line(reader, line, error);
    head->symbol_count = (uint32_t)count;
    head->weights = TW_NEW(reader->allocator, (size_t)count, double);
    tw_status status = tw_symbols_new(reader->allocator, (uint32_t)count, &head->symbols);
    if (head->weights == NULL || status != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the symbols of %s", reader->name);
    return TW_OK;
}

static tw_status read_symbol(head_reader *reader, tw_slice rest, tw_slice line, tw_error *error) {
    recording_head *head = reader->head;
    tw_symbol symbol = 0;
    tw_slice name = tw_slice_split(&rest, ' ');
    if (head->symbols == NULL || reader->symbols == head->symbol_count ||
        tw_symbols_intern(head->symbols, name, &symbol) != TW_OK || symbol != reader->symbols)
        return bad_line(reader, line, error);
    if (rest.size > 0) {
        reader->weighted = true;
        if (tw_parse_double(rest, &head->weights[symbol]) != TW_OK)
            return bad_line(reader, line, error);
    }
    reader->symbols++;
    return TW_OK;
}

static tw_status read_zone(head_reader *reader, tw_slice rest, tw_slice line, tw_error *error) {
    char bytes[ZONE_SIZE_MAX];
    size_t size = rest.size / 2;
    if (rest.size % 2 != 0 || size > sizeof bytes || reader->head->zone != NULL)
        return bad_line(reader, line, error);
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(rest.data[2 * i]);
        int low = hex_digit(rest.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return bad_line(reader, line, error);
        bytes[i] = (char)(high << 4 | low);
    }
    tw_error cause = {0};
    tw_status status =
        tw_zone_new(reader->allocator, (tw_slice){bytes, size}, &reader->head->zone, &cause);
    return status == TW_OK || status == TW_NO_MEMORY ? status : bad_line(reader, line, error);
}

static tw_status read_line(head_reader *reader, tw_slice line, tw_error *error) {
    recording_head *head = reader->head;
    tw_slice rest = line;
    tw_slice key = tw_slice_split(&rest, ' ');
    tw_status status = TW_OK;
    if (tw_slice_equal_string(key, "setting"))
        return read_setting(reader, rest, error);
    if (tw_slice_equal_string(key, "symbols"))
        return take_symbols(reader, rest, line, error);
    if (tw_slice_equal_string(key, "symbol"))
        return read_symbol(reader, rest, line, error);
    if (tw_slice_equal_string(key, "zone"))
        return read_zone(reader, rest, line, error);
    if (tw_slice_equal_string(key, "layout"))
        return check_layout(reader, rest, error);
    if (tw_slice_equal_string(key, "program"))
        status = tw_slice_copy(rest, head->program, sizeof head->program);
    else if (tw_slice_equal_string(key, "strategy"))
        status = tw_slice_copy(rest, head->strategy, sizeof head->strategy);
    else if (tw_slice_equal_string(key, "database"))
        status = tw_slice_copy(rest, head->database, sizeof head->database);
    else if (tw_slice_equal_string(key, "began"))
        status = tw_time_parse(rest, &head->began_ns);
    return status == TW_OK ? TW_OK : bad_line(reader, line, error);
}

/* What the engine is made from, and nothing that only the recording process had. */
static void finish(head_reader *reader) {
    recording_head *head = reader->head;
    head->config.zone = head->zone;
    head->config.target_weights = reader->weighted ? head->weights : NULL;
    head->settings_missing = (uint32_t)settings_count() - reader->settings;
}

tw_status head_read(const tw_allocator *allocator, const char *name, tw_slice text,
                    recording_head *ret_head, tw_error *error) {
    head_reader reader = {.allocator = allocator, .name = name, .head = ret_head};
    *ret_head = (recording_head){0};
    tw_slice rest = text;
    tw_status status = TW_OK;
    while (status == TW_OK && rest.size > 0) {
        tw_slice line = tw_slice_split(&rest, '\n');
        reader.line++;
        status =
            reader.line == 1 ? read_title(&reader, line, error) : read_line(&reader, line, error);
    }
    if (status != TW_OK)
        return status;
    if (ret_head->symbols == NULL || reader.symbols != ret_head->symbol_count ||
        ret_head->config.symbol_count > ret_head->symbol_count ||
        reader.settings > settings_count())
        return tw_error_set(error, TW_CORRUPT, "%s: its head is not complete", name);
    finish(&reader);
    return TW_OK;
}

void head_done(const tw_allocator *allocator, recording_head *head) {
    tw_zone_free(head->zone);
    tw_symbols_free(head->symbols);
    TW_DELETE(allocator, head->weights, head->symbol_count, double);
    *head = (recording_head){0};
}
