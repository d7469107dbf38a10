/*
 * openapi.h - the description of the management API for machines (OpenAPI 3.1), from openapi.json.
 *
 * It stands beside the routes; test_openapi.c compares the two.
 */
#ifndef TH_HTTP_OPENAPI_H
#define TH_HTTP_OPENAPI_H

extern const char th_openapi_json[];

#endif
