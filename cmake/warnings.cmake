# What every C file here is compiled with.
add_compile_definitions(_GNU_SOURCE TH_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wshadow -Wconversion)
if(TH_WERROR)
    add_compile_options(-Werror)
endif()
