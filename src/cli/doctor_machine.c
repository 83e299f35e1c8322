/* doctor_machine.c - what the machine has, and what a trading system needs of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "tradewind/cpu.h"
#include "tradewind/solver.h"
#include "tradewind/time.h"
#include "zone_file.h"

#define MB (1024.0 * 1024.0)

static void look_at_system(doctor_list *list) {
    struct utsname system;
    if (uname(&system) == 0)
        doctor_say(list, DOCTOR_GOOD, "system", "%s %s, %s", system.sysname, system.release,
                   system.machine);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const char *level = tw_cpu_name(tw_cpu_choose(TW_CPU_BEST));
    doctor_finding *finding =
        doctor_say(list, processors >= 2 ? DOCTOR_GOOD : DOCTOR_NOTE, "processors",
                   "%ld, vector instructions: %s", processors, level);
    if (processors < 2)
        doctor_advise(finding, "a run has three threads of its own; with one processor an event "
                               "waits for the others");
}

static void look_at_memory(doctor_list *list) {
    double page = (double)sysconf(_SC_PAGESIZE);
    double total = page * (double)sysconf(_SC_PHYS_PAGES) / MB;
    double free_now = page * (double)sysconf(_SC_AVPHYS_PAGES) / MB;
    doctor_finding *finding = doctor_say(list, total >= 512.0 ? DOCTOR_GOOD : DOCTOR_NOTE, "memory",
                                         "%.0f MB, %.0f MB of them unused", total, free_now);
    if (total < 512.0)
        doctor_advise(finding, "a run takes about 200 MB");
}

static void look_at_files(doctor_list *list) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    bool few = files.rlim_cur < 1024;
    doctor_finding *finding = doctor_say(list, few ? DOCTOR_NOTE : DOCTOR_GOOD, "open files",
                                         "at most %llu", (unsigned long long)files.rlim_cur);
    if (few)
        doctor_advise(finding, "raise it with `ulimit -n 4096`: each connection is one");
}

/* ---- clocks -------------------------------------------------------------------------------- */

static void look_at_clock_source(doctor_list *list) {
    enum { READING_COUNT = 20000 };
    char source[64] = "unknown";
    (void)doctor_first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                            source, sizeof source);
    int64_t began_ns = tw_time_monotonic_ns();
    int64_t last_ns = began_ns;
    for (int i = 0; i < READING_COUNT; i++)
        last_ns = tw_time_monotonic_ns();
    double each_ns = (double)(last_ns - began_ns) / READING_COUNT;
    bool slow = each_ns > 200.0;
    doctor_finding *finding = doctor_say(list, slow ? DOCTOR_NOTE : DOCTOR_GOOD, "clock",
                                         "%s, %.0f ns a reading", source, each_ns);
    if (slow)
        doctor_advise(finding, "latencies are measured by it; tsc or kvm-clock take about 25 ns");
}

static void look_at_synchronisation(doctor_list *list) {
    struct timex state;
    memset(&state, 0, sizeof state);
    int code = ntp_adjtime(&state);
    if (code == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
        doctor_finding *finding =
            doctor_say(list, DOCTOR_NOTE, "time of day", "not synchronised, as the kernel sees it");
        doctor_advise(finding, "orders, bars and limits go by the venue's clock, but files and "
                               "certificates by this one: run systemd-timesyncd or chrony");
        return;
    }
    doctor_say(list, DOCTOR_GOOD, "time of day", "synchronised, within %.0f ms",
               (double)state.maxerror / 1000.0);
}

static void look_at_zones(doctor_list *list) {
    tw_zone *zone = NULL;
    tw_error error = {0};
    if (zone_file_read("America/New_York", &zone, &error) == TW_OK)
        doctor_say(list, DOCTOR_GOOD, "time zones", "New York's is here");
    else
        doctor_advise(doctor_say(list, DOCTOR_NOTE, "time zones", "%s", error.message),
                      "install tzdata: --calendar us needs it");
    tw_zone_free(zone);
}

/* ---- programs ------------------------------------------------------------------------------ */

static bool is_in_path(const char *program) {
    char path[512];
    const char *folders = secure_getenv("PATH");
    tw_slice rest = tw_slice_of(folders);
    while (rest.data != NULL) {
        tw_slice folder = tw_slice_split(&rest, ':');
        if (folder.size == 0)
            continue;
        snprintf(path, sizeof path, "%.*s/%s", (int)folder.size, folder.data, program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static void look_at_program(doctor_list *list, const char *program, const char *package,
                            const char *purpose) {
    if (is_in_path(program)) {
        doctor_say(list, DOCTOR_GOOD, program, "here: %s", purpose);
        return;
    }
    doctor_advise(doctor_say(list, DOCTOR_NOTE, program, "not here: %s", purpose),
                  "apt-get install %s, if you want them", package);
}

/* As --limits of rebalance finds it: TRADEWIND_CBC, or where the system has its programs. */
static void look_at_solver(doctor_list *list) {
    static const char purpose[] = "proofs under limits that overlap";
    char path[TW_SOLVER_PATH_SIZE];
    tw_error error = {0};
    const char *named = secure_getenv("TRADEWIND_CBC");
    bool is_named = named != NULL && named[0] != '\0';
    if (is_named && strcmp(named, "off") == 0)
        doctor_say(list, DOCTOR_GOOD, "cbc", "TRADEWIND_CBC is off: no %s", purpose);
    else if (tw_solver_find(is_named ? named : "cbc", path, &error) == TW_OK)
        doctor_say(list, DOCTOR_GOOD, "cbc", "here: %s", purpose);
    else if (error.status == TW_NOT_FOUND && !is_named)
        doctor_advise(doctor_say(list, DOCTOR_NOTE, "cbc", "not here: %s", purpose),
                      "apt-get install coinor-cbc, if you want them");
    else
        doctor_advise(doctor_say(list, DOCTOR_NOTE, "cbc", "%s", error.message),
                      "without it there are no %s", purpose);
}

void doctor_look_at_machine(doctor_list *list) {
    look_at_system(list);
    look_at_memory(list);
    look_at_files(list);
    look_at_clock_source(list);
    look_at_synchronisation(list);
    look_at_zones(list);
    look_at_program(list, "gnuplot", "gnuplot-nox", "the pictures of --plot");
    look_at_solver(list);
}
