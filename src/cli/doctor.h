/*
 * doctor.h - what `tradewind doctor` looks at, and what it says about it.
 *
 * Each check adds one finding: what was looked at, what was found, a verdict, and what to do about
 * it when the verdict is not good.
 */
#ifndef TRADEWIND_CLI_DOCTOR_H
#define TRADEWIND_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "run_options.h"
#include "store_growth.h"
#include "tradewind/api.h"

#define DOCTOR_FINDING_COUNT_MAX 48

typedef enum doctor_verdict {
    DOCTOR_GOOD = 0,
    DOCTOR_NOTE,       /* works, and could be better or is not there yet */
    DOCTOR_BAD,        /* something will fail */
    DOCTOR_UNREACHABLE /* a remote was not reached or refused */
} doctor_verdict;

/* Of how long the disk lasts. */
typedef struct doctor_figures {
    bool known;
    double days;
    double free_bytes;
    double bytes_a_day;
    double rows_a_day;
} doctor_figures;

typedef struct doctor_finding {
    const char *what; /* a word or two */
    doctor_verdict verdict;
    char found[320];
    char advice[320]; /* empty when there is nothing to do */
    doctor_figures figures;
} doctor_finding;

typedef struct doctor_list {
    doctor_finding findings[DOCTOR_FINDING_COUNT_MAX];
    size_t count;
} doctor_list;

/* Adds a finding without advice; the text is cut at its field. */
doctor_finding *doctor_say(doctor_list *list, doctor_verdict verdict, const char *what,
                           const char *format, ...) TW_PRINTF(4, 5);
/* What to do about a finding. */
void doctor_advise(doctor_finding *finding, const char *format, ...) TW_PRINTF(2, 3);
/* The worst verdict, and how many findings have one. */
doctor_verdict doctor_worst(const doctor_list *list);
unsigned doctor_count(const doctor_list *list, doctor_verdict verdict);
/* The first line of a small file, without its end; false when there is none. */
bool doctor_first_line(const char *path, char *buffer, int capacity);

/* doctor_machine.c: processors, memory, files, clocks, zones, programs. */
void doctor_look_at_machine(doctor_list *list);
/* doctor_service.c: what an installation needs that runs for months; and the configuration file,
 * whose path may be empty. */
void doctor_look_at_service(doctor_list *list);
void doctor_look_at_settings(doctor_list *list, const char *path);
/* doctor_place.c: the folder of a store, and the store if it is there. `path` may be empty. */
void doctor_look_at_store(doctor_list *list, const char *path);
/* doctor_room.c: how long the disk lasts: below seven days is to note, below one is bad. */
void doctor_say_room(doctor_list *list, const store_growth *growth, double free_bytes);
/* doctor_online.c: addresses and credentials, and with `online` whether the venue answers. */
void doctor_look_at_venue(doctor_list *list, const venue_options *access, bool online);

#endif
