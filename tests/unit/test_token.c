#include "http/token.h"

#include "test.h"

TEST(a_token_gives_back_its_id_in_its_hub)
{
    th_arena *arena = th_arena_new(0);
    static const char *const ids[] = { "a", "ab", "abc", "order 7", "\xc3\xa9\xe2\x82\xac", "x|y" };

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const char *token = th_token_make(arena, 3, ids[i]);
        CHECK_STR(th_token_read(arena, 3, token), ids[i]);
        CHECK_STR(th_token_read(arena, 4, token), NULL);
        CHECK_INT(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  strlen(token));
    }
    th_arena_free(arena);
}

TEST(what_is_no_token_is_refused)
{
    th_arena *arena = th_arena_new(0);
    char *long_one = th_alloc(arena, 20001);
    static const char *const bad[] = {
        "", "x", "garbage", "a b", "====", "MXwwMDAwMDAwMHxh", "\xff"
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_STR(th_token_read(arena, 1, bad[i]), NULL);
    memset(long_one, 'A', 20000);
    CHECK_STR(th_token_read(arena, 1, long_one), NULL);
    th_arena_free(arena);
}

TEST(a_changed_character_is_noticed)
{
    th_arena *arena = th_arena_new(0);
    char *token = th_strdup(arena, th_token_make(arena, 1, "instance-42"));

    for (size_t i = 0; token[i]; i++) {
        char was = token[i];
        token[i] = was == 'B' ? 'C' : 'B';
        const char *id = th_token_read(arena, 1, token);
        /* The last digit may hold bits that no byte needs. */
        CHECK(!id || (token[i + 1] == '\0' && strcmp(id, "instance-42") == 0));
        token[i] = was;
    }
    th_arena_free(arena);
}
