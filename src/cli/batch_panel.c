/* batch_panel.c - see batch_panel.h. */
#include "batch_panel.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/time.h"

#define CELL_COUNT_MAX ((uint64_t)1 << 30) /* of all matrices together: 8 GiB */
#define LINE_SIZE 64

double *batch_matrix_new(tw_batch_shape shape) {
    return tw_allocate(tw_allocator_system(), shape.rows * shape.columns, sizeof(double),
                       LINE_SIZE);
}

void batch_matrix_free(double *matrix, tw_batch_shape shape) {
    tw_release(tw_allocator_system(), matrix, shape.rows * shape.columns, sizeof(double),
               LINE_SIZE);
}

/* ---- Times and names ----------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tw_status no_memory(const batch_input *input, tw_error *error) {
    return tw_error_set(error, TW_NO_MEMORY,
                        "there is no memory for %zu bars of %" PRIu32 " symbols", input->count,
                        tw_symbols_count(input->symbols));
}

/* The different times, ascending. The array keeps its length of one for each bar. */
static tw_status list_times(batch_panel *panel, const batch_input *input, tw_error *error) {
    int64_t *times = TW_NEW(tw_allocator_system(), input->count, int64_t);
    if (times == NULL)
        return no_memory(input, error);
    bool sorted = true;
    for (size_t i = 0; i < input->count; i++) {
        times[i] = input->bars[i].time_ns;
        sorted = sorted && (i == 0 || times[i - 1] <= times[i]);
    }
    if (!sorted)
        qsort(times, input->count, sizeof *times, by_time);
    size_t rows = 0;
    for (size_t i = 0; i < input->count; i++) {
        if (rows == 0 || times[rows - 1] != times[i])
            times[rows++] = times[i];
    }
    panel->times_ns = TW_NEW(tw_allocator_system(), rows, int64_t);
    panel->resets = TW_NEW(tw_allocator_system(), rows, bool);
    panel->shape.rows = rows;
    bool made = panel->times_ns != NULL && panel->resets != NULL;
    if (made)
        memcpy(panel->times_ns, times, rows * sizeof *times);
    TW_DELETE(tw_allocator_system(), times, input->count, int64_t);
    return made ? TW_OK : no_memory(input, error);
}

static tw_status list_names(batch_panel *panel, const batch_input *input, tw_error *error) {
    size_t columns = tw_symbols_count(input->symbols);
    panel->names = TW_NEW(tw_allocator_system(), columns, const char *);
    panel->shape.columns = columns;
    if (panel->names == NULL)
        return no_memory(input, error);
    for (size_t j = 0; j < columns; j++)
        panel->names[j] = tw_symbols_name(input->symbols, (tw_symbol)j);
    qsort(panel->names, columns, sizeof *panel->names, by_name);
    return TW_OK;
}

tw_status batch_panel_find(const batch_panel *panel, tw_slice name, size_t *ret_column) {
    size_t low = 0;
    size_t high = panel->shape.columns;
    while (low < high) {
        size_t middle = (low + high) / 2;
        tw_slice other = tw_slice_of(panel->names[middle]);
        size_t shared = other.size < name.size ? other.size : name.size;
        int order = memcmp(other.data, name.data, shared);
        if (order == 0 && other.size == name.size) {
            *ret_column = middle;
            return TW_OK;
        }
        if (order < 0 || (order == 0 && other.size < name.size))
            low = middle + 1;
        else
            high = middle;
    }
    return TW_NOT_FOUND;
}

/* Zones know no days near the ends of time. */
static int64_t day_of(const tw_zone *zone, int64_t time_ns) {
    const int64_t margin = 3 * 366 * TW_NS_PER_DAY;
    bool known = time_ns > INT64_MIN + margin && time_ns < INT64_MAX - margin;
    int64_t in_day = time_ns % TW_NS_PER_DAY;
    return zone != NULL && known ? tw_zone_day(zone, time_ns, 0).day
                                 : time_ns / TW_NS_PER_DAY - (in_day < 0 ? 1 : 0);
}

static void mark_days(batch_panel *panel, const batch_input *input, const tw_zone *zone) {
    bool within_days = input->timeframe_ns < TW_NS_PER_DAY;
    for (size_t i = 0; i < panel->shape.rows; i++) {
        int64_t day = day_of(zone, panel->times_ns[i]);
        panel->resets[i] = i == 0 || (within_days && day != day_of(zone, panel->times_ns[i - 1]));
    }
}

/* ---- Cells --------------------------------------------------------------------------------- */

static tw_status take_matrices(batch_panel *panel, const batch_input *input, size_t columns_more,
                               tw_error *error) {
    size_t matrices = TW_INDICATOR_OTHER + columns_more;
    uint64_t cells = (uint64_t)panel->shape.rows * panel->shape.columns;
    if (cells > CELL_COUNT_MAX / matrices)
        return tw_error_set(
            error, TW_FULL,
            "%zu times of %zu symbols with %zu columns each are %" PRIu64
            " numbers; at most %" PRIu64 " are held at once: take fewer features, symbols or times",
            panel->shape.rows, panel->shape.columns, matrices, cells * matrices, CELL_COUNT_MAX);
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++) {
        panel->inputs[s] = batch_matrix_new(panel->shape);
        if (panel->inputs[s] == NULL)
            return no_memory(input, error);
        for (size_t i = 0; i < cells; i++)
            panel->inputs[s][i] = NAN;
    }
    return TW_OK;
}

/* The row of a time that is there. Bars of a symbol follow each other, so the one after that of its
 * last bar is tried first. */
