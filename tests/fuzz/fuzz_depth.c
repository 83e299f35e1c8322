/*
 * fuzz_depth.c - any bytes as a recorded feed by level, and any feed for a synchroniser.
 *
 * The first byte chooses: Kraken's or Binance's lines, given through a memory file so that the real
 * reader is what runs, and on into a synchroniser; or the rest of the bytes are the faults of a
 * feed beside the obvious slow synchroniser and the venue's own book (see book_sync_model.h).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "book_sync_model.h"
#include "tradewind/tape_messages.h"

#define SYMBOLS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool goes_on(tw_status status) {
    return status == TW_OK || status == TW_PARSE || status == TW_RANGE || status == TW_FULL;
}

/* What the header promises of a message, whatever the line was. */
static void check_message(const tw_tape_message *message, const tw_symbols *symbols) {
    const tw_depth_update *update = &message->depth;
    TW_ASSERT(message->time_ns >= 0);
    if (message->kind != TW_TAPE_MESSAGE_DEPTH) {
        TW_ASSERT(update->levels == NULL && update->level_count == 0);
        return;
    }
    TW_ASSERT(update->symbol < tw_symbols_count(symbols));
    TW_ASSERT(update->first_id <= update->last_id);
    for (size_t i = 0; i < update->level_count; i++) {
        const tw_level *level = &update->levels[i];
        TW_ASSERT(level->symbol == update->symbol && level->time_ns >= 0);
        TW_ASSERT(level->price.nano > 0 && level->quantity.nano >= 0);
        TW_ASSERT(level->side == TW_SIDE_BUY || level->side == TW_SIDE_SELL);
        TW_ASSERT((level->last == 1) == (i + 1 == update->level_count));
    }
}

/* Every line gives one answer at most. A line that is too long is PARSE again and again. */
static void read_feed(const char *path, tw_tape_format format, tw_book_sync *sync) {
    tw_symbols *symbols = NULL;
    TW_ASSERT(tw_symbols_new(NULL, SYMBOLS, &symbols) == TW_OK);
    tw_tape_config config = {
        .path = path, .symbols = symbols, .line_size_max = 4096, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    tw_status status = tw_tape_open(&config, &tape, &error);
    uint64_t line = 0;
    for (int standstill = 0; status == TW_OK && standstill < 3;) {
        tw_tape_message message;
        tw_status next = tw_tape_next_message(tape, &message, &error);
        if (!goes_on(next))
            break;
        if (next == TW_OK) {
            check_message(&message, symbols);
            if (message.kind == TW_TAPE_MESSAGE_DEPTH)
                (void)!tw_book_sync_apply(sync, &message.depth, NULL);
        } else {
            TW_ASSERT(error.status == next && error.message[0] != 0);
        }
        standstill = tw_tape_tell(tape).line == line ? standstill + 1 : 0;
        line = tw_tape_tell(tape).line;
    }
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

static void run_reader(const uint8_t *data, size_t size, tw_tape_format format) {
    int fd = memfd_create("depth", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const tw_book_config books = {.symbol_count_max = SYMBOLS, .level_count_max = 12};
    const tw_book_sync_config config = {
        .symbol_count_max = SYMBOLS, .update_count_max = 4, .level_count_max = 16};
    tw_book *book = NULL;
    tw_book_sync *sync = NULL;
    TW_ASSERT(tw_book_new(NULL, &books, &book) == TW_OK);
    TW_ASSERT(tw_book_sync_new(NULL, &config, book, &sync) == TW_OK);
    read_feed(path, format, sync);
    tw_book_sync_check(sync);
    tw_book_check(book);
    tw_book_sync_free(sync);
    tw_book_free(book);
    close(fd);
}

static void run_model(const uint8_t *data, size_t size, size_t choice) {
    sm_model *model = malloc(sizeof *model);
    TW_ASSERT(model != NULL);
    (void)sm_run(model, &sm_configs[choice % SM_CONFIG_COUNT], data, size < 8192 ? size : 8192);
    free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    if (data[0] == 'K')
        run_reader(data + 1, size - 1, TW_TAPE_KRAKEN);
    else if (data[0] == 'B')
        run_reader(data + 1, size - 1, TW_TAPE_BINANCE);
    else
        run_model(data + 1, size - 1, data[0]);
    return 0;
}
