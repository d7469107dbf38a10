# examples/<name>/*.c becomes examples/<name>/<name>.so in the build, with host.json beside it.
file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${CMAKE_SOURCE_DIR}/examples/*)
foreach(folder IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
    if(NOT sources)
        continue()
    endif()
    cmake_path(GET folder FILENAME name)
    set(target example_${name})
    set(out ${CMAKE_BINARY_DIR}/examples/${name})
    add_library(${target} MODULE ${sources})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include)
    set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
        LIBRARY_OUTPUT_DIRECTORY ${out})
    if(EXISTS ${folder}/host.json)
        add_custom_command(OUTPUT ${out}/host.json
            COMMAND ${CMAKE_COMMAND} -E copy ${folder}/host.json ${out}/host.json
            DEPENDS ${folder}/host.json VERBATIM)
        add_custom_target(${target}_host ALL DEPENDS ${out}/host.json)
    endif()
endforeach()
