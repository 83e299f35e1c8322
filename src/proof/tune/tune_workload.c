/* tune_workload.c - see tune_workload.h. */
#include "tune_workload.h"

#include <stdlib.h>

#include "tradewind/alloc.h"
#include "tradewind/time.h"

static int by_time(const void *a, const void *b) {
    const tw_trade *one = a;
    const tw_trade *other = b;
    if (one->time_ns != other->time_ns)
        return one->time_ns < other->time_ns ? -1 : 1;
    if (one->symbol != other->symbol)
        return one->symbol < other->symbol ? -1 : 1;
    return (one->id > other->id) - (one->id < other->id);
}

/* Of the minute that has most trades; of a second at least where all of them are of less. */
static double busiest_rate(const tw_trade *trades, uint64_t count) {
    uint64_t most = 0;
    uint64_t first = 0;
    for (uint64_t i = 0; i < count; i++) {
        while (trades[i].time_ns - trades[first].time_ns >= TW_NS_PER_MINUTE)
            first++;
        most = i - first + 1 > most ? i - first + 1 : most;
    }
    int64_t span_ns = trades[count - 1].time_ns - trades[0].time_ns;
    span_ns = span_ns > TW_NS_PER_MINUTE ? TW_NS_PER_MINUTE : span_ns;
    span_ns = span_ns < TW_NS_PER_SECOND ? TW_NS_PER_SECOND : span_ns;
    return (double)most * TW_NS_PER_SECOND / (double)span_ns;
}

tw_status tune_workload_read(tune_workload *workload) {
    TW_ASSERT(workload->count > 0);
    uint32_t known = tw_symbols_count(workload->symbols);
    bool *seen = TW_NEW(NULL, known, bool);
    if (seen == NULL)
        return TW_NO_MEMORY;
    qsort(workload->trades, workload->count, sizeof workload->trades[0], by_time);
    for (uint32_t i = 0; i < known; i++)
        seen[i] = false;
    workload->symbol_count = 0;
    for (uint64_t i = 0; i < workload->count; i++) {
        bool *symbol = &seen[workload->trades[i].symbol];
        workload->symbol_count += !*symbol;
        *symbol = true;
    }
    workload->rate = busiest_rate(workload->trades, workload->count);
    TW_DELETE(NULL, seen, known, bool);
    return TW_OK;
}
