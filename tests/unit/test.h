/*
 * test.h - the whole test framework: sentence-named tests, checks that go on after a failure.
 *
 * Include it in exactly one .c file of a test program; it brings main() along. Tests register
 * themselves and run in the order of the file. Arguments are name filters: a test runs if its name
 * contains any of them. Exit 1 when a check failed or when no test ran at all.
 */
#ifndef TH_TESTS_UNIT_TEST_H
#define TH_TESTS_UNIT_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
} test_case;

static test_case *test_first;
static test_case **test_last = &test_first;
static bool test_bad; /* a check of the running test failed */

#define TEST(id)                                                      \
    static void test_##id(void);                                      \
    __attribute__((constructor)) static void test_register_##id(void) \
    {                                                                 \
        static test_case self = { #id, test_##id, NULL };             \
        *test_last = &self;                                           \
        test_last = &self.next;                                       \
    }                                                                 \
    static void test_##id(void)

/* Each check says whether it held, so that a test can stop: `if (!CHECK(p)) return;` */
#define CHECK(cond) test_check((cond) ? true : false, __FILE__, __LINE__, #cond)
#define CHECK_STR(got, want) test_check_str((got), (want), __FILE__, __LINE__, #got)
#define CHECK_INT(got, want) \
    test_check_int((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, #got)
#define CHECK_MEM(got, want, n) test_check_mem((got), (want), (n), __FILE__, __LINE__, #got)

__attribute__((unused)) static bool test_check(bool ok, const char *file, int line,
                                               const char *what)
{
    if (ok)
        return true;
    test_bad = true;
    printf("%s:%d: failed: %s\n", file, line, what);
    return false;
}

__attribute__((unused)) static bool test_check_str(const char *got, const char *want,
                                                   const char *file, int line, const char *what)
{
    if (got == want || (got && want && strcmp(got, want) == 0))
        return true;
    test_bad = true;
    printf("%s:%d: %s is %s%s%s, not %s%s%s\n", file, line, what, got ? "\"" : "",
           got ? got : "NULL", got ? "\"" : "", want ? "\"" : "", want ? want : "NULL",
           want ? "\"" : "");
    return false;
}

__attribute__((unused)) static bool test_check_int(intmax_t got, intmax_t want, const char *file,
                                                   int line, const char *what)
{
    if (got == want)
        return true;
    test_bad = true;
    printf("%s:%d: %s is %" PRIdMAX ", not %" PRIdMAX "\n", file, line, what, got, want);
    return false;
}

__attribute__((unused)) static bool test_check_mem(const void *got, const void *want, size_t n,
                                                   const char *file, int line, const char *what)
{
    const unsigned char *g = got, *w = want;

    for (size_t i = 0; i < n; i++) {
        if (g[i] == w[i])
            continue;
        test_bad = true;
        printf("%s:%d: %s differs at byte %zu of %zu: %02x, not %02x\n", file, line, what, i, n,
               g[i], w[i]);
        return false;
    }
    return true;
}

static bool test_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0); /* a crash must not swallow the lines before it */
    for (test_case *t = test_first; t; t = t->next) {
        if (!test_wanted(t->name, argc, argv))
            continue;
        test_bad = false;
        t->run();
        if (test_bad)
            printf("FAILED %s\n", t->name);
        failed += test_bad;
        passed += !test_bad;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}

#endif
