/* test_watch.c - files of an app that change, and those that are of no account. */
#include "cli/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char root[64];
static th_watch watch;

static void put(const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "we");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void make(const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", root, name);
    CHECK_INT(mkdir(path, 0700), 0);
}

static void begin(void)
{
    strcpy(root, "/tmp/taskhub-watch-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    make("lib");
    put("app.py", "1");
    put("lib/more.py", "1");
    watch = (th_watch){ 0 };
    th_watch_add(&watch, root);
    th_watch_begin(&watch);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", root);
    CHECK_INT(system(command), 0);
}

TEST(a_change_is_told_once_it_stands_still)
{
    begin();
    CHECK(!th_watch_changed(&watch));
    put("lib/more.py", "12");
    CHECK(!th_watch_changed(&watch));
    put("lib/more.py", "123");
    CHECK(!th_watch_changed(&watch));
    CHECK(th_watch_changed(&watch));
    end();
}

TEST(a_file_that_comes_or_goes_is_a_change)
{
    char path[128];

    begin();
    put("new.json", "{}");
    CHECK(!th_watch_changed(&watch));
    CHECK(th_watch_changed(&watch));
    th_watch_begin(&watch);
    snprintf(path, sizeof path, "%s/app.py", root);
    CHECK_INT(unlink(path), 0);
    CHECK(!th_watch_changed(&watch));
    CHECK(th_watch_changed(&watch));
    end();
}

TEST(packages_hidden_files_and_what_is_no_code_are_of_no_account)
{
    static const char *const folders[] = { "node_modules", "__pycache__", ".git", "env" };

    begin();
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make(folders[i]);
    put("env/pyvenv.cfg", "");
    th_watch_begin(&watch);
    put("node_modules/a.js", "1");
    put("__pycache__/a.py", "1");
    put(".git/a.json", "1");
    put("env/a.py", "1");
    put(".hidden.py", "1");
    put("data.txt", "1");
    CHECK(!th_watch_changed(&watch));
    CHECK(!th_watch_changed(&watch));
    end();
}

TEST(a_folder_that_is_gone_is_a_change_and_no_harm)
{
    begin();
    end();
    CHECK(!th_watch_changed(&watch));
    CHECK(th_watch_changed(&watch));
}
