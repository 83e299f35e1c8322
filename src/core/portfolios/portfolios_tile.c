/*
 * portfolios_tile.c - one tile: from its rows to nodes, and one row further. Numbers: the
 * invariants of portfolios_priv.h.
 */
#include "portfolios_priv.h"

#include <math.h>
#include <string.h>

/* A few rows of a tile; those of an incomplete tile are copied, with zeros beside them. */
typedef double row_copies[PORTFOLIOS_BLOCK_ROWS][PORTFOLIO_LANES];

static portfolio_rows rows_of(const tw_portfolios *p, size_t tile, uint64_t begin, size_t count,
                              row_copies copies) {
    size_t width = portfolios_width(p, tile);
    const double *values = portfolios_series(p, begin) + tile * PORTFOLIO_LANES;
    portfolio_rows rows = {.values = values,
                           .benchmark = p->benchmark + (size_t)(begin % p->slots),
                           .count = count,
                           .stride = p->portfolios};
    if (width == PORTFOLIO_LANES)
        return rows;
    for (size_t i = 0; i < count; i++) {
        memset(copies[i], 0, sizeof copies[i]);
        memcpy(copies[i], values + i * p->portfolios, width * sizeof *values);
    }
    rows.values = copies[0];
    rows.stride = PORTFOLIO_LANES;
    return rows;
}

/* Which block is read after this one, so that it can be asked for. */
typedef enum reading_order {
    READING_BACKWARDS = -1,
    READING_NO_MORE,
    READING_ONWARDS
} reading_order;

static void add_rows(const tw_portfolios *p, size_t tile, uint64_t begin, uint64_t end,
                     reading_order order, portfolio_sums *sums) {
    TW_ASSERT(begin < end && end - begin <= p->block);
    row_copies copies;
    portfolio_rows rows = rows_of(p, tile, begin, (size_t)(end - begin), copies);
    if (rows.values != copies[0])
        rows.ahead = (int)order * (ptrdiff_t)(p->block * p->portfolios);
    p->lanes->add(&rows, &p->terms, sums);
}

static void node_of_rows(const tw_portfolios *p, size_t tile, uint64_t begin, uint64_t end,
                         reading_order order, portfolio_node *ret_node) {
    portfolio_sums sums;
    portfolio_sums_init(&sums);
    add_rows(p, tile, begin, end, order, &sums);
    p->lanes->close(&sums, ret_node);
}

static portfolio_node *node_at(const tw_portfolios *p, size_t tile, uint64_t row) {
    TW_ASSERT(p->nodes != NULL);
    size_t blocks = p->slots / p->block;
    return &p->nodes[tile * blocks + (size_t)(row / p->block % blocks)];
}

static uint64_t boundary_of(const tw_portfolios *p) {
    return p->end > 0 ? (p->end - 1) / p->generation * p->generation : 0;
}

/* The first begin of a block at or after `row`. */
static uint64_t block_from(const tw_portfolios *p, uint64_t row) {
    return (row + p->block - 1) / p->block * p->block;
}

/* All from the first begin of a block in the window to the boundary, from the rows; into the nodes,
 * too, where they are kept. */
static void build_front(const tw_portfolios *p, size_t tile, uint64_t boundary,
                        portfolio_node *ret_front) {
    portfolio_node_init(ret_front);
    for (uint64_t row = boundary; row >= block_from(p, p->first) + p->block; row -= p->block) {
        portfolio_node node;
        node_of_rows(p, tile, row - p->block, row, READING_BACKWARDS, &node);
        p->lanes->join(&node, ret_front, ret_front);
        if (p->nodes != NULL)
            *node_at(p, tile, row - p->block) = *ret_front;
    }
}

/* All from `begin` on. */
static void build_back(const tw_portfolios *p, size_t tile, uint64_t begin,
                       portfolio_node *ret_back, portfolio_sums *ret_open) {
    portfolio_node_init(ret_back);
    portfolio_sums_init(ret_open);
    while (begin < p->end) {
        uint64_t after = begin / p->block * p->block + p->block;
        if (after > p->end) {
            add_rows(p, tile, begin, p->end, READING_NO_MORE, ret_open);
            return;
        }
        portfolio_node node;
        node_of_rows(p, tile, begin, after, READING_ONWARDS, &node);
        p->lanes->join(ret_back, &node, ret_back);
        if (p->nodes != NULL)
            *node_at(p, tile, begin) = node;
        begin = after;
    }
}

