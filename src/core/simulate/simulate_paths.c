/*
 * simulate_paths.c - the paths of a simulation, in parts.
 *
 * A part takes a stretch of the paths, or of the list of those whose assets are asked for, a few
 * panels at a time. Its buffers are its own and stay in the second cache.
 *
 * Invariants:
 * 1. At depths FACTORS and ASSETS the shocks of path p are lane p mod 8 of block p / 8; at SCALAR
 * the shock of path p is number p mod 1,024 of block p / 1,024. Nothing else enters a path, so
 * parts and runners change no bit.
 * 2. An asset's return is a chain of its own for each column of a panel (dense.h), so a path has
 * the same returns beside any others.
 */
#include <math.h>
#include <string.h>

#include "simulate_priv.h"

enum { SCALAR_PATHS = SIMULATE_SCALAR_ROWS * TW_RANDOM_LANES };

typedef struct job {
    const tw_simulate *simulate;
    const size_t *paths; /* whose assets are asked for */
    size_t count;        /* of these, or of all paths */
    double *ret_returns;
} job;

typedef struct buffers {
    double *shocks; /* [SIMULATE_PANELS][assets][TW_DENSE_PANEL] */
    double *assets;
} buffers;

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static buffers buffers_of(const tw_simulate *s, size_t part) {
    size_t room = SIMULATE_PANELS * s->assets_max * TW_DENSE_PANEL;
    double *shocks = s->buffers + part * 2 * room;
    return (buffers){shocks, shocks + room};
}

static tw_random_block block_of(const tw_simulate *s, size_t number) {
    return (tw_random_block){s->config.seed, number, s->config.way.level};
}

/* What the shocks of so many rows of a block are multiplied by. Student's t has the variance
 * degrees / (degrees - 2), and here 1. */
static void draw_scales(const tw_simulate *s, size_t number, size_t rows, double *ret_scales) {
    bool student = s->config.distribution == TW_SIMULATE_STUDENT;
    double degrees = s->config.degrees;
    double unit = student ? sqrt((degrees - 2) / degrees) : 1;
    tw_random_block block = block_of(s, number);
    if (student)
        tw_random_scales(&block, degrees, rows, ret_scales);
    for (size_t i = 0; i < rows * TW_RANDOM_LANES; i++)
        ret_scales[i] = student ? unit * ret_scales[i] : 1;
}

/* ---- Depth SCALAR -------------------------------------------------------------------------- */

/* The returns of a block's first paths. */
static void scalar_block(const tw_simulate *s, size_t number, size_t count, double *ret_returns) {
    double shocks[SCALAR_PATHS];
    double scales[SCALAR_PATHS];
    size_t rows = (count + TW_RANDOM_LANES - 1) / TW_RANDOM_LANES;
    tw_random_block block = block_of(s, number);
    tw_random_normals(&block, rows, TW_RANDOM_LANES, shocks);
    draw_scales(s, number, rows, scales);
    for (size_t i = 0; i < count; i++)
        ret_returns[i] = s->summary.mean + s->summary.deviation * (scales[i] * shocks[i]);
}

static void scalar_run(const job *j, size_t from, size_t to) {
    for (size_t path = from; path < to; path += SCALAR_PATHS)
        scalar_block(j->simulate, path / SCALAR_PATHS, least(SCALAR_PATHS, to - path),
                     j->ret_returns + path);
}

static void scalar_assets(const job *j, size_t from, size_t to) {
    const tw_simulate *s = j->simulate;
    double returns[SCALAR_PATHS];
    for (size_t k = from; k < to; k++) {
        size_t number = j->paths[k] / SCALAR_PATHS;
        if (k == from || number != j->paths[k - 1] / SCALAR_PATHS)
            scalar_block(s, number, SCALAR_PATHS, returns);
        double away = returns[j->paths[k] % SCALAR_PATHS] - s->summary.mean;
        for (size_t i = 0; i < s->assets; i++)
            j->ret_returns[k * s->assets + i] = s->means[i] + s->slopes[i] * away;
    }
}

/* ---- Depths FACTORS and ASSETS --------------------------------------------------------------- */

/* The shocks of a block's paths, in eight columns of a panel. */
static void draw_block(const tw_simulate *s, size_t number, double *columns) {
    tw_random_block block = block_of(s, number);
    tw_random_normals(&block, s->assets, TW_DENSE_PANEL, columns);
}

static void draw_panel(const tw_simulate *s, size_t first, double *panel, double *ret_scales) {
    for (size_t l = 0; l < TW_DENSE_PANEL; l += TW_RANDOM_LANES) {
        draw_block(s, (first + l) / TW_RANDOM_LANES, panel + l);
        draw_scales(s, (first + l) / TW_RANDOM_LANES, 1, ret_scales + l);
    }
}

/* The assets' returns of `count` panels of shocks. */
static void form_assets(const tw_simulate *s, buffers b, size_t count) {
    size_t size = s->assets * TW_DENSE_PANEL;
    for (size_t k = 0; k < count; k++)
        s->loops->begin(s->assets, s->means, b.assets + k * size);
    tw_dense_multiply_lower(s->config.way.level, s->assets, s->packed, count, b.shocks, b.assets);
}

