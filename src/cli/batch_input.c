/* batch_input.c - see batch_input.h. */
#include "batch_input.h"

#include <string.h>

#include "input.h"
#include "progress.h"
#include "tradewind/time.h"

enum { BLOCK_COUNT = 1024, FIRST_CAPACITY = 65536 };

typedef struct pass {
    batch_input *input;
    const batch_files *files;
    const char *path; /* of the file at hand, */
    uint32_t file;    /* and its number */
    tw_tape *tape;
    progress bar;
} pass;

/* Room for one more; the rows move to a block twice as large. */
static tw_status make_room(batch_input *input, tw_error *error) {
    if (input->count < input->capacity)
        return TW_OK;
    if (input->capacity >= BATCH_BAR_COUNT_MAX)
        return tw_error_set(error, TW_FULL, "more than %zu bars cannot be held at once",
                            BATCH_BAR_COUNT_MAX);
    size_t capacity = input->capacity == 0 ? FIRST_CAPACITY : 2 * input->capacity;
    batch_bar *bars = TW_NEW(tw_allocator_system(), capacity, batch_bar);
    if (bars == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu bars", capacity);
    if (input->count > 0)
        memcpy(bars, input->bars, input->count * sizeof *bars);
    TW_DELETE(tw_allocator_system(), input->bars, input->capacity, batch_bar);
    input->bars = bars;
    input->capacity = capacity;
    return TW_OK;
}

static double units(int64_t nano) {
    return (double)nano / (double)TW_NANO;
}

static tw_status check_timeframe(pass *p, const tw_bar *bar, tw_error *error) {
    batch_input *input = p->input;
    if (input->timeframe_ns == 0)
        input->timeframe_ns = bar->timeframe_ns;
    if (bar->timeframe_ns == input->timeframe_ns || input->chosen)
        return TW_OK;
    char first[TW_TIME_TEXT_SIZE];
    char other[TW_TIME_TEXT_SIZE];
    tw_timeframe_format(input->timeframe_ns, first);
    tw_timeframe_format(bar->timeframe_ns, other);
    return tw_error_set(error, TW_USAGE,
                        "there are bars of %s and, in %s, of %s: choose with --timeframe", first,
                        p->path, other);
}

static tw_status take(pass *p, const tw_bar *bar, uint64_t line, tw_error *error) {
    batch_input *input = p->input;
    tw_status status = check_timeframe(p, bar, error);
    if (status != TW_OK)
        return status;
    if (bar->timeframe_ns != input->timeframe_ns) {
        input->passed_over++;
        return TW_OK;
    }
    status = make_room(input, error);
    if (status != TW_OK)
        return status;
    input->bars[input->count++] = (batch_bar){.time_ns = bar->time_ns,
                                              .open = units(bar->open.nano),
                                              .high = units(bar->high.nano),
                                              .low = units(bar->low.nano),
                                              .close = units(bar->close.nano),
                                              .volume = units(bar->volume.nano),
                                              .symbol = bar->symbol,
                                              .revision = bar->revision,
                                              .file = p->file,
                                              .line = (uint32_t)line};
    return TW_OK;
}

static void show_progress(pass *p) {
    progress_draw(&p->bar, input_fraction(p->tape), p->input->count);
}

static tw_status read_block(pass *p, tw_error *error) {
    tw_bar bars[BLOCK_COUNT];
    size_t count = 0;
    tw_error why = {0};
    tw_status status = tw_tape_next_bars(p->tape, bars, BLOCK_COUNT, &count, &why);
    if ((status == TW_PARSE || status == TW_RANGE) && p->files->aside != NULL)
        return rejects_put(p->files->aside, &why, tw_tape_line(p->tape), error);
    if (status != TW_OK && error != NULL)
        *error = why;
    uint64_t last = tw_tape_tell(p->tape).line; /* of the block's last bar; they are in a row */
    for (size_t i = 0; status == TW_OK && i < count; i++)
        status = take(p, &bars[i], last + 1 + i - count, error);
    if (progress_due_now(&p->bar))
        show_progress(p);
    return status;
}

static tw_status read_file(pass *p, tw_error *error) {
    tw_status status = input_bars_open(p->path, p->input->symbols, &p->tape, error);
    if (status != TW_OK)
        return status;
    while (status == TW_OK)
        status = read_block(p, error);
    tw_tape_close(p->tape);
    p->tape = NULL;
    return status == TW_EMPTY ? TW_OK : status;
}

tw_status batch_input_read(batch_input *input, const batch_files *files, tw_error *error) {
    *input = (batch_input){.timeframe_ns = files->timeframe_ns, .chosen = files->timeframe_ns != 0};
    pass p = {.input = input, .files = files};
    tw_status status = tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, &input->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory for the symbols");
    progress_start(&p.bar, "bars");
    for (size_t i = 0; status == TW_OK && i < files->count; i++) {
        p.path = files->paths[i];
        p.file = (uint32_t)i;
        status = read_file(&p, error);
    }
    progress_end(&p.bar);
    if (status == TW_OK && input->count == 0)
        return tw_error_set(error, TW_EMPTY, "%s%s no bar%s", files->paths[0],
                            files->count == 1 ? " has" : " and the others have",
                            input->passed_over > 0 ? " of that timeframe" : "");
    return status;
}

void batch_input_drop_bars(batch_input *input) {
    TW_DELETE(tw_allocator_system(), input->bars, input->capacity, batch_bar);
    input->bars = NULL;
    input->capacity = 0;
}

void batch_input_close(batch_input *input) {
    batch_input_drop_bars(input);
    tw_symbols_free(input->symbols);
    *input = (batch_input){0};
}
