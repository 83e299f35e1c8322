/*
 * fuzz_dbn.c - any bytes as Databento Binary Encoding: no crash, no leak, always an end.
 *
 * The first byte picks the size of the buffer and whether only known symbols are read; the rest is
 * the file, given through a memory file so that the real reader with its decompressors is what
 * runs. Each call reads it one by one and many at a time, and both must agree; then it is read as
 * raw records, and each is decoded by every reader of the codec.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dbn_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a reader returns for a record of its type is whole, of any other type an error. */
static void decode(uint8_t version, tw_slice record) {
    tw_dbn_header header;
    tw_dbn_mbo mbo;
    tw_dbn_mbp mbp;
    tw_dbn_ohlcv ohlcv;
    tw_dbn_status told;
    tw_dbn_imbalance imbalance;
    tw_dbn_statistic statistic;
    tw_dbn_mapping mapping;
    tw_dbn_notice notice;
    TW_ASSERT(tw_dbn_read_header(record, &header, NULL) == TW_OK && header.size == record.size);
    int good = 0;
    good += tw_dbn_read_mbo(record, &mbo, NULL) == TW_OK;
    good += tw_dbn_read_mbp(record, &mbp, NULL) == TW_OK;
    good += tw_dbn_read_ohlcv(record, &ohlcv, NULL) == TW_OK;
    good += tw_dbn_read_status(record, &told, NULL) == TW_OK;
    good += tw_dbn_read_imbalance(record, &imbalance, NULL) == TW_OK;
    good += tw_dbn_read_statistic(version, record, &statistic, NULL) == TW_OK;
    good += tw_dbn_read_mapping(version, record, &mapping, NULL) == TW_OK;
    good += tw_dbn_read_notice(version, record, &notice, NULL) == TW_OK;
    TW_ASSERT(good <= 1);
}

static void read_records(tw_tape_config config) {
    tw_symbols *symbols = NULL;
    tw_tape *tape = NULL;
    if (tw_symbols_new(NULL, 4, &symbols) != TW_OK)
        abort();
    config.symbols = symbols;
    tw_slice record;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    while (status == TW_OK || (tape != NULL && status == TW_FULL)) {
        status = tw_tape_next_record(tape, &record, NULL);
        if (status == TW_OK)
            decode(tw_tape_dbn_metadata(tape)->version, record);
    }
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

static void read_depth(tw_tape_config config) {
    tw_symbols *symbols = NULL;
    tw_tape *tape = NULL;
    if (tw_symbols_new(NULL, 4, &symbols) != TW_OK)
        abort();
    config.symbols = symbols;
    tw_depth_update update;
    tw_status status = tw_tape_open(&config, &tape, NULL);
    while (tape != NULL && dbn_model_goes_on(status)) {
        status = tw_tape_next_depth(tape, &update, NULL);
        if (status == TW_OK)
            TW_ASSERT(update.level_count <= 2 * TW_DBN_DEPTH_MAX && update.snapshot == 1);
    }
    tw_tape_close(tape);
    tw_symbols_free(symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    int fd = memfd_create("dbn", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    tw_tape_config config = {.path = path,
                             .line_size_max = 512U << data[0] % 4,
                             .format = TW_TAPE_DBN,
                             .known_symbols_only = data[0] / 4 % 2 == 1};
    for (int call = 0; call < DBN_MODEL_CALLS; call++)
        (void)dbn_model_run(&config, (dbn_model_call)call, size);
    read_depth(config);
    read_records(config);
    close(fd);
    return 0;
}
