/*
 * notify.h - the listening connection, and wake-ups sent after a commit, only to idle receivers
 * (protocol, 6).
 *
 * Channels: taskhub_<partition_id> for a partition's owner, taskhub_a<hub_id> for idle activity
 * workers, taskhub_s<hub_id> for changes of a hub's schedules, taskhub_n<hub_id> for those of the
 * names of its SQL activities, taskhub_e<hub_id> for episodes that wait for a process that can run
 * them.
 */
#ifndef TH_STORE_NOTIFY_H
#define TH_STORE_NOTIFY_H

#include "base/error.h"
#include "store/db.h"

th_rc th_listen_partition(th_db *control, int32_t partition_id, bool on,
                          th_error *err) TH_MUST_CHECK;
th_rc th_listen_activities(th_db *control, int32_t hub_id, th_error *err) TH_MUST_CHECK;
th_rc th_listen_names(th_db *control, int32_t hub_id, th_error *err) TH_MUST_CHECK;
th_rc th_listen_schedules(th_db *control, int32_t hub_id, th_error *err) TH_MUST_CHECK;
th_rc th_listen_episodes(th_db *control, int32_t hub_id, th_error *err) TH_MUST_CHECK;

/*
 * Protocol W3, receiver's half: takes (idle) or lets go of the hub's AIDLE lock, shared, once each
 * in turn. Listen first, then take it, then look for activities once more, then sleep. *had: it was
 * taken, or was held; false when a sender probes just now.
 */
th_rc th_activities_idle(th_db *control, int32_t hub_id, bool idle, bool *had,
                         th_error *err) TH_MUST_CHECK;

enum { TH_NOTIFIED_SCHEDULES = -1, TH_NOTIFIED_NAMES = -2, TH_NOTIFIED_EPISODES = -3 };

/* Called once a notification; partition_id 0: activities, TH_NOTIFIED_...: those. */
typedef void (*th_notified)(void *arg, int32_t partition_id);

/* Waits for at most timeout_us, or until wake_fd (or -1) becomes readable, and reports what came.
 * TH_DB_LOST when the connection broke. */
th_rc th_notify_wait(th_db *control, int wake_fd, int64_t timeout_us, th_notified fn, void *arg,
                     th_error *err) TH_MUST_CHECK;

/* Protocol W1: one statement on a pool connection in autocommit: notifies those partitions whose
 * owner sleeps. */
th_rc th_notify_partitions(th_db *pool, const int32_t *partition_ids, size_t n,
                           th_error *err) TH_MUST_CHECK;
/* Protocol W3: notifies the hub's activity workers if some sleep (AIDLE probed exclusively). */
th_rc th_notify_activities(th_db *pool, int32_t hub_id, th_error *err) TH_MUST_CHECK;
/* Whoever runs episodes for others. */
th_rc th_notify_episodes(th_db *pool, int32_t hub_id, th_error *err) TH_MUST_CHECK;

#endif
