/* query.h - parameters of a request, read one way by every route. A reader that finds a parameter
 * wrong has answered the call and returns false. */
#ifndef TRADEWIND_RUN_EXCHANGE_QUERY_H
#define TRADEWIND_RUN_EXCHANGE_QUERY_H

#include "exchange_priv.h"

/* The parameter, or an empty text. */
tw_slice query_text(const exchange_call *call, const char *name);

/* A time of RFC 3339 or a date; what is not given is left alone. */
bool query_time(exchange_call *call, const char *name, int64_t *ret_ns);

/* A whole number from 1 to `most`; what is not given is left alone. */
bool query_count(exchange_call *call, const char *name, uint64_t most, uint64_t *ret_count);

/* True or false, in all the ways that Go's strconv.ParseBool reads ("true", "True", "1", "t" ...):
 * the SDK of Python sends "True". What is not given is left alone. */
bool query_flag(exchange_call *call, const char *name, bool *ret_flag);

/* Writes a day (days since 1970) as "2026-01-05" into 16 bytes. */
void query_write_day(int64_t day, char *buffer);

/* Refuses a parameter in the venue's words, 422; false. */
bool query_invalid(exchange_call *call, const char *name, tw_slice text);

#endif
