# What a package holds: the program, the header that apps are written against, a pkg-config file.
if(TARGET taskhub)
    install(TARGETS taskhub RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# Language workers, where the program looks for them: beside its own folder.
install(DIRECTORY workers/ DESTINATION ${CMAKE_INSTALL_DATADIR}/taskhub/workers
    PATTERN __pycache__ EXCLUDE PATTERN tests EXCLUDE)
install(FILES include/taskhub.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} OPTIONAL)
# The header is all there is to link against: the program resolves what an app calls.
configure_file(cmake/taskhub.pc.in taskhub.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/taskhub.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
