/* late_posts.c - a list of answers sorted by time, and the threads that wait for it. */
#include "late_posts.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

struct late_posts {
    th_engine *engine;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    late_post *first;
    bool stopping;
    int thread_count;
    pthread_t threads[];
};

late_post *late_post_new(void)
{
    th_arena *arena = th_arena_new(0);
    late_post *post = th_new(arena, late_post, 1);

    post->arena = arena;
    return post;
}

void late_post_free(late_post *post)
{
    th_arena_free(post->arena);
}

void late_posts_now(late_posts *posts, late_post *post)
{
    for (size_t i = 0; i < post->count; i++) {
        if (post->is_activity)
            th_engine_activity_answered(posts->engine, &post->activity[i]);
        else
            th_engine_orch_answered(posts->engine, &post->orch[i]);
    }
    late_post_free(post);
}

static struct timespec time_of(int64_t mono_us)
{
    return (struct timespec){ mono_us / 1000000, (mono_us % 1000000) * 1000 };
}

/* Locked. NULL: the end. */
static late_post *next_due(late_posts *posts)
{
    while (!posts->stopping) {
        late_post *post = posts->first;

        if (post && post->at_us <= th_mono_us()) {
            posts->first = post->next;
            return post;
        }
        if (post) {
            struct timespec until = time_of(post->at_us);
            pthread_cond_clockwait(&posts->changed, &posts->mutex, CLOCK_MONOTONIC, &until);
        } else {
            pthread_cond_wait(&posts->changed, &posts->mutex);
        }
    }
    return NULL;
}

static void *deliver(void *arg)
{
    late_posts *posts = arg;
    late_post *post;

    pthread_mutex_lock(&posts->mutex);
    while ((post = next_due(posts)) != NULL) {
        pthread_mutex_unlock(&posts->mutex);
        late_posts_now(posts, post);
        pthread_mutex_lock(&posts->mutex);
    }
    pthread_mutex_unlock(&posts->mutex);
    return NULL;
}

late_posts *late_posts_new(int threads)
{
    late_posts *posts = th_malloc(sizeof *posts + (size_t)threads * sizeof(pthread_t));

    pthread_mutex_init(&posts->mutex, NULL);
    pthread_cond_init(&posts->changed, NULL);
    posts->thread_count = threads;
    for (int i = 0; i < threads; i++)
        if (pthread_create(&posts->threads[i], NULL, deliver, posts) != 0)
            abort();
    return posts;
}

/* Before the first post. */
void late_posts_attach(late_posts *posts, th_engine *engine)
{
    posts->engine = engine;
}

void late_posts_free(late_posts *posts)
{
    pthread_mutex_lock(&posts->mutex);
    posts->stopping = true;
    pthread_cond_broadcast(&posts->changed);
    pthread_mutex_unlock(&posts->mutex);
    for (int i = 0; i < posts->thread_count; i++)
        pthread_join(posts->threads[i], NULL);
    for (late_post *post = posts->first, *next; post; post = next) {
        next = post->next;
        late_post_free(post);
    }
    pthread_cond_destroy(&posts->changed);
    pthread_mutex_destroy(&posts->mutex);
    free(posts);
}

void late_posts_add(late_posts *posts, late_post *post, int64_t delay_us)
{
    late_post **at = &posts->first;

    post->at_us = th_mono_us() + delay_us;
    pthread_mutex_lock(&posts->mutex);
    while (*at && (*at)->at_us <= post->at_us)
        at = &(*at)->next;
    post->next = *at;
    *at = post;
    pthread_cond_broadcast(&posts->changed);
    pthread_mutex_unlock(&posts->mutex);
}