static void factors_run(const job *j, buffers b, size_t from, size_t to) {
    const tw_simulate *s = j->simulate;
    for (size_t first = from; first < to; first += TW_DENSE_PANEL) {
        double scales[TW_DENSE_PANEL];
        double sums[TW_DENSE_PANEL];
        draw_panel(s, first, b.shocks, scales);
        s->loops->project(s->assets, s->loadings, b.shocks, sums);
        for (size_t k = 0; k < TW_DENSE_PANEL && first + k < to; k++)
            j->ret_returns[first + k] = s->summary.mean + scales[k] * sums[k];
    }
}

static void value_panel(const tw_simulate *s, const tw_simulate_panel *panel, double *ret_returns) {
    if (s->config.value != NULL) {
        s->config.value(s->config.value_context, panel, ret_returns);
        return;
    }
    double sums[TW_DENSE_PANEL];
    s->loops->project(s->assets, s->weights, panel->returns, sums);
    memcpy(ret_returns, sums, panel->paths * sizeof sums[0]);
}

/* Several panels at a time: they share what is read of the factor. */
static void assets_run(const job *j, buffers b, size_t from, size_t to) {
    const tw_simulate *s = j->simulate;
    size_t size = s->assets * TW_DENSE_PANEL;
    for (size_t first = from; first < to; first += SIMULATE_PANELS * TW_DENSE_PANEL) {
        size_t count = 0;
        for (size_t path = first; path < to && count < SIMULATE_PANELS; path += TW_DENSE_PANEL) {
            double scales[TW_DENSE_PANEL];
            double *panel = b.shocks + count++ * size;
            draw_panel(s, path, panel, scales);
            if (s->config.distribution != TW_SIMULATE_NORMAL) /* by 1 */
                s->loops->scale(s->assets, scales, panel);
        }
        form_assets(s, b, count);
        for (size_t k = 0; k < count; k++) {
            size_t path = first + k * TW_DENSE_PANEL;
            tw_simulate_panel panel = {path, least(TW_DENSE_PANEL, to - path), s->assets,
                                       b.assets + k * size};
            value_panel(s, &panel, j->ret_returns + path);
        }
    }
}

/* A panel of paths that need not lie side by side: each from its block, which is made in the room
 * for assets. (What stands in columns beyond the last is of no interest, and finite.) */
static void gather_panel(const tw_simulate *s, const size_t *paths, size_t count, buffers b) {
    double scales[TW_RANDOM_LANES];
    for (size_t k = 0; k < count; k++) {
        size_t number = paths[k] / TW_RANDOM_LANES;
        size_t lane = paths[k] % TW_RANDOM_LANES;
        if (k == 0 || number != paths[k - 1] / TW_RANDOM_LANES) {
            draw_block(s, number, b.assets);
            draw_scales(s, number, 1, scales);
        }
        for (size_t t = 0; t < s->assets; t++)
            b.shocks[t * TW_DENSE_PANEL + k] = scales[lane] * b.assets[t * TW_DENSE_PANEL + lane];
    }
}

static void paths_assets(const job *j, buffers b, size_t from, size_t to) {
    const tw_simulate *s = j->simulate;
    for (size_t first = from; first < to; first += TW_DENSE_PANEL) {
        size_t count = least(TW_DENSE_PANEL, to - first);
        gather_panel(s, j->paths + first, count, b);
        form_assets(s, b, 1);
        for (size_t k = 0; k < count; k++) {
            double *row = j->ret_returns + (first + k) * s->assets;
            for (size_t i = 0; i < s->assets; i++)
                row[i] = b.assets[i * TW_DENSE_PANEL + k];
        }
    }
}

/* ---- Parts --------------------------------------------------------------------------------- */

/* A part's stretch of `count`: whole blocks or panels, but for the last one. */
static size_t part_begin(size_t count, size_t unit, size_t part) {
    size_t units = (count + unit - 1) / unit;
    size_t whole = units / SIMULATE_PARTS;
    size_t over = units % SIMULATE_PARTS;
    return least(count, (part * whole + least(part, over)) * unit);
}

static void run_part(void *argument, size_t part) {
    const job *j = argument;
    const tw_simulate *s = j->simulate;
    size_t unit = s->config.depth == TW_SIMULATE_SCALAR ? SCALAR_PATHS : TW_DENSE_PANEL;
    size_t from = part_begin(j->count, unit, part);
    size_t to = part_begin(j->count, unit, part + 1);
    if (s->config.depth == TW_SIMULATE_SCALAR)
        scalar_run(j, from, to);
    else if (s->config.depth == TW_SIMULATE_FACTORS)
        factors_run(j, buffers_of(s, part), from, to);
    else
        assets_run(j, buffers_of(s, part), from, to);
}

static void assets_part(void *argument, size_t part) {
    const job *j = argument;
    size_t from = part_begin(j->count, TW_DENSE_PANEL, part);
    size_t to = part_begin(j->count, TW_DENSE_PANEL, part + 1);
    if (j->simulate->config.depth == TW_SIMULATE_SCALAR)
        scalar_assets(j, from, to);
    else
        paths_assets(j, buffers_of(j->simulate, part), from, to);
}

void simulate_paths_run(const tw_simulate *simulate, double *ret_returns) {
    job j = {.simulate = simulate, .count = simulate->config.paths, .ret_returns = ret_returns};
    tw_task_run(simulate->config.way.runner, SIMULATE_PARTS, run_part, &j);
}

void simulate_paths_assets(const tw_simulate *simulate, const size_t *paths, size_t count,
                           double *ret_returns) {
    job j = {simulate, paths, count, ret_returns};
    tw_task_run(simulate->config.way.runner, SIMULATE_PARTS, assets_part, &j);
}
