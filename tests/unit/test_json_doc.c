/* test_json_doc.c - files, and the lines that errors name. */
#include "base/json.h"

#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static const char text[] = "{\n"
                           "  \"version\": \"2.0\",\n"
                           "  \"x\": \"} , \\\" {\", \"list\": [{\"hub\": 1}, [2]],\n"
                           "  \"Extensions\": {\n"
                           "    \"http\": {},\n"
                           "    \"durableTask\": {\n"
                           "\n"
                           "      \"hubName\"\n"
                           "        : \"a\" }\n"
                           "  }\n"
                           "}\n";

TEST(members_are_found_by_path_in_any_case)
{
    size_t n = sizeof text - 1;

    CHECK_INT(th_json_line(text, n, "version"), 2);
    CHECK_INT(th_json_line(text, n, "list"), 3);
    CHECK_INT(th_json_line(text, n, "extensions"), 4);
    CHECK_INT(th_json_line(text, n, "extensions.HTTP"), 5);
    CHECK_INT(th_json_line(text, n, "extensions.durabletask.hubname"), 8);
    CHECK_INT(th_json_line(text, n, ""), 1);
}

TEST(members_that_are_not_there_have_no_line)
{
    size_t n = sizeof text - 1;

    CHECK_INT(th_json_line(text, n, "hub"), 0);
    CHECK_INT(th_json_line(text, n, "version.x"), 0);
    CHECK_INT(th_json_line(text, n, "extensions.none"), 0);
    CHECK_INT(th_json_line(text, n, "extensions.http.none"), 0);
    CHECK_INT(th_json_line("[]", 2, "a"), 0);
    CHECK_INT(th_json_line("", 0, "a"), 0);
}

TEST(of_equal_names_the_last_counts_as_in_the_tree)
{
    static const char twice[] = "{\"a\": {\"b\": 1},\n\"a\":\n{\"b\": 2}}";

    CHECK_INT(th_json_line(twice, sizeof twice - 1, "a"), 2);
    CHECK_INT(th_json_line(twice, sizeof twice - 1, "a.b"), 3);
}

TEST(a_text_cut_anywhere_is_not_read_beyond_its_end)
{
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n ? n : 1);

        memcpy(copy, text, n);
        int line = th_json_line(copy, n, "extensions.durabletask.hubname");
        CHECK(line == 0 || line == 8);
        free(copy);
    }
}

static char folder[] = "/tmp/th_json_doc.XXXXXX";

/* A file of this test's own; the name is good until the next call. */
static const char *path(const char *name)
{
    static char out[128];

    if (strstr(folder, "XXXXXX") && !mkdtemp(folder))
        exit(1);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    return out;
}

static const char *write_file(const char *name, const char *data, size_t n)
{
    const char *out = path(name);
    FILE *file = fopen(out, "w");

    if (!file || fwrite(data, 1, n, file) != n || fclose(file) != 0)
        exit(1);
    return out;
}

__attribute__((destructor)) static void remove_folder(void)
{
    if (strstr(folder, "XXXXXX"))
        return;
    unlink(path("a.json"));
    unlink(path("pipe"));
    rmdir(folder);
}

TEST(a_file_is_read_with_or_without_a_byte_order_mark)
{
    static const char *const files[] = { "{\"a\":1}", "\xEF\xBB\xBF{\"a\":1}" };

    for (int i = 0; i < 2; i++) {
        th_json_doc doc = { 0 };
        th_error err = { 0 };
        const char *file = write_file("a.json", files[i], strlen(files[i]));

        CHECK_INT(th_json_doc_read(file, 0, &doc, &err), TH_OK);
        CHECK_INT(json_integer_value(json_object_get(doc.root, "a")), 1);
        CHECK_STR(doc.text, "{\"a\":1}");
        th_json_doc_free(&doc);
        CHECK(doc.root == NULL);
        th_json_doc_free(&doc);
    }
}

static void check_refused(const char *file, size_t limit, th_rc rc, const char *tail)
{
    th_json_doc doc = { 0 };
    th_error err = { 0 };

    CHECK_INT(th_json_doc_read(file, limit, &doc, &err), rc);
    CHECK_MEM(err.text, file, strlen(file));
    CHECK_STR(err.text + strlen(file), tail);
    CHECK(doc.root == NULL && doc.text == NULL);
}

TEST(files_that_cannot_be_read_are_told_apart)
{
    check_refused(path("none.json"), 0, TH_NOT_FOUND, ": no such file");
    check_refused(path(""), 0, TH_IO, ": is not a regular file");
    CHECK_INT(mkfifo(path("pipe"), 0600), 0);
    check_refused(path("pipe"), 0, TH_IO, ": is not a regular file");
    check_refused(write_file("a.json", "[1,2]", 5), 4, TH_TOO_LARGE, ": larger than 4 bytes");
}

TEST(a_file_that_is_not_json_is_told_the_line)
{
    check_refused(write_file("a.json", "", 0), 0, TH_CONFIG, ":1: not JSON: it is empty");
    check_refused(write_file("a.json", "{\n\"a\":\n}", 8), 0, TH_CONFIG, ":3: not JSON: no value");
    check_refused(write_file("a.json", "{\n\"a\": 1\n\"b\": 2}", 16), 0, TH_CONFIG,
                  ":3: not JSON: no ',' or '}' after a member");
    check_refused(write_file("a.json", "{}\n\0", 4), 0, TH_CONFIG, ":2: not JSON: a raw NUL");
}

TEST(a_bad_field_of_a_document_is_told_file_and_line)
{
    th_json_doc doc = { 0 };
    th_error err = { 0 };
    th_json_at at;
    const char *s = NULL;
    static const char json[] = "{\n\"a\": 1 }";

    CHECK_INT(th_json_doc_parse("host.json", json, sizeof json - 1, 0, &doc, &err), TH_OK);
    CHECK_INT(th_json_top(doc.root, &doc, TH_CONFIG, true, &at, &err), TH_OK);
    CHECK_INT(th_json_str(&at, "A", TH_REQUIRED, &s, &err), TH_CONFIG);
    CHECK_STR(err.text, "host.json:2: A: must be a string");
    th_error_clear(&err);
    CHECK_INT(th_json_str(&at, "b", TH_REQUIRED, &s, &err), TH_CONFIG);
    CHECK_STR(err.text, "host.json: b: is required");
    th_json_doc_free(&doc);
}
