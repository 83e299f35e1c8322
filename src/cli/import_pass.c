/* import_pass.c - one file after the other, a block of rows at a time. */
#include "import_pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "input.h"
#include "interruption.h"

/* ---- the checksum over rows: order, every field and the symbol's name count ---- */

static uint64_t mix(uint64_t sum, uint64_t value) {
    uint64_t mixed = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ (mixed >> 29);
}

static uint64_t mix_name(uint64_t sum, const char *name) {
    char padded[TW_SYMBOL_NAME_SIZE] = {0};
    uint64_t words[TW_SYMBOL_NAME_SIZE / 8];
    for (size_t i = 0; name[i] != '\0'; i++)
        padded[i] = name[i];
    memcpy(words, padded, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0] && words[i] != 0; i++)
        sum = mix(sum, words[i]);
    return sum;
}

static uint64_t mix_trade(const import_pass *pass, uint64_t sum, const tw_trade *trade) {
    uint64_t codes = 0;
    memcpy(&codes, trade->conditions, sizeof trade->conditions);
    codes = codes << 24 | (uint64_t)(uint8_t)trade->exchange << 16 |
            (uint64_t)(uint8_t)trade->tape << 8 | trade->side;
    sum = mix(sum, (uint64_t)trade->time_ns);
    sum = mix(sum, (uint64_t)trade->price.nano);
    sum = mix(sum, (uint64_t)trade->quantity.nano);
    sum = mix(sum, trade->id);
    sum = mix(sum, codes);
    return mix_name(sum, tw_symbols_name(pass->symbols, trade->symbol));
}

static uint64_t mix_bar(const import_pass *pass, uint64_t sum, const tw_bar *bar) {
    const int64_t fields[] = {bar->time_ns,  bar->timeframe_ns,  bar->open.nano,   bar->high.nano,
                              bar->low.nano, bar->close.nano,    bar->volume.nano, bar->vwap.nano,
                              bar->revision, (int64_t)bar->count};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        sum = mix(sum, (uint64_t)fields[i]);
    return mix_name(sum, tw_symbols_name(pass->symbols, bar->symbol));
}

static void count_block(import_pass *pass) {
    for (size_t i = 0; i < pass->block_count; i++)
        pass->checksum = pass->bars ? mix_bar(pass, pass->checksum, &pass->block.bars[i])
                                    : mix_trade(pass, pass->checksum, &pass->block.trades[i]);
    pass->row_count += pass->block_count;
}

/* ---- reading ---- */

static bool is_bad_row(tw_status status) {
    return status == TW_PARSE || status == TW_RANGE || status == TW_OVERFLOW;
}

/* Reads on behind what the block has, at least one row and at most `count_max`. */
static tw_status read_rows(import_pass *pass, size_t count_max, tw_error *error) {
    size_t at = pass->block_count;
    size_t count = 0;
    tw_status status =
        pass->bars
            ? tw_tape_next_bars(pass->tape, &pass->block.bars[at], count_max, &count, error)
            : tw_tape_next_trades(pass->tape, &pass->block.trades[at], count_max, &count, error);
    if (status == TW_OK)
        pass->block_count += count;
    return status;
}

static tw_status set_aside(import_pass *pass, const tw_error *why, tw_error *error) {
    pass->totals.bad++;
    return rejects_put(pass->aside, why, tw_tape_line(pass->tape), error);
}

/* Reads at most `count_max` rows. TW_EMPTY: there are no more. */
static tw_status read_block(import_pass *pass, uint64_t count_max, tw_error *error) {
    size_t wanted = count_max < IMPORT_BLOCK_ROWS ? (size_t)count_max : IMPORT_BLOCK_ROWS;
    pass->block_count = 0;
    while (pass->block_count < wanted) {
        tw_error why = {0};
        tw_status status = read_rows(pass, wanted - pass->block_count, &why);
        if (status == TW_EMPTY && pass->block_count > 0)
            break;
        if (is_bad_row(status) && pass->aside != NULL)
            status = set_aside(pass, &why, &why);
        if (status != TW_OK) {
            *error = why;
            return status;
        }
    }
    count_block(pass);
    return TW_OK;
}

