# What a package holds: the program, the header that apps are written against, the client library, pkg-config files.
if(TARGET taskhub)
    install(TARGETS taskhub RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
# Language workers, where the program looks for them: beside its own folder.
install(DIRECTORY workers/ DESTINATION ${CMAKE_INSTALL_DATADIR}/taskhub/workers
    PATTERN __pycache__ EXCLUDE PATTERN tests EXCLUDE)
install(TARGETS taskhub_client LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/taskhub.h include/taskhub_client.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} OPTIONAL)
# The header is all there is to link against: the program resolves what an app calls.
configure_file(cmake/taskhub.pc.in taskhub.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/taskhub.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
configure_file(cmake/taskhub-client.pc.in taskhub-client.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/taskhub-client.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
