/* test_ids.c - random ids, partitions, and the rule for instance ids. */
#include "base/ids.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

TEST(random_ids_are_version_4_and_differ)
{
    enum { COUNT = 300 }; /* more than one batch */
    th_uuid ids[COUNT];

    for (int i = 0; i < COUNT; i++) {
        ids[i] = th_uuid_random();
        CHECK_INT(ids[i].b[6] >> 4, 4);
        CHECK_INT(ids[i].b[8] >> 6, 2);
        CHECK(!th_uuid_is_null(&ids[i]));
        for (int k = 0; k < i; k++)
            CHECK(!th_uuid_equal(&ids[i], &ids[k]));
    }
}

static void *take_one(void *out)
{
    *(th_uuid *)out = th_uuid_random();
    return NULL;
}

TEST(threads_have_stocks_of_their_own)
{
    th_uuid ids[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, take_one, &ids[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            CHECK(!th_uuid_equal(&ids[i], &ids[k]));
}

TEST(a_forked_child_does_not_repeat_its_parents_ids)
{
    th_uuid theirs = { { 0 } }, ours;
    int ends[2], status = -1;

    th_uuid_random(); /* leaves a stock that both would go on with */
    if (!CHECK(pipe(ends) == 0))
        return;

    pid_t child = fork();
    if (child == 0) {
        th_uuid id = th_uuid_random();
        _exit(write(ends[1], &id, sizeof id) == (ssize_t)sizeof id ? 0 : 1);
    }
    ours = th_uuid_random();
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
    CHECK(!th_uuid_equal(&ours, &theirs));
    close(ends[0]);
    close(ends[1]);
}

TEST(an_id_as_text_comes_back)
{
    th_uuid id = { { 0x00, 0x01, 0x2a, 0xff, 0x10, 0x9f, 0x4b, 0xcd, 0x80, 0xef, 0x7f, 0xa0, 0x0b,
                     0xc0, 0xdd, 0xee } };
    th_uuid back;
    char text[TH_UUID_TEXT];

    th_uuid_text(&id, text);
    CHECK_STR(text, "00012aff109f4bcd80ef7fa00bc0ddee");
    CHECK(th_uuid_parse(text, &back) && th_uuid_equal(&id, &back));
    CHECK(th_uuid_parse("00012AFF-109f-4bcd-80ef-7fa00bc0ddee", &back) &&
          th_uuid_equal(&id, &back));
}

TEST(every_byte_has_its_two_digits)
{
    for (int v = 0; v < 256; v++) {
        th_uuid id = { { (uint8_t)v } };
        char text[TH_UUID_TEXT], want[3];

        th_uuid_text(&id, text);
        snprintf(want, sizeof want, "%02x", v);
        CHECK_MEM(text, want, 2);
    }
}

TEST(what_is_not_an_id_is_refused)
{
    static const char *const bad[] = { "",
                                       "0",
                                       "00012aff109f4bcd80ef7fa00bc0dde",
                                       "00012aff109f4bcd80ef7fa00bc0ddeee",
                                       "00012aff109f4bcd80ef7fa00bc0ddeg",
                                       "00012aff-109f4bcd80ef7fa00bc0ddee",
                                       "00012aff-109f-4bcd-80ef-7fa00bc0dde",
                                       "00012aff-109f-4bcd-80ef-7fa00bc0ddee-",
                                       "00012af-f109f-4bcd-80ef-7fa00bc0ddee",
                                       "{0012aff109f4bcd80ef7fa00bc0ddee" };
    th_uuid id;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!th_uuid_parse(bad[i], &id)))
            printf("  %s\n", bad[i]);
    CHECK(!th_uuid_parse(NULL, &id));
}

TEST(partition_hashes_are_the_first_four_bytes_of_the_sum)
{
    CHECK_INT(th_partition_hash(""), 0xe3b0c442);
    CHECK_INT(th_partition_hash("abc"), 0xba7816bf);
    CHECK_INT(th_partition_ordinal("abc", 4), 0xba7816bf % 4);
    CHECK_INT(th_partition_ordinal("abc", 7), 0xba7816bf % 7);
    CHECK_INT(th_partition_ordinal("abc", 1), 0);
    CHECK_INT(th_partition_ordinal("abc", 0), 0);
}

/* n times a character. */
static const char *repeat(const char *character, size_t n)
{
    static char text[5000];
    size_t len = strlen(character);

    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, character, len);
    text[n * len] = '\0';
    return text;
}

TEST(instance_ids_of_256_utf16_units_are_fine_and_longer_ones_not)
{
    static const char *const too_long = "must not be longer than 256 characters";

    CHECK_STR(th_instance_id_problem(repeat("a", 256)), NULL);
    CHECK_STR(th_instance_id_problem(repeat("a", 257)), too_long);
    CHECK_STR(th_instance_id_problem(repeat("\xE2\x82\xAC", 256)), NULL);
    CHECK_STR(th_instance_id_problem(repeat("\xE2\x82\xAC", 257)), too_long);
    CHECK_STR(th_instance_id_problem(repeat("\xF0\x9F\x98\x80", 128)), NULL);
    CHECK_STR(th_instance_id_problem(repeat("\xF0\x9F\x98\x80", 129)), too_long);
    CHECK_STR(th_instance_id_problem(repeat("a", 4999)), too_long);
}

TEST(instance_ids_may_hold_what_the_rule_does_not_name)
{
    CHECK_STR(th_instance_id_problem("a"), NULL);
    CHECK_STR(th_instance_id_problem("00012aff109f4bcd80ef7fa00bc0ddee:000a"), NULL);
    CHECK_STR(th_instance_id_problem("a@b c%20\"'<>\xC3\xA9"), NULL);
}

TEST(instance_ids_that_break_the_rule_are_told_which)
{
    static const char *const slashes = "must not contain '/', '\\', '#' or '?'";
    static const char *const controls = "must not contain control characters";

    CHECK_STR(th_instance_id_problem(NULL), "must not be empty");
    CHECK_STR(th_instance_id_problem(""), "must not be empty");
    CHECK_STR(th_instance_id_problem("@a"), "must not begin with '@'");
    CHECK_STR(th_instance_id_problem("a/b"), slashes);
    CHECK_STR(th_instance_id_problem("a\\"), slashes);
    CHECK_STR(th_instance_id_problem("#a"), slashes);
    CHECK_STR(th_instance_id_problem("a?"), slashes);
    CHECK_STR(th_instance_id_problem("a\nb"), controls);
    CHECK_STR(th_instance_id_problem("a\x7F"), controls);
    CHECK_STR(th_instance_id_problem("\xC2\x85"), controls);
    CHECK_STR(th_instance_id_problem("\xC2\xA0"), NULL);
    CHECK_STR(th_instance_id_problem("a\xFF"), "must be valid UTF-8");
    CHECK_STR(th_instance_id_problem("\xED\xA0\x80"), "must be valid UTF-8");
}
