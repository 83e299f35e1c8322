/* refusal.c - see refusal.h. */
#include "refusal.h"

#include <stdarg.h>
#include <stdio.h>

tw_status refuse(ledger_refusal *ret_refusal, uint32_t http_status, int64_t code,
                 const char *format, ...) {
    *ret_refusal = (ledger_refusal){.http_status = http_status, .code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_refusal->message, sizeof ret_refusal->message, format, arguments);
    va_end(arguments);
    return TW_REFUSED;
}

void refusal_detail(ledger_refusal *refusal, const char *name, const char *value) {
    TW_ASSERT(refusal->detail_count < REFUSAL_DETAIL_COUNT_MAX);
    tw_alpaca_detail *detail = &refusal->details[refusal->detail_count++];
    snprintf(detail->name, sizeof detail->name, "%s", name);
    snprintf(detail->value, sizeof detail->value, "%s", value);
    detail->quoted = true;
}

void refusal_write(const ledger_refusal *refusal, tw_text *text) {
    tw_alpaca_error problem = {.code = refusal->code, .detail_count = refusal->detail_count};
    snprintf(problem.message, sizeof problem.message, "%s", refusal->message);
    for (uint32_t i = 0; i < refusal->detail_count; i++)
        problem.details[i] = refusal->details[i];
    tw_alpaca_encode_problem(text, &problem);
}
