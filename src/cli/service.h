/*
 * service.h - the rooms put together by role: engine with its executors, front, HTTP server.
 */
#ifndef TH_CLI_SERVICE_H
#define TH_CLI_SERVICE_H

#include <stdint.h>

#include "base/config.h"
#include "cli/exits.h"
#include "functions/functions.h"
#include "runtime/native.h"
#include "store/hubs.h"

typedef struct th_service th_service;

typedef struct th_service_options {
    const th_config *config;
    const char *conninfo;
    th_hub hub;
    th_functions *functions; /* NULL: no function app; else as native */
    th_native *native; /* with its apps loaded; the service frees it, also when it cannot start */
} th_service_options;

bool th_service_wants_grpc(const th_config *config);

/* Everything is up and listening when it returns TH_EXIT_OK; else nothing is left, and err says
 * why. */
th_exit th_service_start(const th_service_options *options, th_service **out,
                         th_error *err) TH_MUST_CHECK;

/*
 * No more requests, no more work; what runs may end within drain_us. Then frees. False: activities
 * still run on threads of this process, so it has to end with _exit.
 */
bool th_service_stop(th_service *service, int64_t drain_us);

#endif
