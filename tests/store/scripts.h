/*
 * scripts.h - the same orchestrations twice: as code for the native executor, and as scripts for
 * the late one. What they are for is in test_executors.c.
 */
#ifndef TH_TESTS_STORE_SCRIPTS_H
#define TH_TESTS_STORE_SCRIPTS_H

#include <taskhub.h>

#include "late_executor.h"
#include "runtime/native.h"

#define OUT_OF_LUCK "{\"type\":\"Luck\",\"message\":\"out of luck\"}"

th_native_entry scripts_app;      /* native */
void scripts_add(late *executor); /* late */

#endif
