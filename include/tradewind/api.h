/*
 * api.h - the macros every other public header is written with.
 *
 * TW_API         the symbol is exported from libtradewind; everything else is hidden.
 * TW_MUST_CHECK  the caller must look at the returned value; the compiler warns otherwise.
 * TW_AUTO(type)  a local handle that frees itself when it leaves its scope:
 *                    TW_AUTO(tw_ring) *ring = NULL;
 * TW_ASSERT(c)   a programmer error stops the program here, in every build.
 *
 * Threads: TW_ASSERT may be used from any thread.
 */
#ifndef TRADEWIND_API_H
#define TRADEWIND_API_H

#ifdef __cplusplus
#define TW_BEGIN_DECLS extern "C" {
#define TW_END_DECLS }
#else
#define TW_BEGIN_DECLS
#define TW_END_DECLS
#endif

#define TW_API __attribute__((visibility("default")))
#define TW_MUST_CHECK __attribute__((warn_unused_result))
#define TW_PRINTF(format_index, first_argument) \
    __attribute__((format(printf, format_index, first_argument)))

/* Makes TW_AUTO(type) usable: `free_function` takes a `type *` and accepts NULL. */
#define TW_DEFINE_AUTO(type, free_function)                  \
    static inline void type##_auto_release(type **pointer) { \
        free_function(*pointer);                             \
        *pointer = 0;                                        \
    }

#define TW_AUTO(type) __attribute__((cleanup(type##_auto_release))) type

#define TW_ASSERT(condition)                      \
    (__builtin_expect(!!(condition), 1) ? (void)0 \
                                        : tw_assert_failed(#condition, __FILE__, __LINE__))

TW_BEGIN_DECLS

/* Prints one sentence to standard error and aborts. Never returns. */
TW_API void tw_assert_failed(const char *condition, const char *file, int line)
    __attribute__((noreturn, cold));

TW_END_DECLS

#endif
