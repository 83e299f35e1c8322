/*
 * doctor_room.c - how long the disk lasts, by what the store grows a day.
 *
 * Less than an hour of rows says nothing about a day, so nothing is made of it.
 */
#include <math.h>
#include <stdio.h>

#include "doctor.h"
#include "readable.h"
#include "tradewind/time.h"

static const double DAYS_GOOD = 7.0;
static const double DAYS_LEAST = 1.0;

/* "1.23 GB", "45.6 MB". */
static const char *size_of(double bytes, char *buffer) {
    bool large = bytes >= 1e9;
    double value = bytes / (large ? 1e9 : 1e6);
    snprintf(buffer, READABLE_SIZE, "%.*f %s", value < 10.0 ? 2 : 1, value, large ? "GB" : "MB");
    return buffer;
}

void doctor_say_room(doctor_list *list, const store_growth *growth, double free_bytes) {
    static const char what[] = "disk lasts";
    char room[READABLE_SIZE];
    char growing[READABLE_SIZE];
    char number[READABLE_SIZE];
    size_of(free_bytes, room);
    if (growth->span_ns < TW_NS_PER_HOUR) {
        doctor_say(list, DOCTOR_GOOD, what,
                   "%s free; how fast the store grows is not known before it has an hour of a run",
                   room);
        return;
    }
    double a_day = store_growth_bytes_a_day(growth);
    double rows_a_day = store_growth_rows_a_day(growth);
    double days = free_bytes / a_day;
    doctor_verdict verdict = days < DAYS_LEAST  ? DOCTOR_BAD
                             : days < DAYS_GOOD ? DOCTOR_NOTE
                                                : DOCTOR_GOOD;
    readable_count((uint64_t)llround(rows_a_day), number);
    doctor_finding *finding = doctor_say(
        list, verdict, what, "%.1f days: %s free, the store grows by %s (%s rows) a day of a run",
        days, room, size_of(a_day, growing), number);
    finding->figures = (doctor_figures){.known = true,
                                        .days = days,
                                        .free_bytes = free_bytes,
                                        .bytes_a_day = a_day,
                                        .rows_a_day = rows_a_day};
    if (verdict != DOCTOR_GOOD)
        doctor_advise(finding, "make room or move the store: a run ends when the disk is full");
}
