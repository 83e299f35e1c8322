/* page.h - the page at "/", as it was built in (page.html). */
#ifndef TRADEWIND_RUN_EXCHANGE_PAGE_H
#define TRADEWIND_RUN_EXCHANGE_PAGE_H

#include <stddef.h>

extern const char exchange_page[];
extern const size_t exchange_page_size;

#endif
