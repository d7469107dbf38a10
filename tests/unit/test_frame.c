/* test_frame.c - frames in whichever pieces they come. */
#include "functions/frame.h"

#include "test.h"

static void feed(th__frames *frames, const char *bytes, size_t n)
{
    size_t room;
    char *to = th__frames_room(frames, n, &room);

    CHECK(room >= n);
    memcpy(to, bytes, n);
    th__frames_came(frames, n);
}

static const char *next(th__frames *frames, size_t *n)
{
    const char *text = NULL;

    CHECK_INT(th__frames_next(frames, &text, n, NULL), TH_OK);
    return text;
}

TEST(frames_that_come_byte_by_byte_come_out_whole)
{
    static const char bytes[] = "\0\0\0\2{}\0\0\0\3[1]";
    th__frames frames = { 0 };
    size_t n = 0, seen = 0;

    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        feed(&frames, bytes + i, 1);
        const char *text = next(&frames, &n);
        if (!text)
            continue;
        CHECK_MEM(text, seen ? "[1]" : "{}", n);
        seen++;
    }
    CHECK_INT(seen, 2);
    th__frames_free(&frames);
}

TEST(several_frames_in_one_piece_come_out_one_by_one)
{
    th__frames frames = { 0 };
    size_t n = 0;

    feed(&frames, "\0\0\0\1a\0\0\0\1b\0\0", 12);
    CHECK_MEM(next(&frames, &n), "a", 1);
    CHECK_MEM(next(&frames, &n), "b", 1);
    CHECK(next(&frames, &n) == NULL);
    th__frames_free(&frames);
}

TEST(a_length_that_no_frame_has_is_refused)
{
    static const char *const bad[] = { "\0\0\0\0", "\x80\0\0\0", "\xff\xff\xff\xff" };

    for (size_t i = 0; i < 3; i++) {
        th__frames frames = { 0 };
        th_error err = { 0 };
        const char *text;
        size_t n;
        feed(&frames, bad[i], 4);
        CHECK_INT(th__frames_next(&frames, &text, &n, &err), TH_INVALID);
        th__frames_free(&frames);
    }
}

TEST(a_length_that_is_only_claimed_takes_no_memory)
{
    th__frames frames = { 0 };
    size_t n, room;

    feed(&frames, "\x7f\xff\xff\xff", 4);
    CHECK(next(&frames, &n) == NULL);
    th__frames_room(&frames, 100, &room);
    CHECK(frames.cap < 4096);
    th__frames_free(&frames);
}

TEST(what_is_written_is_read)
{
    th__frames frames = { 0 };
    th_buf out = TH_BUF_INIT;
    size_t n = 0;

    th__frame_begin(&out);
    for (int i = 0; i < 300; i++)
        th_buf_chr(&out, 'x');
    th__frame_end(&out);
    feed(&frames, out.data, out.len);
    CHECK(next(&frames, &n) != NULL);
    CHECK_INT(n, 300);
    th__frames_free(&frames);
    th_buf_free(&out);
}
