/*
 * proof.h - a job of the benchmark suite, how it is measured, and what came of it.
 *
 *     proof_job (what, how each way does it)  --> proof_measure --> proof_result (figures)
 *
 * A job is one piece of work that can be done in several ways: the naive one that the guide starts
 * from, ours, peers where they are installed, and the least that the machine allows (its limit).
 * All of them are measured in one process, in turn, round by round, so that a slow moment of the
 * machine meets them all; ratios are taken within a round. First all of them do the same small
 * piece, and their results are compared: who computes something else is not measured but fails.
 *
 * Memory: results are plain data without pointers into the job's state, so that a job can be
 *     measured in a process of its own. Threads: none of the harness's; a job may have its own.
 */
#ifndef TRADEWIND_PROOF_PROOF_H
#define TRADEWIND_PROOF_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/error.h"
#include "tradewind/histogram.h"

enum {
    PROOF_WAYS_MAX = 6,
    PROOF_AXES_MAX = 2,
    PROOF_PLACES_MAX = 8, /* on an axis */
    PROOF_ROUNDS_MAX = 31,
    PROOF_REASON_SIZE = 160
};

/* ---- what a job is --------------------------------------------------------------------------- */

typedef enum proof_role {
    PROOF_NAIVE, /* as the guide describes the practice before */
    PROOF_OURS,
    PROOF_PEER,
    PROOF_LIMIT /* what the machine needs for the least that any way has to do */
} proof_role;

/* Along which the job grows: how deep a book, how long a window, how many threads. */
typedef struct proof_axis {
    const char *name;                  /* "trades in the window" */
    uint64_t values[PROOF_PLACES_MAX]; /* ascending */
    uint32_t count;
    uint32_t main; /* where everything but the growth is measured */
} proof_axis;

/* Where the job is prepared for. */
typedef struct proof_point {
    uint64_t at[PROOF_AXES_MAX]; /* a value of each axis; 0 where there is none */
    const char *folder;          /* an empty one, removed after the job */
} proof_point;

/* One repetition. */
typedef struct proof_run {
    uint64_t units;        /* in: so many; the way does exactly that */
    tw_histogram *latency; /* in: of each unit, in ns from when it was due; NULL: not wanted */
    int64_t elapsed_ns;    /* out: of the units alone, by CLOCK_MONOTONIC */
    double checksum;       /* out: of the results; the same for all ways */
    double quality;        /* out: of the kind that the job names, as a number of trades */
} proof_run;

typedef struct proof_way {
    const char *name; /* "one commit a row", "tradewind", "NumPy" */
    proof_role role;
    const char *what; /* one sentence, for the report */
    /* TW_NOT_FOUND: it is not installed, and error says what is missing. Anything else but TW_OK
     * fails the job. */
    tw_status (*run)(void *state, proof_run *run, tw_error *error);
    bool has_latency;    /* it fills run->latency */
    bool incomparable;   /* its checksum is another one: a limit that computes nothing */
    uint64_t units_most; /* that one repetition can do; 0: any number */
    uint64_t place_last; /* 1 + the last place of the first axis that it is measured at; 0: all.
                          * For naive ways that would take hours there. */
    uint32_t whole_of;   /* 1 + the axis of whose value all units measured are a multiple (whole
                          * batches, whole waves); 0: any number. units_most is no less then */
} proof_way;

