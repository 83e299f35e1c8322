/*
 * fuzz_tape.c - any bytes as a tape of any format: no crash, no leak, always an end.
 *
 * The first byte picks the format; the rest is the file, given through a memory file so that the
 * real reader with its decompressors is what runs. Trades and bars are read many at a time too, and
 * that must agree with reading them one by one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tape_model.h"
#include "tradewind/tape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_status next(tw_tape *tape, tw_tape_format format, tw_error *error) {
    tw_order_event event;
    tw_level levels[2 * TW_TAPE_FIELD_COUNT_MAX / 4];
    const tw_slice *fields;
    size_t count;
    switch (format) {
    case TW_TAPE_ROWS:
        return tw_tape_next_row(tape, &fields, &count, error);
    case TW_TAPE_TRADES: /* these two have tape_model_run */
    case TW_TAPE_BARS:
    case TW_TAPE_QUOTES: /* and these fuzz_tape_orders */
    case TW_TAPE_BITSTAMP:
    case TW_TAPE_ITCH:   /* and this one fuzz_capture */
    case TW_TAPE_DBN:    /* has fuzz_dbn */
    case TW_TAPE_KRAKEN: /* and these have fuzz_depth */
    case TW_TAPE_BINANCE:
        break;
    case TW_TAPE_LOBSTER_MESSAGES:
        return tw_tape_next_event(tape, &event, error);
    case TW_TAPE_LOBSTER_BOOK:
        return tw_tape_next_levels(tape, levels, sizeof levels / sizeof levels[0], &count, error);
    }
    abort();
}

static bool goes_on(tw_status status) {
    return status == TW_OK || status == TW_PARSE || status == TW_RANGE || status == TW_FULL;
}

/* Every line gives one answer, so the number of answers is bounded by the number of lines. A line
 * that is too long is PARSE again and again, at the same line. */
static void read_tape(const char *path, tw_symbols *symbols, tw_tape_format format) {
    tw_tape_config config = {
        .path = path, .symbols = symbols, .line_size_max = 65536, .format = (uint8_t)format};
    tw_tape *tape = NULL;
    tw_error error = {0};
    if (tw_tape_open(&config, &tape, &error) != TW_OK)
        return;
    uint64_t line = 0;
    int standstill = 0;
    while (standstill < 3 && goes_on(next(tape, format, &error))) {
        standstill = tw_tape_tell(tape).line == line ? standstill + 1 : 0;
        line = tw_tape_tell(tape).line;
    }
    tw_tape_close(tape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    int fd = memfd_create("tape", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tw_symbols *symbols = NULL;
    if (tw_symbols_new(NULL, 16, &symbols) != TW_OK)
        abort();
    unsigned choice = data[0] % 6;
    if (choice == 5) {
        tw_tape_table table = {0};
        tw_tape_table_config config = {
            .path = path, .line_size_max = 65536, .cell_count_max = 65536};
        if (tw_tape_read_table(&config, &table, NULL) == TW_OK)
            tw_tape_table_done(&table);
    } else if (choice == TW_TAPE_TRADES || choice == TW_TAPE_BARS) {
        tw_tape_config config = {
            .path = path, .line_size_max = 64U << data[0] / 6 % 8, .format = (uint8_t)choice};
        (void)tape_model_run(&config, size);
    } else {
        read_tape(path, symbols, (tw_tape_format)choice);
    }
    tw_symbols_free(symbols);
    close(fd);
    return 0;
}