static void show_progress(import_pass *pass) {
    if (!progress_due_now(&pass->bar))
        return;
    progress_draw(&pass->bar, input_fraction(pass->tape), pass->row_count);
}

/* ---- opening, and going on ---- */

static tw_status open_tape(import_pass *pass, tw_error *error) {
    const tw_tape_config config = {.path = pass->path,
                                   .format = pass->bars ? TW_TAPE_BARS : TW_TAPE_TRADES,
                                   .symbols = pass->symbols};
    tw_tape_close(pass->tape);
    pass->tape = NULL;
    pass->row_count = 0;
    pass->checksum = 0;
    tw_store_begin_series(pass->store);
    tw_status status = tw_tape_open(&config, &pass->tape, error);
    if (status == TW_INVALID) /* something else stands at the path: bad input */
        error->status = status = TW_PARSE;
    if (status != TW_OK && interruption_requested()) /* a pipe that nobody writes */
        status = TW_INTERRUPTED;
    return status;
}

static bool is_resumable(const import_pass *pass) {
    return pass->name[0] != '\0' && !pass->restart;
}

/* Reads the rows that are in the store already. *ret_same: they are what they were.
 * TW_INTERRUPTED: a signal came; nothing was written that could be lost. */
static tw_status go_over(import_pass *pass, const tw_store_import *earlier, bool *ret_same,
                         tw_error *error) {
    *ret_same = false;
    while (pass->row_count < earlier->row_count) {
        tw_status status = read_block(pass, earlier->row_count - pass->row_count, error);
        if (status != TW_OK) /* shorter than it was, or worse: found again from its start */
            return TW_OK;
        if (interruption_requested())
            return TW_INTERRUPTED;
        if (!pass->bars)
            status =
                tw_store_pass_trades(pass->store, pass->block.trades, pass->block_count, error);
        if (status != TW_OK)
            return status;
        show_progress(pass);
    }
    *ret_same = pass->checksum == earlier->checksum;
    return TW_OK;
}

/* The file has changed: what was gone over, its bad rows too, counts no more. */
static tw_status begin_again(import_pass *pass, int64_t aside_size, uint64_t bad, tw_error *error) {
    fprintf(stderr,
            "tradewind import: %s is not what was imported before; it is read from its start, and "
            "rows whose time and place are taken keep what they were\n",
            pass->path);
    tw_store_drop_batch(pass->store);
    pass->totals.changed = true;
    pass->totals.bad = bad;
    tw_status status = TW_OK;
    if (pass->aside != NULL)
        status = output_file_cut(&pass->aside->file, aside_size, error);
    return status == TW_OK ? open_tape(pass, error) : status;
}

/* Goes to where the last import of this file stopped, or to its start. */
static tw_status begin_file(import_pass *pass, tw_error *error) {
    tw_status status = open_tape(pass, error);
    if (status != TW_OK || !is_resumable(pass))
        return status;
    tw_store_import earlier;
    status = tw_store_find_import(pass->store, tw_slice_of(pass->name), &earlier, error);
    if (status == TW_NOT_FOUND)
        return TW_OK;
    bool same = false;
    int64_t aside_size = 0;
    uint64_t bad = pass->totals.bad;
    if (status == TW_OK && pass->aside != NULL)
        status = output_file_tell(&pass->aside->file, &aside_size, error);
    if (status == TW_OK)
        status = go_over(pass, &earlier, &same, error);
    if (status != TW_OK)
        return status;
    if (!same)
        return begin_again(pass, aside_size, bad, error);
    pass->totals.resumed = true;
    pass->totals.skipped += pass->row_count;
    return TW_OK;
}

/* ---- writing ---- */

