/*
 * late_posts.h - threads that hand out answers when their time has come, in no other order.
 */
#ifndef TH_TESTS_STORE_LATE_POSTS_H
#define TH_TESTS_STORE_LATE_POSTS_H

#include <stdint.h>

#include "engine/executor.h"

/* One or two answers to an item, one right after the other, by one thread. */
typedef struct late_post late_post;
struct late_post {
    late_post *next;
    int64_t at_us; /* monotonic */
    th_arena *arena;
    bool is_activity;
    size_t count;
    th_answer orch[2];
    th_activity_answer activity[2];
};

typedef struct late_posts late_posts;

late_posts *late_posts_new(int threads);
void late_posts_attach(late_posts *posts, th_engine *engine);
void late_posts_free(late_posts *posts); /* ends the threads; what waits is thrown away */

/* The post lives in its own arena. */
late_post *late_post_new(void);
void late_post_free(late_post *post);
void late_posts_add(late_posts *posts, late_post *post, int64_t delay_us); /* takes it */
void late_posts_now(late_posts *posts, late_post *post); /* on this thread; takes it */

#endif
