/* version.h - the version of the headers that a program was compiled with. */
#ifndef TRADEWIND_VERSION_H
#define TRADEWIND_VERSION_H

#define TW_VERSION "0.1.0"
#define TW_VERSION_NUMBER 100 /* major x 10,000 + minor x 100 + patch */

#endif
