/* doctor_list.c - what was found, in the order in which it was looked for. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

doctor_finding *doctor_say(doctor_list *list, doctor_verdict verdict, const char *what,
                           const char *format, ...) {
    TW_ASSERT(list->count < DOCTOR_FINDING_COUNT_MAX);
    doctor_finding *finding = &list->findings[list->count++];
    va_list rest;
    va_start(rest, format);
    vsnprintf(finding->found, sizeof finding->found, format, rest);
    va_end(rest);
    finding->what = what;
    finding->verdict = verdict;
    finding->advice[0] = '\0';
    finding->figures = (doctor_figures){0};
    return finding;
}

void doctor_advise(doctor_finding *finding, const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    vsnprintf(finding->advice, sizeof finding->advice, format, rest);
    va_end(rest);
}

doctor_verdict doctor_worst(const doctor_list *list) {
    doctor_verdict verdict = DOCTOR_GOOD;
    for (size_t i = 0; i < list->count; i++)
        if (list->findings[i].verdict > verdict)
            verdict = list->findings[i].verdict;
    return verdict;
}

unsigned doctor_count(const doctor_list *list, doctor_verdict verdict) {
    unsigned count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->findings[i].verdict == verdict;
    return count;
}

bool doctor_first_line(const char *path, char *buffer, int capacity) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fgets(buffer, capacity, file) != NULL;
    fclose(file);
    if (read)
        buffer[strcspn(buffer, "\n")] = '\0';
    return read;
}