static tw_status put_block(import_pass *pass, tw_error *error) {
    pass->batch_rows += (uint32_t)pass->block_count;
    if (pass->bars)
        return tw_store_put_bars(pass->store, pass->block.bars, pass->block_count, error);
    return tw_store_put_trades(pass->store, pass->block.trades, pass->block_count, error);
}

static tw_status commit(import_pass *pass, tw_store_durability durability, tw_error *error) {
    tw_status status = TW_OK;
    bool noted = pass->name[0] != '\0' && pass->row_count > 0;
    const tw_store_import import = {.name = tw_slice_of(pass->name),
                                    .row_count = pass->row_count,
                                    .size = tw_tape_tell(pass->tape).bytes_read,
                                    .checksum = pass->checksum};
    if (noted)
        status = tw_store_put_import(pass->store, &import, error);
    if (status == TW_OK)
        status = tw_store_commit(pass->store, durability, error);
    if (status == TW_OK)
        pass->notes += noted;
    pass->batch_rows = 0;
    return status;
}

static tw_status write_rows(import_pass *pass, tw_error *error) {
    tw_status status = TW_OK;
    while (status == TW_OK && !interruption_requested()) {
        status = read_block(pass, pass->batch_rows_max - pass->batch_rows, error);
        if (status == TW_OK)
            status = put_block(pass, error);
        if (status == TW_OK && pass->batch_rows == pass->batch_rows_max)
            status = commit(pass, TW_STORE_NORMAL, error);
        show_progress(pass);
    }
    if (status == TW_OK || status == TW_EMPTY)
        return commit(pass, TW_STORE_FULL, error);
    tw_store_drop_batch(pass->store);
    return status;
}

/* "trades /home/me/trades.csv": the same file under whatever name it comes. A pipe has none: to
 * compare what it gives would use it up. */
static tw_status name_import(import_pass *pass, tw_error *error) {
    pass->name[0] = '\0';
    if (strcmp(pass->path, "-") == 0)
        return TW_OK;
    char real[PATH_MAX];
    struct stat found;
    if (stat(pass->path, &found) != 0 || !S_ISREG(found.st_mode) ||
        realpath(pass->path, real) == NULL)
        return TW_OK; /* opening it says why, if it cannot be read */
    int size =
        snprintf(pass->name, sizeof pass->name, "%s %s", pass->bars ? "bars" : "trades", real);
    if (size < 0 || (size_t)size >= sizeof pass->name)
        return tw_error_set(error, TW_INVALID, "the path %.64s... is too long", pass->path);
    return TW_OK;
}

/* `written`: everything that was read is in the store. */
static tw_status tell_interrupted(const import_pass *pass, bool written, tw_error *error) {
    if (!written)
        return tw_error_set(error, TW_INTERRUPTED,
                            "interrupted before anything new of %s was read; run it again",
                            pass->path);
    if (pass->name[0] == '\0')
        return tw_error_set(error, TW_INTERRUPTED,
                            "interrupted after row %" PRIu64 " of %s; what it gave up to there is "
                            "stored",
                            pass->row_count, pass->path);
    return tw_error_set(error, TW_INTERRUPTED,
                        "interrupted after row %" PRIu64 " of %s; run it again to go on there",
                        pass->row_count, pass->path);
}

tw_status import_pass_file(import_pass *pass, const char *path, tw_error *error) {
    pass->path = path;
    pass->tape = NULL;
    pass->batch_rows = 0;
    tw_status status = name_import(pass, error);
    if (status == TW_OK)
        status = begin_file(pass, error);
    if (status == TW_OK)
        status = write_rows(pass, error);
    if (pass->tape != NULL)
        pass->totals.bytes += tw_tape_tell(pass->tape).bytes_read;
    tw_tape_close(pass->tape);
    pass->tape = NULL;
    if (status == TW_INTERRUPTED || (status == TW_OK && interruption_requested()))
        return tell_interrupted(pass, status == TW_OK, error);
    return status;
}
