/* version.h - the version of the headers, and of the library that runs. */
#ifndef TRADEWIND_VERSION_H
#define TRADEWIND_VERSION_H

#include "tradewind/api.h"

#define TW_VERSION "0.1.0"
#define TW_VERSION_NUMBER 100 /* major x 10,000 + minor x 100 + patch */

TW_BEGIN_DECLS

/* TW_VERSION of the library that the program is linked with. Threads: pure. */
TW_API const char *tw_version(void);

TW_END_DECLS

#endif
