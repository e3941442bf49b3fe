"""How a page is finished: its policy, its blank lines, its plain copy."""

from pages import finish


def test_the_policy_knows_each_inline_script():
    """A script that is not in it does not run; data for scripts needs no hash."""
    page = '<meta charset="utf-8"><script>a()</script><script src="x.js"></script><script type="application/json">{}</script>'
    done = finish.with_policy(page)
    assert done.count("sha256-") == 1
    assert "default-src 'none'" in done
    assert done.index("Content-Security-Policy") < done.index("<script>")


def test_compact_leaves_what_is_preformatted():
    """Blank lines in an output are its own."""
    page = "<div>\n\n\n<p>a</p>\n\n<pre>x\n\n<b>y</b>\n\n\n</pre>\n\n</div>"
    assert finish.compact(page) == "<div>\n<p>a</p>\n<pre>x\n\n<b>y</b>\n\n\n</pre>\n</div>"


def test_plain_copies_link_to_plain_copies_and_leave_code_alone():
    """A link in a fence is somebody's output."""
    text = "# A {#title}\n\n[b](b.md#x) [web](https://h/x.md)\n\n```text\n[b](b.md)\n```\n{: .lab-facts }\n[b](b.md)\n"
    done = finish.plain(text, lambda target: f"<{target}>")
    assert done == "# A\n\n[b](<b.md>#x) [web](https://h/x.md)\n\n```text\n[b](b.md)\n```\n\n[b](<b.md>)\n"
