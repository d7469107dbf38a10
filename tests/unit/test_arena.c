/* test_arena.c - pieces, marks, and what goes back to the system. */
#include "base/arena.h"

#include <signal.h>
#include <stdalign.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TEST(memory_is_zeroed_even_when_it_was_used_before)
{
    th_arena *arena = th_arena_new(256);
    static const char zeros[100];

    memset(th_alloc(arena, 100), 0xFF, 100);
    th_arena_reset(arena);
    CHECK_MEM(th_alloc(arena, 100), zeros, 100);
    th_arena_free(arena);
}

TEST(every_piece_is_aligned_for_any_type)
{
    th_arena *arena = th_arena_new(64);

    for (size_t size = 0; size < 200; size++)
        CHECK_INT((uintptr_t)th_alloc(arena, size) % alignof(max_align_t), 0);
    th_arena_free(arena);
}

TEST(pieces_do_not_overlap_over_many_blocks)
{
    th_arena *arena = th_arena_new(64);
    unsigned char *pieces[500];

    for (size_t i = 0; i < 500; i++) {
        pieces[i] = th_alloc(arena, i + 1);
        memset(pieces[i], (int)(i & 0xFF), i + 1);
    }
    for (size_t i = 0; i < 500; i++)
        CHECK(pieces[i][0] == (i & 0xFF) && pieces[i][i] == (i & 0xFF));
    th_arena_free(arena);
}

TEST(one_piece_may_be_larger_than_any_block)
{
    th_arena *arena = th_arena_new(64);
    char *big = th_alloc(arena, 5000000);

    big[4999999] = 'x';
    CHECK(th_arena_size(arena) >= 5000000);
    th_arena_free(arena);
}

TEST(a_rewind_frees_what_came_after_the_mark_and_nothing_else)
{
    th_arena *arena = th_arena_new(128);
    char *before = th_strdup(arena, "before");
    th_arena_mark mark = th_arena_mark_here(arena);
    size_t size = th_arena_size(arena);

    char *after = th_alloc(arena, 16);
    th_alloc(arena, 100000);
    CHECK(th_arena_size(arena) > size);
    th_arena_rewind(arena, mark);
    CHECK_INT(th_arena_size(arena), size);
    CHECK_STR(before, "before");
    CHECK(th_alloc(arena, 16) == (void *)after);
    th_arena_free(arena);
}

TEST(a_reset_keeps_the_first_block_only)
{
    th_arena *arena = th_arena_new(128);
    size_t size = th_arena_size(arena);
    void *first = th_alloc(arena, 8);

    th_alloc(arena, 100000);
    th_arena_reset(arena);
    CHECK_INT(th_arena_size(arena), size);
    CHECK(th_alloc(arena, 8) == first);
    th_arena_free(arena);
}

TEST(texts_are_copied)
{
    th_arena *arena = th_arena_new(0);

    CHECK_STR(th_strdup(arena, "text"), "text");
    CHECK(th_strdup(arena, NULL) == NULL);
    CHECK_STR(th_strndup(arena, "text", 2), "te");
    CHECK_STR(th_strndup(arena, NULL, 0), "");
    CHECK_STR(th_sprintf(arena, "%s-%d", "a", 7), "a-7");
    th_arena_free(arena);
}

TEST(formatted_texts_of_any_length_come_out_whole)
{
    th_arena *arena = th_arena_new(64);
    char text[1001];

    memset(text, 'y', 1000);
    for (size_t n = 250; n < 262; n++) {
        text[n] = '\0';
        CHECK_STR(th_sprintf(arena, "%s", text), text);
        text[n] = 'y';
    }
    text[1000] = '\0';
    CHECK_STR(th_sprintf(arena, "%s", text), text);
    th_arena_free(arena);
}

TEST(what_outlives_an_arena_comes_from_malloc)
{
    char *copy = th_mstrdup("text");
    int *zeros = th_malloc(4 * sizeof *zeros);

    CHECK_STR(copy, "text");
    CHECK(th_mstrdup(NULL) == NULL);
    CHECK_INT(zeros[3], 0);
    zeros = th_realloc(zeros, 8 * sizeof *zeros);
    zeros[7] = 1;
    free(zeros);
    free(copy);
    free(th_malloc(0));
    th_arena_free(NULL);
}

/* Runs in a child that must die of abort(), quietly. */
static bool aborts(void (*run)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        run();
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void overflow_an_array(void)
{
    th_alloc_array(th_arena_new(0), SIZE_MAX / 2, 3);
}

static void ask_for_the_world(void)
{
    th_alloc(th_arena_new(0), SIZE_MAX - 4);
}

TEST(sizes_that_overflow_abort_instead_of_wrapping)
{
    CHECK(aborts(overflow_an_array));
    CHECK(aborts(ask_for_the_world));
}
