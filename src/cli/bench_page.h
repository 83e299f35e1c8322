/* bench_page.h - the parts of the report, and its style. */
#ifndef TRADEWIND_CLI_BENCH_PAGE_H
#define TRADEWIND_CLI_BENCH_PAGE_H

#include "bench_results.h"

/* bench_page.css, as the build has put it into the program. */
extern const char bench_page_style[];
extern const size_t bench_page_style_size;

/* What came of a job, in one sentence and in a word with its sign. */
void bench_page_verdict(const proof_job *job, const proof_result *result, FILE *stream);
void bench_page_badge(const proof_result *result, FILE *stream);

/* All of one job. */
void bench_page_job(const proof_job *job, const proof_result *result, FILE *stream);

#endif
