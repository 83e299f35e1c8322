/*
 * gentle_faults.h - the plan of faults named `gentle`: some of everything that goes wrong with a
 * venue, and nothing that a patient client does not get over. Its moments are those of half an
 * hour.
 */
#ifndef TRADEWIND_CLI_GENTLE_FAULTS_H
#define TRADEWIND_CLI_GENTLE_FAULTS_H

#define GENTLE_FAULTS              \
    "seed 1\n"                     \
    "latency 8ms 4ms\n"            \
    "tail 2% 300ms\n"              \
    "status 429 4% bare\n"         \
    "status 503 4%\n"              \
    "reset before 5% /v2/orders\n" \
    "reset after 8% /v2/orders\n"  \
    "updates drop 6%\n"            \
    "updates duplicate 10%\n"      \
    "updates delay 4s 6%\n"        \
    "mute 40s at 7m\n"             \
    "close streams at 13m\n"       \
    "restart at 22m\n"

#endif
