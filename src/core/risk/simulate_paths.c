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

/* Of so many rows of a block. Student's t has the variance degrees / (degrees - 2), and here 1. */
static void draw_scales(const tw_simulate *s, size_t number, size_t rows, double *ret_scales) {
    double degrees = s->config.degrees;
    tw_random_block block = block_of(s, number);
    tw_random_scales(&block, degrees, rows, ret_scales);
    double unit = sqrt((degrees - 2) / degrees);
    for (size_t i = 0; i < rows * TW_RANDOM_LANES; i++)
        ret_scales[i] *= unit;
}

/* ---- Depth SCALAR -------------------------------------------------------------------------- */

/* The returns of a block's first paths. */
static void scalar_block(const tw_simulate *s, size_t number, size_t count, double *ret_returns) {
    double shocks[SCALAR_PATHS];
    double scales[SCALAR_PATHS];
    size_t rows = (count + TW_RANDOM_LANES - 1) / TW_RANDOM_LANES;
    tw_random_block block = block_of(s, number);
    tw_random_normals(&block, rows, TW_RANDOM_LANES, shocks);
    if (s->config.distribution == TW_SIMULATE_STUDENT) {
        draw_scales(s, number, rows, scales);
        for (size_t i = 0; i < count; i++)
            shocks[i] *= scales[i];
    }
    for (size_t i = 0; i < count; i++)
        ret_returns[i] = s->summary.mean + s->summary.deviation * shocks[i];
}

static void scalar_run(const job *j, size_t from, size_t to) {
    for (size_t path = from; path < to; path += SCALAR_PATHS)
        scalar_block(j->simulate, path / SCALAR_PATHS, least(SCALAR_PATHS, to - path),
                     j->ret_returns + path);
}

static void scalar_assets(const job *j, size_t from, size_t to) {
    const tw_simulate *s = j->simulate;
    for (size_t k = from; k < to; k++) {
        double returns[SCALAR_PATHS];
        size_t place = j->paths[k] % SCALAR_PATHS;
        scalar_block(s, j->paths[k] / SCALAR_PATHS, place + 1, returns);
        double away = returns[place] - s->summary.mean;
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

static void scale_panel(const tw_simulate *s, const double *scales, double *panel) {
    if (s->config.distribution == TW_SIMULATE_STUDENT)
        s->loops->scale(s->assets, scales, panel);
}

static void draw_panel(const tw_simulate *s, size_t first, double *panel) {
    double scales[TW_DENSE_PANEL];
    for (size_t l = 0; l < TW_DENSE_PANEL; l += TW_RANDOM_LANES) {
        draw_block(s, (first + l) / TW_RANDOM_LANES, panel + l);
        if (s->config.distribution == TW_SIMULATE_STUDENT)
            draw_scales(s, (first + l) / TW_RANDOM_LANES, 1, scales + l);
    }
    scale_panel(s, scales, panel);
}

/* The assets' returns of `count` panels of shocks. */
static void form_assets(const tw_simulate *s, buffers b, size_t count) {
    size_t size = s->assets * TW_DENSE_PANEL;
    for (size_t k = 0; k < count; k++)
        s->loops->begin(s->assets, s->means, b.assets + k * size);
    tw_dense_multiply_lower(s->config.way.level, s->assets, s->packed, count, b.shocks, b.assets);
}

static void value_panel(const tw_simulate *s, const tw_simulate_panel *panel, double *ret_returns) {
    if (s->config.value != NULL) {
        s->config.value(s->config.value_context, panel, ret_returns);
        return;
    }
    double sums[TW_DENSE_PANEL];
    s->loops->project(s->assets, s->weights, 0, panel->returns, sums);
    memcpy(ret_returns, sums, panel->paths * sizeof sums[0]);
}

static void project_panel(const tw_simulate *s, const double *shocks, size_t paths,
                          double *ret_returns) {
    double sums[TW_DENSE_PANEL];
    s->loops->project(s->assets, s->loadings, s->summary.mean, shocks, sums);
    memcpy(ret_returns, sums, paths * sizeof sums[0]);
}

static void panels_run(const job *j, buffers b, size_t from, size_t to) {
    const tw_simulate *s = j->simulate;
    size_t size = s->assets * TW_DENSE_PANEL;
    for (size_t first = from; first < to; first += SIMULATE_PANELS * TW_DENSE_PANEL) {
        size_t count = 0;
        for (size_t path = first; path < to && count < SIMULATE_PANELS; path += TW_DENSE_PANEL)
            draw_panel(s, path, b.shocks + count++ * size);
        if (s->config.depth == TW_SIMULATE_ASSETS)
            form_assets(s, b, count);
        for (size_t k = 0; k < count; k++) {
            size_t path = first + k * TW_DENSE_PANEL;
            size_t paths = least(TW_DENSE_PANEL, to - path);
            tw_simulate_panel panel = {path, paths, s->assets, b.assets + k * size};
            if (s->config.depth == TW_SIMULATE_ASSETS)
                value_panel(s, &panel, j->ret_returns + path);
            else
                project_panel(s, b.shocks + k * size, paths, j->ret_returns + path);
        }
    }
}

/* A panel of paths that need not lie side by side: each from its block, which is made in the room
 * for assets. */
static void gather_panel(const tw_simulate *s, const size_t *paths, size_t count, buffers b) {
    double scales[TW_DENSE_PANEL] = {0};
    double block_scales[TW_RANDOM_LANES];
    memset(b.shocks, 0, s->assets * TW_DENSE_PANEL * sizeof *b.shocks);
    for (size_t k = 0; k < count; k++) {
        size_t number = paths[k] / TW_RANDOM_LANES;
        size_t lane = paths[k] % TW_RANDOM_LANES;
        if (k == 0 || number != paths[k - 1] / TW_RANDOM_LANES) {
            draw_block(s, number, b.assets);
            if (s->config.distribution == TW_SIMULATE_STUDENT)
                draw_scales(s, number, 1, block_scales);
        }
        for (size_t t = 0; t < s->assets; t++)
            b.shocks[t * TW_DENSE_PANEL + k] = b.assets[t * TW_DENSE_PANEL + lane];
        if (s->config.distribution == TW_SIMULATE_STUDENT)
            scales[k] = block_scales[lane];
    }
    scale_panel(s, scales, b.shocks);
}

static void panels_assets(const job *j, buffers b, size_t from, size_t to) {
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
    bool scalar = j->simulate->config.depth == TW_SIMULATE_SCALAR;
    size_t unit = scalar ? SCALAR_PATHS : TW_DENSE_PANEL;
    size_t from = part_begin(j->count, unit, part);
    size_t to = part_begin(j->count, unit, part + 1);
    if (scalar)
        scalar_run(j, from, to);
    else
        panels_run(j, buffers_of(j->simulate, part), from, to);
}

static void assets_part(void *argument, size_t part) {
    const job *j = argument;
    size_t from = part_begin(j->count, TW_DENSE_PANEL, part);
    size_t to = part_begin(j->count, TW_DENSE_PANEL, part + 1);
    if (j->simulate->config.depth == TW_SIMULATE_SCALAR)
        scalar_assets(j, from, to);
    else
        panels_assets(j, buffers_of(j->simulate, part), from, to);
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