typedef struct proof_job {
    const char *name;      /* of the command line: "sliding-window" */
    const char *part;      /* of the guide: "RealTimeDataProcessor" */
    const char *title;     /* "A sliding window against recomputing it" */
    const char *unit;      /* "trade" */
    const char *story;     /* what is compared, and why ours is as fast as it is */
    const char *limit;     /* what it cannot be faster than; NULL: the report is silent */
    const char *exception; /* why the claim is not reached, if it is not; NULL: no reason known */
    const char *quality;   /* "trades a plan"; NULL: speed is all. Less is better. */
    double claimed_min;    /* times as fast, in the guide; 0: it claims nothing */
    double claimed_max;
    double tolerance;     /* relative, between checksums; 0: the very same */
    uint64_t check_units; /* for comparing the checksums */
    bool many_threads;    /* not to be kept on one processor */
    uint32_t threads_of;  /* 1 + the axis whose value is the number of threads; 0: it is unknown */
    proof_axis axes[PROOF_AXES_MAX];
    /* Makes inputs (from fixed seeds) and whatever the ways share; not measured. What is in
     * *ret_state (NULL before) is disposed of also when it fails. */
    tw_status (*prepare)(const proof_point *point, void **ret_state, tw_error *error);
    void (*dispose)(void *state);   /* takes NULL */
    proof_way ways[PROOF_WAYS_MAX]; /* up to the first without a name */
} proof_job;

/* ---- how it is measured ---------------------------------------------------------------------- */

typedef struct proof_plan {
    uint32_t rounds;        /* at the main place, 3 to PROOF_ROUNDS_MAX */
    uint32_t growth_rounds; /* at each other; 0: no growth */
    int64_t run_ns;         /* about so long a repetition takes; the units are chosen for it */
    int64_t growth_run_ns;
    int64_t deadline_ns;     /* CLOCK_MONOTONIC; growth that would go beyond is left out */
    bool pinned;             /* jobs of one thread stay on one processor */
    const char *folder;      /* where folders of jobs are made: the disk that is measured */
    bool (*cancelled)(void); /* asked when a signal has come; NULL: nobody cancels */
} proof_plan;

/* ---- what came of it ------------------------------------------------------------------------- */

/* The median of some repetitions, and all of them between low and high. */
typedef struct proof_figure {
    double median;
    double low;
    double high;
    uint32_t count; /* 0: there is none */
} proof_figure;

typedef struct proof_way_result {
    bool measured;
    char reason[PROOF_REASON_SIZE];   /* why not */
    uint64_t units;                   /* of a repetition */
    double samples[PROOF_ROUNDS_MAX]; /* ns a unit, in the order of the rounds */
    proof_figure ns;                  /* a unit */
    double quality;
    int64_t latency_ns[4]; /* p50, p99, p99.9, greatest; all 0: none */
    proof_figure growth[PROOF_AXES_MAX][PROOF_PLACES_MAX]; /* ns a unit */
} proof_way_result;

typedef enum proof_verdict {
    PROOF_FAILED,    /* status and error say why */
    PROOF_NOISY,     /* the machine was too busy to conclude anything */
    PROOF_UNCLAIMED, /* measured; the guide claims nothing */
    PROOF_BEATEN,    /* all of the speed-up lies above what is claimed */
    PROOF_REACHED,   /* its median is at least the least that is claimed */
    PROOF_MISSED     /* it is below that */
} proof_verdict;

typedef struct proof_result {
    tw_status status;
    tw_error error;
    proof_verdict verdict;
    double noise; /* of the machine, as a share: see noise.h */
    uint32_t rounds;
    proof_way_result ways[PROOF_WAYS_MAX]; /* as those of the job */
    proof_figure speedup;                  /* naive by ours */
    proof_figure ratio[PROOF_WAYS_MAX];    /* each way by ours: above 1 it is slower */
    int64_t elapsed_ns;                    /* of measuring it */
} proof_result;

/* Measures one job in this process. What fails is in the result. */
void proof_measure(const proof_job *job, const proof_plan *plan, proof_result *ret_result);

/* The same in a process of its own, which is ended when `patience_ns` is over. */
void proof_measure_apart(const proof_job *job, const proof_plan *plan, int64_t patience_ns,
                         proof_result *ret_result);

/* The place of the way with this role in the job: the first; PROOF_WAYS_MAX: there is none. */
uint32_t proof_find(const proof_job *job, proof_role role);

uint32_t proof_way_count(const proof_job *job);

/* Whether there nothing of the job itself is in its way: one thread. */
bool proof_is_alone(const proof_job *job, const proof_point *point);

/* "batch-inserts" -> "beaten" and the like. */
const char *proof_verdict_name(proof_verdict verdict);

#endif
