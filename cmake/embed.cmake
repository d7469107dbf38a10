# SQL files become C at build time (cmake/embed_sql.cmake does the work):
#   store/th_sql.h     sql/query/x.sql as th_sql_x
#   store/th_schema.h  migrations/, sql/api/ and sql/grants.sql as tables of (name, text)
set(TH_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)

function(th_embed_sql mode out)
    cmake_parse_arguments(arg "" "" "FILES" ${ARGN})
    set(header ${TH_GENERATED_DIR}/store/${out}.h)
    set(source ${TH_GENERATED_DIR}/store/${out}.c)
    add_custom_command(
        OUTPUT ${header} ${source}
        COMMAND ${CMAKE_COMMAND} -DMODE=${mode} -DROOT=${CMAKE_SOURCE_DIR} -DHEADER=${header}
            -DSOURCE=${source} -P ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake
        DEPENDS ${arg_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed_sql.cmake ${TH_GENERATED_DIR}/${out}.list
        COMMENT "Embedding ${out}"
        VERBATIM)
    # A file that went away leaves no newer input behind; the list of names changes instead.
    file(CONFIGURE OUTPUT ${TH_GENERATED_DIR}/${out}.list CONTENT "${arg_FILES}\n")
endfunction()

file(GLOB query_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/query/*.sql)
file(GLOB schema_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/migrations/*.sql
    ${CMAKE_SOURCE_DIR}/sql/api/*.sql ${CMAKE_SOURCE_DIR}/sql/grants.sql)
th_embed_sql(query th_sql FILES ${query_files})
th_embed_sql(schema th_schema FILES ${schema_files})

set(TH_GENERATED_FILES
    ${TH_GENERATED_DIR}/store/th_sql.h ${TH_GENERATED_DIR}/store/th_sql.c
    ${TH_GENERATED_DIR}/store/th_schema.h ${TH_GENERATED_DIR}/store/th_schema.c)
add_custom_target(th_generated DEPENDS ${TH_GENERATED_FILES})
