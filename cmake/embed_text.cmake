# cmake -DFILE=<text> -DNAME=<identifier> -DSOURCE=<c> -P embed_text.cmake
#
# A file as `const char NAME[]`, with a closing NUL. Written byte by byte, as embed_sql.cmake does.
cmake_minimum_required(VERSION 3.25)
file(READ ${FILE} hex HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," text "${hex}")
string(REGEX REPLACE "(('....',)('....',)('....',)('....',)('....',)('....',)('....',)('....',))" "\\1\n" text "${text}")
cmake_path(GET FILE FILENAME name)
file(WRITE ${SOURCE} "/* Generated from ${name}. */\nextern const char ${NAME}[];\nconst char ${NAME}[] = {\n${text}'\\0'\n};\n")
