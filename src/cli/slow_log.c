/* slow_log.c - see slow_log.h. */
#include "slow_log.h"

static const int64_t LINE_PERIOD_NS = INT64_C(1000000000);

bool slow_log_takes(slow_log *log, int64_t elapsed_ns, int64_t now_ns, uint64_t *ret_left_out) {
    if (log->threshold_ns == 0 || elapsed_ns < log->threshold_ns)
        return false;
    if (now_ns < log->next_ns) {
        log->left_out++;
        return false;
    }
    *ret_left_out = log->left_out;
    log->left_out = 0;
    log->next_ns = now_ns + LINE_PERIOD_NS;
    return true;
}
