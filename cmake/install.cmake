# What a package holds: the program, the header that apps are written against, a pkg-config file.
if(TARGET taskhub)
    install(TARGETS taskhub RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES include/taskhub.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} OPTIONAL)
# The header is all there is to link against: the program resolves what an app calls.
configure_file(cmake/taskhub.pc.in taskhub.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/taskhub.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
