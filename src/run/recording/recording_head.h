/*
 * recording_head.h - the first block of a recording: what the engine was made from, as text.
 *
 *     tradewind-recording 1
 *     program 0.1.0
 *     began 2026-01-05T14:30:00.000000000Z
 *     database trading.db
 *     layout trade=48 ...
 *     setting band 0.02                 one a field of tw_engine_config
 *     strategy NAME                     of the user's own strategy, if there is one
 *     zone 545a6966...                  bytes of a TZif file, in hexadecimal, if there is a zone
 *     symbols 2                         how many lines follow
 *     symbol AAPL [weight]              in the order of the table; the target weight if there is
 * one
 *
 * Lines of another key are passed over: they are of a newer program.
 */
#ifndef TRADEWIND_RUN_RECORDING_HEAD_H
#define TRADEWIND_RUN_RECORDING_HEAD_H

#include "tradewind/engine.h"
#include "tradewind/text.h"

#define HEAD_VERSION 1
#define HEAD_PROGRAM_SIZE 32
#define HEAD_DATABASE_SIZE 1024
#define HEAD_STRATEGY_SIZE 128

typedef struct recording_head {
    char program[HEAD_PROGRAM_SIZE];
    char database[HEAD_DATABASE_SIZE]; /* empty: not told */
    int64_t began_ns;                  /* by the wall clock */
    tw_engine_config config;           /* its target_weights are `weights` */
    uint32_t settings_unknown;         /* of a newer program: left out */
    uint32_t settings_missing;         /* of an older one: zero */
    uint32_t symbol_count;
    tw_symbols *symbols;
    double *weights;                   /* [symbol_count]; all zero if none was told */
    tw_zone *zone;                     /* or NULL */
    char strategy[HEAD_STRATEGY_SIZE]; /* empty: none of the user's own */
} recording_head;

/* Where a recording comes from. */
typedef struct head_origin {
    const char *program;  /* its version */
    const char *database; /* or NULL */
    int64_t began_ns;
    tw_slice zone; /* bytes of the TZif file; empty: none */
} head_origin;

/* Bytes that head_write needs at most. */
size_t head_size_max(const tw_symbols *symbols, const head_origin *origin);
void head_write(const tw_engine_config *config, const tw_symbols *symbols,
                const head_origin *origin, tw_text *text);

/* TW_CORRUPT: not such a text; TW_VERSION: of a layout or version that this program cannot read;
 * TW_NO_MEMORY. Release with head_done, also after a failure. `name` is the file's. */
tw_status head_read(const tw_allocator *allocator, const char *name, tw_slice text,
                    recording_head *ret_head, tw_error *error) TW_MUST_CHECK;
void head_done(const tw_allocator *allocator, recording_head *head);

#endif
