/* json_writer.c - see json_writer.h. */
#include "json_writer.h"

#include <inttypes.h>
#include <stdio.h>

#include "output_file.h"
#include "tradewind/decimal.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

enum { PIECE_SIZE = 2048, DATE_SIZE = 10 };

static void put(const json_writer *writer, const tw_text *text) {
    TW_ASSERT(!text->truncated);
    fwrite(text->data, 1, text->size, writer->stream);
}

static void put_key(json_writer *writer, const char *key) {
    char memory[PIECE_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    TW_ASSERT((key != NULL) == (writer->ends[writer->depth - 1] == '}'));
    if (!writer->first)
        tw_text_append_char(&text, ',');
    writer->first = false;
    if (key != NULL) {
        tw_text_append_json(&text, tw_slice_of(key));
        tw_text_append_char(&text, ':');
    }
    put(writer, &text);
}

json_writer json_writer_into(FILE *stream) {
    fputc('{', stream);
    return (json_writer){.stream = stream, .ends = {'}'}, .depth = 1, .first = true};
}

json_writer json_writer_begin(void) {
    return json_writer_into(stdout);
}

tw_status json_writer_end(json_writer *writer, tw_error *error) {
    TW_ASSERT(writer->depth == 1);
    fputs("}\n", writer->stream);
    return writer->stream == stdout ? output_printed(error) : TW_OK;
}

void json_open(json_writer *writer, const char *key, char kind) {
    TW_ASSERT(writer->depth < JSON_DEPTH_MAX);
    put_key(writer, key);
    fputc(kind, writer->stream);
    writer->ends[writer->depth++] = kind == '{' ? '}' : ']';
    writer->first = true;
}

void json_close(json_writer *writer) {
    TW_ASSERT(writer->depth > 1);
    fputc(writer->ends[--writer->depth], writer->stream);
    writer->first = false;
}

void json_number(json_writer *writer, const char *key, double value) {
    char memory[PIECE_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    put_key(writer, key);
    tw_text_append_double(&text, value);
    put(writer, &text);
}

void json_count(json_writer *writer, const char *key, uint64_t value) {
    put_key(writer, key);
    fprintf(writer->stream, "%" PRIu64, value);
}

void json_flag(json_writer *writer, const char *key, bool value) {
    put_key(writer, key);
    fputs(value ? "true" : "false", writer->stream);
}

void json_text(json_writer *writer, const char *key, const char *value) {
    char memory[PIECE_SIZE];
    tw_text text = tw_text_over(memory, sizeof memory);
    put_key(writer, key);
    tw_text_append_json(&text, tw_slice_of(value));
    put(writer, &text);
}

void json_decimal(json_writer *writer, const char *key, int64_t nano) {
    char number[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, number);
    json_text(writer, key, number);
}

void json_date(json_writer *writer, const char *key, int64_t time_ns) {
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 0, time);
    time[DATE_SIZE] = '\0';
    json_text(writer, key, time);
}

void json_time(json_writer *writer, const char *key, int64_t time_ns) {
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(time_ns, 9, time);
    json_text(writer, key, time);
}
