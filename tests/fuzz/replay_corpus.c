/*
 * replay_corpus.c - runs a fuzz target without a fuzzer.
 *
 *     fuzz_NAME CORPUS_FOLDER [INPUTS]
 *
 * First every file of the folder (it need not exist), in the order of their names; then INPUTS
 * generated ones (default 2000), half of them mutations of the files and half of them noise, from
 * a fixed seed. The same binary thus does the same on every machine, and a failure repeats.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_SIZE_MAX = 1 << 20, FILES_MAX = 4096, NOISE_SIZE_MAX = 512 };

typedef struct input {
    uint8_t *data;
    size_t size;
} input;

/* splitmix64: one multiplication chain a number, every seed good. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void die(const char *what, const char *path) {
    fprintf(stderr, "replay_corpus: %s: %s\n", what, path);
    exit(1);
}

static input read_input(const char *folder, const char *name) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        die("the path is too long", name);
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        die("cannot open", path);
    }
    input result = {malloc(INPUT_SIZE_MAX), 0};
    if (result.data == NULL) {
        die("no memory for", path);
    }
    result.size = fread(result.data, 1, INPUT_SIZE_MAX, file);
    if (ferror(file) || fgetc(file) != EOF) {
        die("cannot read, or larger than 1 MiB", path);
    }
    fclose(file);
    return result;
}

static int is_input(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Copies `size` bytes to a block of exactly that size, so that reading past them is caught. */
static void run(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        die("no memory for", "an input");
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* Flips, truncates or overwrites a copy of a corpus file. */
static void run_mutation(const input *base, uint64_t *random) {
    if (base->size == 0) {
        return;
    }
    uint8_t *copy = malloc(base->size);
    if (copy == NULL) {
        die("no memory for", "a mutation");
    }
    memcpy(copy, base->data, base->size);
    size_t size = base->size;
    uint64_t changes = 1 + next_random(random) % 4;
    for (uint64_t i = 0; i < changes; i++) {
        size_t at = (size_t)(next_random(random) % base->size);
        switch (next_random(random) % 3) {
        case 0:
            copy[at] ^= (uint8_t)(1u << (next_random(random) % 8));
            break;
        case 1:
            copy[at] = (uint8_t)next_random(random);
            break;
        default:
            size = at < size ? at : size;
            break;
        }
    }
    run(copy, size);
    free(copy);
}

static void run_noise(uint64_t *random) {
    uint8_t noise[NOISE_SIZE_MAX];
    size_t size = (size_t)(next_random(random) % (NOISE_SIZE_MAX + 1));
    for (size_t i = 0; i < size; i++) {
        noise[i] = (uint8_t)next_random(random);
    }
    run(noise, size);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER [INPUTS]\n", argv[0]);
        return 2;
    }
    long inputs = argc > 2 ? strtol(argv[2], NULL, 10) : 2000;
    struct dirent **entries = NULL;
    int count = scandir(argv[1], &entries, is_input, alphasort);
    if (count < 0) {
        count = 0;
    }
    if (count > FILES_MAX) {
        die("too many files in", argv[1]);
    }
    input *files = calloc(count > 0 ? (size_t)count : 1, sizeof *files);
    if (files == NULL) {
        die("no memory for", argv[1]);
    }
    for (int i = 0; i < count; i++) {
        files[i] = read_input(argv[1], entries[i]->d_name);
        run(files[i].data, files[i].size);
    }
    uint64_t random = 1;
    for (long i = 0; i < inputs; i++) {
        if (count > 0 && i % 2 == 0) {
            run_mutation(&files[next_random(&random) % (uint64_t)count], &random);
        } else {
            run_noise(&random);
        }
    }
    for (int i = 0; i < count; i++) {
        free(files[i].data);
        free(entries[i]);
    }
    free(files);
    free(entries);
    printf("[       OK ] %d corpus files and %ld generated inputs\n", count, inputs);
    return 0;
}
