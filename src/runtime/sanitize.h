/*
 * sanitize.h - what the sanitizers must be told about stacks that we make and switch ourselves.
 *
 * Without a sanitizer all of it is nothing.
 */
#ifndef TH_RUNTIME_SANITIZE_H
#define TH_RUNTIME_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define TH_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TH_WITH_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define TH_WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TH_WITH_TSAN 1
#endif
#endif

#ifdef TH_WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef TH_WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

static inline void th__stack_unpoison(void *p, size_t n)
{
#ifdef TH_WITH_ASAN
    __asan_unpoison_memory_region(p, n);
#else
    (void)p;
    (void)n;
#endif
}

/* What only a suspended coroutine points to is not a leak. */
static inline void th__stack_roots(char *first, size_t stride, size_t size, size_t count)
{
#ifdef TH_WITH_ASAN
    for (size_t i = 0; i < count; i++)
        __lsan_register_root_region(first + i * stride, size);
#else
    (void)first;
    (void)stride;
    (void)size;
    (void)count;
#endif
}

#endif
