/* test_localdb_bin.c - versions of PostgreSQL's programs. */
#include "cli/localdb_int.h"
#include "test.h"

TEST(the_major_version_is_read_from_what_postgres_says)
{
    CHECK_INT(th__pg_major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), 15);
    CHECK_INT(th__pg_major("postgres (PostgreSQL) 14.1"), 14);
    CHECK_INT(th__pg_major("postgres (PostgreSQL) 18beta1"), 18);
    CHECK_INT(th__pg_major("postgres (PostgreSQL) 9.6.24"), 9);
}

TEST(other_programs_have_no_version)
{
    CHECK_INT(th__pg_major(""), 0);
    CHECK_INT(th__pg_major("postgres 15"), 0);
    CHECK_INT(th__pg_major("postgres (PostgreSQL) devel"), 0);
    CHECK_INT(th__pg_major("postgres (PostgreSQL) -3"), 0);
}