static size_t row_of(const batch_panel *panel, int64_t time_ns, size_t guess) {
    if (guess < panel->shape.rows && panel->times_ns[guess] == time_ns)
        return guess;
    const int64_t *at =
        bsearch(&time_ns, panel->times_ns, panel->shape.rows, sizeof *panel->times_ns, by_time);
    TW_ASSERT(at != NULL);
    return (size_t)(at - panel->times_ns);
}

static void set_cell(batch_panel *panel, size_t cell, const batch_bar *bar) {
    panel->inputs[TW_INDICATOR_OPEN][cell] = bar->open;
    panel->inputs[TW_INDICATOR_HIGH][cell] = bar->high;
    panel->inputs[TW_INDICATOR_LOW][cell] = bar->low;
    panel->inputs[TW_INDICATOR_CLOSE][cell] = bar->close;
    panel->inputs[TW_INDICATOR_VOLUME][cell] = bar->volume;
}

/* Where bars go, and what is known of each cell's. */
typedef struct placing {
    size_t *columns;     /* [symbols] */
    size_t *next_rows;   /* [symbols] */
    uint32_t *revisions; /* [rows][columns] */
    size_t *twins;       /* [rows][columns]: another bar of that revision, by its number + 1 */
} placing;

/* The newest revision stays. Of two of one revision nobody knows which is right, but that does not
 * matter if there is a newer one. */
static void place_bar(batch_panel *panel, const batch_input *input, size_t index, placing *places) {
    const batch_bar *bar = &input->bars[index];
    size_t row = row_of(panel, bar->time_ns, places->next_rows[bar->symbol]);
    size_t cell = row * panel->shape.columns + places->columns[bar->symbol];
    places->next_rows[bar->symbol] = row + 1;
    bool taken = !isnan(panel->inputs[TW_INDICATOR_CLOSE][cell]);
    panel->replaced += taken ? 1 : 0;
    if (taken && bar->revision == places->revisions[cell])
        places->twins[cell] = index + 1;
    if (!taken || bar->revision > places->revisions[cell]) {
        set_cell(panel, cell, bar);
        places->revisions[cell] = bar->revision;
        places->twins[cell] = 0;
    }
}

static tw_status check_twins(const batch_input *input, const batch_files *files,
                             const placing *places, size_t cells, tw_error *error) {
    for (size_t cell = 0; cell < cells; cell++) {
        if (places->twins[cell] == 0)
            continue;
        const batch_bar *bar = &input->bars[places->twins[cell] - 1];
        char time[TW_TIME_TEXT_SIZE];
        tw_time_format(bar->time_ns, -1, time);
        return tw_error_set_at(error, TW_PARSE, files->paths[bar->file], bar->line, 1,
                               "there is another bar of %s at %s, of revision %" PRIu32 " too",
                               tw_symbols_name(input->symbols, bar->symbol), time, bar->revision);
    }
    return TW_OK;
}

static tw_status place_all(batch_panel *panel, const batch_input *input, const batch_files *files,
                           placing *places, tw_error *error) {
    size_t cells = panel->shape.rows * panel->shape.columns;
    for (size_t j = 0; j < panel->shape.columns; j++) {
        const char *name = tw_symbols_name(input->symbols, (tw_symbol)j);
        tw_status status = batch_panel_find(panel, tw_slice_of(name), &places->columns[j]);
        TW_ASSERT(status == TW_OK); /* the names are those */
    }
    for (size_t i = 0; i < input->count; i++)
        place_bar(panel, input, i, places);
    for (size_t cell = 0; cell < cells; cell++)
        panel->gaps += isnan(panel->inputs[TW_INDICATOR_CLOSE][cell]) ? 1 : 0;
    return check_twins(input, files, places, cells, error);
}

static tw_status place_bars(batch_panel *panel, const batch_input *input, const batch_files *files,
                            tw_error *error) {
    const tw_allocator *heap = tw_allocator_system();
    size_t columns = panel->shape.columns;
    size_t cells = panel->shape.rows * columns;
    placing places = {.columns = TW_NEW(heap, columns, size_t),
                      .next_rows = TW_NEW(heap, columns, size_t),
                      .revisions = TW_NEW(heap, cells, uint32_t),
                      .twins = TW_NEW(heap, cells, size_t)};
    bool made = places.columns != NULL && places.next_rows != NULL && places.revisions != NULL &&
                places.twins != NULL;
    tw_status status =
        made ? place_all(panel, input, files, &places, error) : no_memory(input, error);
    TW_DELETE(heap, places.columns, columns, size_t);
    TW_DELETE(heap, places.next_rows, columns, size_t);
    TW_DELETE(heap, places.revisions, cells, uint32_t);
    TW_DELETE(heap, places.twins, cells, size_t);
    return status;
}

tw_status batch_panel_make(batch_panel *panel, const batch_input *input, const batch_files *files,
                           const batch_wishes *wishes, tw_error *error) {
    *panel = (batch_panel){.gaps = 0};
    tw_status status = list_times(panel, input, error);
    if (status == TW_OK)
        status = list_names(panel, input, error);
    if (status == TW_OK)
        status = take_matrices(panel, input, wishes->columns_more, error);
    if (status != TW_OK)
        return status;
    mark_days(panel, input, wishes->zone);
    return place_bars(panel, input, files, error);
}

void batch_panel_free(batch_panel *panel) {
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        batch_matrix_free(panel->inputs[s], panel->shape);
    TW_DELETE(tw_allocator_system(), panel->times_ns, panel->shape.rows, int64_t);
    TW_DELETE(tw_allocator_system(), panel->resets, panel->shape.rows, bool);
    TW_DELETE(tw_allocator_system(), panel->names, panel->shape.columns, const char *);
    *panel = (batch_panel){.gaps = 0};
}
