/*
 * given_apps.h - the example apps as part of a test program: hello_app, fan_out_app, f2_app.
 *
 * Each source brings one entry point of the same name along, so it gets another one here.
 */
#ifndef TH_TESTS_STORE_GIVEN_APPS_H
#define TH_TESTS_STORE_GIVEN_APPS_H

#define taskhub_app hello_app
#define taskhub_app_version hello_app_version
#include "../../examples/hello/hello.c"
#undef taskhub_app
#undef taskhub_app_version

#define taskhub_app fan_out_app
#define taskhub_app_version fan_out_app_version
#include "../../examples/fan_out/fan_out.c"
#undef taskhub_app
#undef taskhub_app_version

#define taskhub_app f2_app
#define taskhub_app_version f2_app_version
#include "../../examples/f2/f2.c"
#undef taskhub_app
#undef taskhub_app_version

#endif
