"""The link check finds every kind of broken link, and nothing in a page that is whole."""

import sys

import cases

check_links = cases.load_tool("check_links")


def problems_of(folder, text):
    cases.write(folder, "docs/other.md", "# Other page\n\n## `tw_ring`, and a [map](map.h)\n")
    cases.write(folder, "include/ring.h", "")
    cases.write(folder, "docs/page.md", text)
    return check_links.check(str(folder))


def expect_one(folder, text, *words):
    problems = problems_of(folder, text)
    cases.expect(len(problems) == 1, f"expected one problem, got {problems}")
    cases.expect(problems[0].startswith("docs/page.md:"), f"expected it in the page: {problems[0]}")
    for word in words:
        cases.expect(word in problems[0], f"expected '{word}' in: {problems[0]}")


def test_links_that_lead_somewhere_are_no_problem(folder):
    cases.write(folder, "docs/map.h", "")
    text = ("# Page\n[a](other.md) [b](../include/ring.h) [c](../include) [d](#page)\n"
            "[e](other.md#other-page) [f](https://example.org/none) ![g](other.md \"title\")\n")
    cases.expect(problems_of(folder, text) == [], problems_of(folder, text))


def test_an_anchor_is_spelled_without_marks_and_links(folder):
    cases.write(folder, "docs/map.h", "")
    text = "[a](other.md#tw_ring-and-a-map)\n"
    cases.expect(problems_of(folder, text) == [], problems_of(folder, text))


def test_a_missing_file_is_found_with_its_line(folder):
    cases.write(folder, "docs/map.h", "")
    expect_one(folder, "# Page\n\nsee [x](nowhere.md)\n", "page.md:3:", "leads nowhere")


def test_a_link_may_span_two_lines(folder):
    cases.write(folder, "docs/map.h", "")
    expect_one(folder, "see [a long\nname](nowhere.md) and `code\nof two lines`\n", "page.md:1:")


def test_a_missing_heading_is_found(folder):
    cases.write(folder, "docs/map.h", "")
    expect_one(folder, "[x](other.md#nothing)\n", "no heading #nothing")


def test_a_heading_of_a_header_file_is_none(folder):
    cases.write(folder, "docs/map.h", "")
    expect_one(folder, "[x](../include/ring.h#ring)\n", "no heading #ring")


def test_an_absolute_path_is_found(folder):
    cases.write(folder, "docs/map.h", "")
    expect_one(folder, "[x](/etc/passwd)\n", "absolute")


def test_a_path_out_of_the_tree_is_found(folder):
    cases.write(folder, "docs/map.h", "")
    expect_one(folder, "[x](../../..)\n", "out of the tree")


def test_code_is_not_read(folder):
    cases.write(folder, "docs/map.h", "")
    text = "`[x](nowhere)`\n\n    [x](nowhere)\n\n```\n[x](nowhere)\n```\n"
    cases.expect(problems_of(folder, text) == [], problems_of(folder, text))


sys.exit(cases.run(globals().copy()))
