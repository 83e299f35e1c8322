/*
 * fuzz_crash_dump.c - bytes from anywhere as the dump of a flight recorder.
 *
 * What is accepted has no more events than the file has room for, and texts that end and hold no
 * control byte.
 */
#include <string.h>

#include "memory_file.h"
#include "tradewind/crash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_text(const char *text, size_t room) {
    size_t size = strnlen(text, room);
    TW_ASSERT(size < room);
    for (size_t i = 0; i < size; i++)
        TW_ASSERT((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tw_crash_dump dump;
    tw_error error = {0};
    memory_file file = memory_file_make(data, size);
    tw_status status = tw_crash_dump_read(NULL, file.path, &dump, &error);
    memory_file_close(&file);
    if (status != TW_OK) {
        TW_ASSERT(error.status == status && error.message[0] != '\0');
        return 0;
    }
    TW_ASSERT(dump.count * sizeof(tw_flight_event) < size);
    TW_ASSERT(strnlen(dump.summary.program, TW_CRASH_PROGRAM_SIZE) < TW_CRASH_PROGRAM_SIZE);
    for (size_t i = 0; i < dump.count; i++) {
        assert_text(dump.events[i].name, sizeof dump.events[i].name);
        assert_text(dump.events[i].text, sizeof dump.events[i].text);
    }
    tw_crash_dump_done(&dump);
    return 0;
}
