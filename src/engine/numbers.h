/*
 * numbers.h - a set of message numbers, which are all above 0. Starts as { 0 }.
 */
#ifndef TH_ENGINE_NUMBERS_H
#define TH_ENGINE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct th_numbers {
    int64_t *slots; /* 0: free */
    size_t count, cap;
} th_numbers;

bool th_numbers_add(th_numbers *set, int64_t number); /* false: it was there */
bool th_numbers_has(const th_numbers *set, int64_t number);
void th_numbers_free(th_numbers *set);

#endif
