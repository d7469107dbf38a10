# cmake -DMODE=query|schema -DROOT=<checkout> -DHEADER=<h> -DSOURCE=<c> -P embed_sql.cmake
#
# Texts are written byte by byte, so quotes, backslashes and length don't matter to the C compiler.
cmake_minimum_required(VERSION 3.25)

# The bytes of a file as the inside of a char array, sixteen a line, with the closing NUL.
function(bytes_of file out)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," text "${hex}")
    string(REGEX REPLACE "(('....',)('....',)('....',)('....',)('....',)('....',)('....',)('....',))"
        "\\1\n" text "${text}")
    set(${out} "${text}'\\0'" PARENT_SCOPE)
endfunction()

function(sql_files out)
    file(GLOB files LIST_DIRECTORIES false ${ARGN})
    list(SORT files COMPARE STRING)
    set(${out} ${files} PARENT_SCOPE)
endfunction()

function(write_if_changed path text)
    if(EXISTS ${path})
        file(READ ${path} before)
    endif()
    if(NOT "${before}" STREQUAL "${text}")
        file(WRITE ${path} "${text}")
    endif()
    file(TOUCH ${path})
endfunction()

function(embed_queries)
    set(h "/* Generated from sql/query. */\n#ifndef TH_STORE_TH_SQL_H\n#define TH_STORE_TH_SQL_H\n\n")
    set(c "/* Generated from sql/query. */\n#include \"store/th_sql.h\"\n")
    sql_files(files ${ROOT}/sql/query/*.sql)
    foreach(file IN LISTS files)
        cmake_path(GET file STEM LAST_ONLY name)
        string(MAKE_C_IDENTIFIER "${name}" name)
        bytes_of(${file} text)
        string(APPEND h "extern const char th_sql_${name}[];\n")
        string(APPEND c "\nconst char th_sql_${name}[] = {\n${text}\n};\n")
    endforeach()
    string(APPEND h "\n#endif\n")
    write_if_changed(${HEADER} "${h}")
    write_if_changed(${SOURCE} "${c}")
endfunction()

# Appends the table th_<name> of the given files to c (the parent's).
function(append_table name)
    set(rows "")
    set(count 0)
    foreach(file IN LISTS ARGN)
        cmake_path(GET file FILENAME file_name)
        bytes_of(${file} text)
        string(APPEND c "\nstatic const char ${name}_${count}[] = {\n${text}\n};\n")
        string(APPEND rows "    { \"${file_name}\", ${name}_${count} },\n")
        math(EXPR count "${count} + 1")
    endforeach()
    string(APPEND c "\nconst th_schema_file th_${name}[] = {\n${rows}    { NULL, NULL },\n};\n")
    string(APPEND c "const size_t th_${name}_count = ${count};\n")
    set(c "${c}" PARENT_SCOPE)
endfunction()

function(embed_schema)
    set(h "/* Generated from migrations/, sql/api/ and sql/grants.sql; each table is sorted by name. */
#ifndef TH_STORE_TH_SCHEMA_H
#define TH_STORE_TH_SCHEMA_H

#include <stddef.h>

typedef struct th_schema_file {
    const char *name;
    const char *text;
} th_schema_file;

extern const th_schema_file th_migrations[];
extern const size_t th_migrations_count;
extern const th_schema_file th_api_files[];
extern const size_t th_api_files_count;
extern const th_schema_file th_grants[];
extern const size_t th_grants_count;

#endif
")
    set(c "/* Generated from migrations/, sql/api/ and sql/grants.sql. */\n#include \"store/th_schema.h\"\n")
    sql_files(migrations ${ROOT}/migrations/*.sql)
    sql_files(api ${ROOT}/sql/api/*.sql)
    sql_files(grants ${ROOT}/sql/grants.sql)
    append_table(migrations ${migrations})
    append_table(api_files ${api})
    append_table(grants ${grants})
    write_if_changed(${HEADER} "${h}")
    write_if_changed(${SOURCE} "${c}")
endfunction()

if(MODE STREQUAL "query")
    embed_queries()
elseif(MODE STREQUAL "schema")
    embed_schema()
else()
    message(FATAL_ERROR "MODE must be query or schema")
endif()
