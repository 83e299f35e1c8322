/* noise.c - see noise.h. */
#include "noise.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sorted.h"
#include "tradewind/time.h"

enum { PROBE_STEPS = 300000 }; /* each waits for the one before: three to five cycles */

static const int64_t SPENT_MIN_NS = 50 * TW_NS_PER_MS;

void noise_probe(noise_probes *noise) {
    uint64_t value = noise->count + 1;
    int64_t began_ns = tw_time_monotonic_ns();
    for (int i = 0; i < PROBE_STEPS; i++) {
        value = value * UINT64_C(6364136223846793005) + 1442695040888963407;
        __asm__ volatile("" : "+r"(value)); /* every step is taken */
    }
    noise->probes_ns[noise->count % NOISE_PROBES_MAX] = tw_time_monotonic_ns() - began_ns;
    noise->count++;
}

/* Of /proc/thread-self/schedstat the second number. */
static int64_t waited_ns(void) {
    char text[128];
    int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size > 0 ? size : 0] = '\0';
    char *behind = NULL;
    (void)strtoll(text, &behind, 10); /* how long it ran */
    return strtoll(behind, NULL, 10);
}

void noise_enter(noise_probes *noise) {
    noise->waited_before_ns = waited_ns();
    noise->entered_ns = tw_time_monotonic_ns();
}

void noise_leave(noise_probes *noise) {
    noise->spent_ns += tw_time_monotonic_ns() - noise->entered_ns;
    noise->waited_ns += waited_ns() - noise->waited_before_ns;
}

static double share_of_probes(const noise_probes *noise) {
    size_t count = noise->count < NOISE_PROBES_MAX ? noise->count : NOISE_PROBES_MAX;
    double sorted[NOISE_PROBES_MAX];
    if (count < 2)
        return 0;
    for (size_t i = 0; i < count;)
        i = sorted_put(sorted, i, (double)noise->probes_ns[i]);
    return (sorted[count * 3 / 4] - sorted[0]) / sorted[0];
}

static double share_of_waiting(const noise_probes *noise) {
    int64_t ran_ns = noise->spent_ns - noise->waited_ns;
    if (noise->spent_ns < SPENT_MIN_NS || ran_ns <= 0)
        return 0;
    return (double)noise->waited_ns / (double)ran_ns;
}

double noise_share(const noise_probes *noise) {
    double probes = share_of_probes(noise);
    double waiting = share_of_waiting(noise);
    return probes > waiting ? probes : waiting;
}
