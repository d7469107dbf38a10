/* test_app.c - from the words of a command line to a shared object and a host.json. */
#include "cli/app.h"
#include "test.h"

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[PATH_MAX];
static th_arena *arena;
static th_app_place place;
static th_error err;

/* An app's folder called "hello" with the named files in it. */
static void given_folder(const char *const *files)
{
    char root[] = "/tmp/test_app.XXXXXX", path[2 * PATH_MAX];

    CHECK(mkdtemp(root) != NULL);
    snprintf(folder, sizeof(folder), "%s/hello", root);
    CHECK_INT(mkdir(folder, 0700), 0);
    for (; *files; files++) {
        snprintf(path, sizeof(path), "%s/%s", folder, *files);
        FILE *f = fopen(path, "w");
        if (CHECK(f != NULL))
            fclose(f);
    }
    arena = th_arena_new(0);
    th_error_clear(&err);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_folder(void)
{
    *strrchr(folder, '/') = '\0';
    CHECK_INT(nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    th_arena_free(arena);
}

static const char *in_folder(const char *file)
{
    return th_sprintf(arena, "%s/%s", folder, file);
}

TEST(of_several_shared_objects_the_one_with_the_folders_name_is_the_app)
{
    given_folder((const char *const[]){ "other.so", "hello.so", "host.json", NULL });
    CHECK_INT(th_app_find(arena, folder, &place, &err), TH_OK);
    CHECK_STR(place.object, in_folder("hello.so"));
    CHECK_STR(place.host_json, in_folder("host.json"));
    remove_folder();
}

TEST(a_single_shared_object_may_have_any_name)
{
    given_folder((const char *const[]){ "app.so", "app.c", "so", ".so", NULL });
    CHECK_INT(th_app_find(arena, folder, &place, &err), TH_OK);
    CHECK_STR(place.object, in_folder("app.so"));
    CHECK_STR(place.host_json, NULL);
    remove_folder();
}

TEST(several_shared_objects_without_the_folders_name_are_refused)
{
    given_folder((const char *const[]){ "a.so", "b.so", NULL });
    CHECK_INT(th_app_find(arena, folder, &place, &err), TH_CONFIG);
    CHECK(strstr(err.text, "2 shared objects") != NULL);
    remove_folder();
}

TEST(a_folder_without_a_shared_object_is_no_app_but_may_be_the_working_directory)
{
    char before[PATH_MAX];

    given_folder((const char *const[]){ "host.json", NULL });
    CHECK_INT(th_app_find(arena, folder, &place, &err), TH_CONFIG);
    CHECK(strstr(err.text, "no hello.so") != NULL);

    CHECK(getcwd(before, sizeof(before)) != NULL && chdir(folder) == 0);
    CHECK_INT(th_app_find_here(arena, &place, &err), TH_OK);
    CHECK_STR(place.object, NULL);
    CHECK_STR(place.host_json, in_folder("host.json"));
    CHECK_INT(chdir(before), 0);
    remove_folder();
}

TEST(a_shared_object_is_taken_with_the_host_json_beside_it)
{
    given_folder((const char *const[]){ "a.so", "b.so", "host.json", NULL });
    CHECK_INT(th_app_find(arena, in_folder("b.so"), &place, &err), TH_OK);
    CHECK_STR(place.object, in_folder("b.so"));
    CHECK_STR(place.host_json, in_folder("host.json"));
    remove_folder();
}

TEST(an_app_that_is_not_there_is_named)
{
    given_folder((const char *const[]){ NULL });
    CHECK_INT(th_app_find(arena, in_folder("missing.so"), &place, &err), TH_CONFIG);
    CHECK(strstr(err.text, "missing.so") != NULL);
    remove_folder();
}
