/*
 * balance.h - how many partitions this process should own, which to take, which to let go (protocol
 * O8); who is to be buried (A5).
 *
 * Decides from what the watch saw, once a second; remembers only since when things have been so. No
 * I/O.
 */
#ifndef TH_ENGINE_BALANCE_H
#define TH_ENGINE_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/owners.h"

typedef struct th_balance th_balance;

th_balance *th_balance_new(int32_t first_partition, int32_t partition_count);
void th_balance_free(th_balance *balance);

typedef enum th_move { TH_MOVE_NONE, TH_MOVE_TAKE, TH_MOVE_GIVE } th_move;

/*
 * What to do with each partition (moves[] in the order of the watch). mine[i]: this process owns it
 * or has been told to take it. draining: takes nothing. Gives at most one a call, so calls are a
 * second apart.
 */
void th_balance_decide(th_balance *balance, const th_watch *watch, int32_t me, bool draining,
                       const bool *mine, int64_t now_us, th_move *moves);

/* The share of the worker of that rank. */
int32_t th_balance_share(int32_t partitions, int32_t workers, int32_t rank);

/* The next worker to bury after this watch, 0: none. Call until 0; each id is named once a watch.
 */
int32_t th_balance_bury(th_balance *balance, const th_watch *watch, int32_t me, int64_t now_us);

/* True once for each worker that is seen dead for the first time. */
bool th_balance_newly_dead(th_balance *balance, const th_watch *watch);

#endif
