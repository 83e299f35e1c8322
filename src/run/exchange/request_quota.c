/* request_quota.c - a short table, searched from the front: accounts are few. */
#include "request_quota.h"

#include <string.h>

#include "tradewind/time.h"

void request_quota_init(request_quota *quota, uint32_t limit) {
    memset(quota, 0, sizeof *quota);
    quota->limit = limit == 0 ? REQUEST_QUOTA_OFF : limit;
}

/* The counter of an account, else one to use for it. */
static request_counter *find_counter(request_quota *quota, const void *account, bool data) {
    request_counter *oldest = &quota->counters[0];
    for (uint32_t i = 0; i < REQUEST_QUOTA_COUNT_MAX; i++) {
        request_counter *counter = &quota->counters[i];
        if (counter->begin_ns != 0 && counter->account == account && counter->data == data)
            return counter;
        if (counter->begin_ns < oldest->begin_ns)
            oldest = counter;
        if (counter->begin_ns == 0)
            break; /* those behind it are free, too */
    }
    *oldest = (request_counter){.account = account, .data = data};
    return oldest;
}

quota_verdict request_quota_take(request_quota *quota, const void *account, bool data,
                                 int64_t now_ns) {
    request_counter *counter = find_counter(quota, account, data);
    if (counter->begin_ns == 0 || now_ns < counter->begin_ns ||
        now_ns - counter->begin_ns >= TW_NS_PER_MINUTE) {
        counter->begin_ns = now_ns;
        counter->used = 0;
    }
    int64_t reset_ns = counter->begin_ns + TW_NS_PER_MINUTE;
    quota_verdict verdict = {
        .refused = counter->used >= quota->limit,
        .limit = quota->limit,
        .reset_s = (reset_ns + TW_NS_PER_SECOND - 1) / TW_NS_PER_SECOND,
    };
    if (!verdict.refused)
        counter->used++;
    verdict.remaining = quota->limit - counter->used;
    return verdict;
}
