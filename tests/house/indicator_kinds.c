/*
 * indicator_kinds.c - prints what the library says of each kind of indicator, a line each, its
 * fields divided by tabs: name, call with its defaults, words, inputs, outputs, rows before the
 * first answers. tools/indicator_page.py compares the guide with it.
 */
#include <stdio.h>
#include <string.h>

#include "tradewind/indicator.h"

static const char *const inputs[] = {"open", "high", "low", "close", "volume", "other"};

/* The word of a choice that has this number. */
static void print_word(const char *words, int number) {
    for (; number > 0; number--)
        words = strchr(words, '|') + 1;
    printf("%.*s", (int)strcspn(words, "|"), words);
}

static void print_defaults(const tw_indicator_description *what) {
    printf("%s(", what->name);
    for (size_t i = 0; i < what->parameter_count; i++) {
        const tw_indicator_parameter *p = &what->parameters[i];
        printf("%s%s=", i == 0 ? "" : ", ", p->name);
        if (p->words != NULL)
            print_word(p->words, (int)p->fallback);
        else
            printf("%g", p->fallback);
    }
    printf(")\t");
}

/* "seed: sma, first; ..."; the kinds of means stand in the page once. */
static void print_words(const tw_indicator_description *what) {
    const char *between = "";
    for (size_t i = 0; i < what->parameter_count; i++) {
        const char *words = what->parameters[i].words;
        if (words == NULL)
            continue;
        printf("%s%s: ", between, what->parameters[i].name);
        between = "; ";
        if (strncmp(words, "sma|ema|", 8) == 0) {
            printf("any mean");
            continue;
        }
        for (; *words != '\0'; words++) {
            if (*words == '|')
                printf(", ");
            else
                putchar(*words);
        }
    }
    putchar('\t');
}

static void print_kind(tw_indicator_kind kind) {
    const tw_indicator_description *what = tw_indicator_describe(kind);
    tw_indicator_config config;
    tw_indicator_defaults(kind, &config);
    printf("%s\t", what->name);
    print_defaults(what);
    print_words(what);
    const char *between = "";
    for (size_t i = 0; i < TW_INDICATOR_INPUT_COUNT; i++) {
        if ((what->inputs >> i & 1) != 0) {
            printf("%s%s", between, inputs[i]);
            between = ", ";
        }
    }
    putchar('\t');
    for (uint32_t o = 0; o < what->output_count; o++)
        printf("%s%s", o == 0 ? "" : ", ", what->outputs[o]);
    putchar('\t');
    size_t last = TW_INDICATOR_FOREVER - 1;
    for (uint32_t o = 0; o < what->output_count; o++) {
        size_t rows = tw_indicator_lookback(&config, o);
        if (rows != last && rows == TW_INDICATOR_FOREVER)
            printf("%sdata", o == 0 ? "" : ", ");
        else if (rows != last)
            printf("%s%zu", o == 0 ? "" : ", ", rows);
        last = rows;
    }
    putchar('\n');
}

int main(void) {
    for (size_t kind = 0; kind < tw_indicator_kind_count(); kind++)
        print_kind((tw_indicator_kind)kind);
    return 0;
}
