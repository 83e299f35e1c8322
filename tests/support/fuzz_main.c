/*
 * fuzz_main.c - runs a fuzz target without a fuzzer, so that it is an ordinary test too.
 *
 * Usage: fuzz_NAME [FILE or DIRECTORY...]. Every file is run once as it is; then a fixed number of
 * inputs is made from them by seeded changes (a byte flipped, cut, doubled, or two files joined),
 * so that each run is the same. Without files the changes start from the empty input.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_SIZE_MAX 4096
#define INPUT_COUNT_MAX 256
#define RUN_COUNT 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct fuzz_input {
    uint8_t bytes[INPUT_SIZE_MAX];
    size_t size;
} fuzz_input;

static fuzz_input inputs[INPUT_COUNT_MAX];
static size_t input_count;

static bool add_file(const char *path) {
    if (input_count == INPUT_COUNT_MAX) {
        fprintf(stderr, "more than %d inputs\n", INPUT_COUNT_MAX);
        return false;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
        return false;
    }
    fuzz_input *new_input = &inputs[input_count++];
    new_input->size = fread(new_input->bytes, 1, INPUT_SIZE_MAX, file);
    bool good = ferror(file) == 0;
    fclose(file);
    return good;
}

/* Names in the order of the alphabet, so that every machine makes the same inputs. */
static bool add_path(const char *path) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        return add_file(path);
    bool good = true;
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            good = add_file(name) && good;
        free(entries[i]);
    }
    free(entries);
    return good;
}

static uint64_t next_random(uint64_t *seed) {
    *seed += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* One change at a random place. */
static void change(fuzz_input *input, uint64_t *seed) {
    static const char liked[] = "0123456789.-+:TZeE%#=\"\\[]{},\n ";
    size_t at = input->size == 0 ? 0 : next_random(seed) % input->size;
    size_t rest = input->size - at;
    switch (next_random(seed) % 5) {
    case 0:
        if (input->size > 0)
            input->bytes[at] ^= (uint8_t)(1 << next_random(seed) % 8);
        break;
    case 1:
        if (input->size > 0)
            input->bytes[at] = (uint8_t)liked[next_random(seed) % (sizeof liked - 1)];
        break;
    case 2: /* one byte out */
        if (input->size > 0) {
            memmove(input->bytes + at, input->bytes + at + 1, rest - 1);
            input->size--;
        }
        break;
    case 3: /* one byte in */
        if (input->size < INPUT_SIZE_MAX) {
            memmove(input->bytes + at + 1, input->bytes + at, rest);
            input->bytes[at] = (uint8_t)liked[next_random(seed) % (sizeof liked - 1)];
            input->size++;
        }
        break;
    default: { /* what stands here again */
        size_t size = rest < INPUT_SIZE_MAX - input->size ? rest : INPUT_SIZE_MAX - input->size;
        memcpy(input->bytes + input->size, input->bytes + at, size);
        input->size += size;
        break;
    }
    }
}

int main(int argc, char **argv) {
    bool good = true;
    for (int i = 1; i < argc; i++)
        good = add_path(argv[i]) && good;
    if (!good)
        return 1;
    for (size_t i = 0; i < input_count; i++)
        LLVMFuzzerTestOneInput(inputs[i].bytes, inputs[i].size);
    uint64_t seed = 1;
    static fuzz_input made;
    for (int run = 0; run < RUN_COUNT; run++) {
        made.size = 0;
        if (input_count > 0)
            made = inputs[next_random(&seed) % input_count];
        for (uint64_t changes = next_random(&seed) % 6; changes > 0; changes--)
            change(&made, &seed);
        LLVMFuzzerTestOneInput(made.bytes, made.size);
    }
    printf("%zu files and %d changed inputs\n", input_count, RUN_COUNT);
    return 0;
}