/* Invariant 5. */
static void join_window(const tw_portfolios *p, size_t tile, const portfolio_node *front,
                        const portfolio_node *back, const portfolio_sums *open,
                        portfolio_node *ret_node) {
    portfolio_node node;
    uint64_t boundary = boundary_of(p);
    uint64_t begin = block_from(p, p->first);
    if (begin > p->first && p->first < boundary) {
        node_of_rows(p, tile, p->first, begin, READING_NO_MORE, &node);
        if (begin < boundary)
            p->lanes->join(&node, front, &node);
        p->lanes->join(&node, back, &node);
    } else if (p->first < boundary) {
        p->lanes->join(front, back, &node);
    } else {
        node = *back;
    }
    if (p->end % p->block != 0 && p->end > p->first) {
        portfolio_node tail;
        p->lanes->close(open, &tail);
        p->lanes->join(&node, &tail, &node);
    }
    *ret_node = node;
}

/* Invariant 4, from the rows alone. */
static void build_node(const tw_portfolios *p, size_t tile, portfolio_node *ret_node) {
    uint64_t boundary = boundary_of(p);
    portfolio_node front;
    portfolio_node back;
    portfolio_sums open;
    build_front(p, tile, boundary, &front);
    build_back(p, tile, p->first > boundary ? p->first : boundary, &back, &open);
    join_window(p, tile, &front, &back, &open, ret_node);
    if (p->limits.updates) {
        p->backs[tile] = back;
        p->opens[tile] = open;
    }
}

void portfolios_tile_build(tw_portfolios *p, size_t tile) {
    portfolio_node node;
    build_node(p, tile, &node);
    portfolios_tails_gather(p, tile, &node);
    portfolios_tile_figures(p, tile, &node);
}

void portfolios_tile_rebuild(tw_portfolios *p, size_t tile, size_t portfolio) {
    portfolio_node node;
    build_node(p, tile, &node);
    p->tail_counts[portfolio] = 0;
    portfolios_tail_changed(p, portfolio);
    portfolios_tile_figures(p, tile, &node);
}

/* A new generation begins: what was after the boundary is before the next one. */
static void turn_over(tw_portfolios *p, size_t tile, const portfolios_step *step) {
    portfolio_node front;
    portfolio_node_init(&front);
    for (uint64_t row = step->end; row >= block_from(p, step->first) + p->block; row -= p->block) {
        portfolio_node *node = node_at(p, tile, row - p->block);
        p->lanes->join(node, &front, node);
        front = *node;
    }
    portfolio_node_init(&p->backs[tile]);
}

static void enter_and_leave(tw_portfolios *p, size_t tile, const portfolios_step *step) {
    const double *came = portfolios_series(p, step->end) + tile * PORTFOLIO_LANES;
    for (size_t l = 0; l < portfolios_width(p, tile); l++) {
        size_t j = tile * PORTFOLIO_LANES + l;
        portfolio_tail tail = {p->tails + j * p->tail_room, p->tail_counts[j]};
        size_t present = p->figures[j].observations;
        bool changed = false;
        if (!isnan(came[l]))
            changed = portfolio_tail_enter(&tail, &p->tail_sizes, present, came[l]);
        if (!isnan(step->left[l]))
            changed = portfolio_tail_leave(&tail, step->left[l]) || changed;
        if (changed)
            portfolios_tail_changed(p, j);
        p->tail_counts[j] = tail.count;
    }
}

void portfolios_tile_advance(tw_portfolios *p, size_t tile, const portfolios_step *step) {
    portfolio_sums *open = &p->opens[tile];
    if (step->end % p->generation == 0 && step->end > step->first)
        turn_over(p, tile, step);
    if (step->end % p->block == 0)
        portfolio_sums_init(open);
    add_rows(p, tile, step->end, p->end, READING_NO_MORE, open);
    if (p->end % p->block == 0) {
        portfolio_node *node = node_at(p, tile, step->end);
        p->lanes->close(open, node);
        p->lanes->join(&p->backs[tile], node, &p->backs[tile]);
    }
    enter_and_leave(p, tile, step);
    portfolio_node node;
    const portfolio_node *front = node_at(p, tile, block_from(p, p->first));
    join_window(p, tile, front, &p->backs[tile], open, &node);
    portfolios_tile_figures(p, tile, &node);
}
