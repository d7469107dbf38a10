# bench/<name>.c becomes bench/<name> in the build, for bench/bench.py; app_<name>.c a shared object.
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.c)
foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    if(name MATCHES "^app_")
        add_library(bench_${name} MODULE ${source})
        target_include_directories(bench_${name} PRIVATE ${CMAKE_SOURCE_DIR}/include)
        set_target_properties(bench_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
            LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
        continue()
    endif()
    add_executable(bench_${name} ${source})
    set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
    target_link_libraries(bench_${name} PRIVATE th_http th_engine th_store th_base)
    th_link_runtime(bench_${name})
endforeach()
