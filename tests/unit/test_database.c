/* test_database.c - which failures to connect time may heal. */
#include "cli/database.h"
#include "test.h"

TEST(a_password_a_role_or_a_database_that_is_wrong_is_the_last_word)
{
    CHECK(th_database_refuses("connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  "
                              "password authentication failed for user \"me\""));
    CHECK(th_database_refuses("failed: fe_sendauth: no password supplied"));
    CHECK(th_database_refuses("failed: FATAL:  role \"me\" does not exist"));
    CHECK(th_database_refuses("failed: FATAL:  database \"app\" does not exist"));
    CHECK(th_database_refuses("failed: FATAL:  no pg_hba.conf entry for host \"10.0.0.1\""));
}

TEST(a_server_that_is_not_there_or_not_ready_is_waited_for)
{
    CHECK(!th_database_refuses("connection to server at \"127.0.0.1\", port 5432 failed: "
                               "Connection refused"));
    CHECK(!th_database_refuses("could not translate host name \"db\" to address: Name or service "
                               "not known"));
    CHECK(!th_database_refuses("failed: FATAL:  the database system is starting up"));
    CHECK(!th_database_refuses("failed: FATAL:  sorry, too many clients already"));
    CHECK(!th_database_refuses("connection to server on socket \"/run/.s.PGSQL.5432\" failed: No "
                               "such file or directory"));
    CHECK(!th_database_refuses("the server at \"db\", port 5432 is a standby"));
}
