/* book_rows.c - see book_rows.h. */
#include "book_rows.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 65536, SYMBOL_COUNT_MAX = 65536, ROW_HEAD_SIZE = 64, HEADING_SIZE = 80 };

static tw_status into_file(void *context, tw_slice bytes, tw_error *error) {
    return output_file_write(context, bytes, error);
}

static tw_status put_header(book_rows *rows, tw_error *error) {
    char memory[HEADING_SIZE];
    tw_status status = output_file_write(rows->out, tw_slice_of("ts_ns,symbol"), error);
    for (uint32_t i = 1; i <= rows->level_count && status == TW_OK; i++) {
        tw_text text = tw_text_over(memory, sizeof memory);
        tw_text_append_format(&text, ",ask_price_%u,ask_size_%u,bid_price_%u,bid_size_%u", i, i, i,
                              i);
        TW_ASSERT(!text.truncated);
        status = output_file_write(rows->out, tw_text_slice(&text), error);
    }
    return status == TW_OK ? output_file_write(rows->out, tw_slice_of("\n"), error) : status;
}

tw_status book_rows_open(book_rows *rows, const book_replay *replay, uint32_t level_count,
                         output_file *out, tw_error *error) {
    *rows = (book_rows){.replay = replay,
                        .out = out,
                        .level_count = level_count,
                        .lobster = replay->config.format == TW_TAPE_LOBSTER_MESSAGES};
    rows->levels = calloc((size_t)level_count * 2, sizeof *rows->levels);
    if (rows->lobster) {
        const tw_tape_writer_config config = {.sink = into_file,
                                              .context = out,
                                              .format = TW_TAPE_LOBSTER_BOOK,
                                              .depth = level_count};
        tw_status status = tw_tape_writer_new(&config, &rows->writer, error);
        if (status != TW_OK)
            return status;
    } else {
        rows->text_capacity =
            BLOCK_SIZE + ROW_HEAD_SIZE + (size_t)level_count * 4 * (TW_DECIMAL_TEXT_SIZE + 1);
        rows->shown = calloc(SYMBOL_COUNT_MAX, sizeof(tw_level *));
        rows->text = malloc(rows->text_capacity);
    }
    if (rows->levels == NULL || (!rows->lobster && (rows->shown == NULL || rows->text == NULL)))
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %u levels", level_count);
    return rows->lobster ? TW_OK : put_header(rows, error);
}

void book_rows_close(book_rows *rows) {
    for (size_t i = 0; rows->shown != NULL && i < SYMBOL_COUNT_MAX; i++)
        free(rows->shown[i]);
    tw_tape_writer_free(rows->writer);
    free(rows->shown);
    free(rows->levels);
    free(rows->text);
    *rows = (book_rows){0};
}

/* ---- The general form ---------------------------------------------------------------------- */

static tw_status write_out(book_rows *rows, tw_error *error) {
    tw_status status = output_file_write(rows->out, (tw_slice){rows->text, rows->text_size}, error);
    rows->text_size = 0;
    return status;
}

static size_t put_place(char *at, const tw_level *level) {
    bool empty = level->quantity.nano == 0;
    size_t size = 0;
    at[size++] = ',';
    if (!empty)
        size += tw_decimal_format(level->price.nano, at + size);
    at[size++] = ',';
    if (!empty)
        size += tw_decimal_format(level->quantity.nano, at + size);
    return size;
}

static tw_status put_row(book_rows *rows, const book_step *step, tw_error *error) {
    char *at = rows->text + rows->text_size;
    tw_text head = tw_text_over(at, ROW_HEAD_SIZE);
    tw_text_append_i64(&head, step->time_ns);
    tw_text_append_char(&head, ',');
    tw_text_append_string(&head, tw_symbols_name(rows->replay->symbols, step->symbol));
    TW_ASSERT(!head.truncated);
    at += tw_text_slice(&head).size;
    for (uint32_t i = 0; i < rows->level_count; i++) {
        at += put_place(at, &rows->levels[i]);
        at += put_place(at, &rows->levels[rows->level_count + i]);
    }
    *at++ = '\n';
    rows->text_size = (size_t)(at - rows->text);
    rows->row_count++;
    return rows->text_size >= BLOCK_SIZE ? write_out(rows, error) : TW_OK;
}

/* Whether the levels are others than in the symbol's last row; they are kept. */
static tw_status is_new(book_rows *rows, tw_symbol symbol, bool *ret_new, tw_error *error) {
    size_t count = (size_t)rows->level_count * 2;
    tw_level **shown = &rows->shown[symbol];
    *ret_new = false;
    if (*shown == NULL) {
        *shown = calloc(count, sizeof **shown);
        if (*shown == NULL)
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the rows");
    }
    for (size_t i = 0; i < count; i++) {
        tw_level *old = &(*shown)[i];
        const tw_level *level = &rows->levels[i];
        *ret_new |=
            old->price.nano != level->price.nano || old->quantity.nano != level->quantity.nano;
        *old = *level;
    }
    return TW_OK;
}

/* ---- Both ---------------------------------------------------------------------------------- */

static size_t fill(book_rows *rows, tw_symbol symbol, tw_side side, tw_level *levels) {
    size_t count = tw_book_depth(rows->replay->book, symbol, side, levels, rows->level_count);
    memset(levels + count, 0, (rows->level_count - count) * sizeof *levels);
    return count;
}

tw_status book_rows_put(book_rows *rows, const book_step *step, tw_error *error) {
    if (!step->whole)
        return TW_OK;
    tw_level *bids = rows->levels + rows->level_count;
    size_t ask_count = fill(rows, step->symbol, TW_SIDE_SELL, rows->levels);
    size_t bid_count = fill(rows, step->symbol, TW_SIDE_BUY, bids);
    if (rows->lobster) {
        rows->row_count++;
        return tw_tape_writer_put_book(rows->writer, rows->levels, ask_count, bids, bid_count,
                                       error);
    }
    bool has_news = false;
    tw_status status = is_new(rows, step->symbol, &has_news, error);
    return status == TW_OK && has_news ? put_row(rows, step, error) : status;
}

tw_status book_rows_flush(book_rows *rows, tw_error *error) {
    return rows->lobster ? tw_tape_writer_flush(rows->writer, error) : write_out(rows, error);
}
