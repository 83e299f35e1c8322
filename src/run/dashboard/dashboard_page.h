/* dashboard_page.h - the page's files (web/dist), as they were built in. */
#ifndef TRADEWIND_RUN_DASHBOARD_PAGE_H
#define TRADEWIND_RUN_DASHBOARD_PAGE_H

#include <stddef.h>

typedef struct page_file {
    const char *name; /* "index.html" */
    const char *data;
    size_t size;
} page_file;

extern const page_file page_files[];
extern const size_t page_file_count;

#endif
