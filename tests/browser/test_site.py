"""The built site in a real Chromium: on a desk and on a phone, in light and dark, asking no other host for anything.

It is built from the real run in `build/tour` where there is one of the present lessons, else from stated runs.
"""

import functools
import gzip
import http.server
import threading

import pytest
from support import site_build
from support.nightly import by_day

from lab import course
from lab.errors import BadInput
from lab.learning.tour import runs

pytestmark = pytest.mark.browser
TOUR = site_build.ROOT / "build" / "tour"


class Handler(http.server.SimpleHTTPRequestHandler):
    """A static host: files, and the page for those that are not there."""

    def log_message(self, *_args):
        """Say nothing."""

    def send_error(self, code, message=None, explain=None):
        if code != 404:
            super().send_error(code, message, explain)
            return
        with open(f"{self.directory}/404.html", "rb") as file:  # noqa: PTH123
            body = file.read()
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def really_run():
    try:
        return all(runs.read(lesson, TOUR) for lesson in course.lessons())
    except BadInput:
        return False


@pytest.fixture(scope="module")
def address(tmp_path_factory, request):
    """The site on a server of its own."""
    if really_run():
        site = tmp_path_factory.mktemp("site") / "site"
        done = site_build.build(TOUR, site)
        assert done.returncode == 0, done.stderr
    else:
        site = request.getfixturevalue("stated_site")
    handler = functools.partial(Handler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(chromium, address):
    """Open a page; afterwards there was no error in the console, no foreign request, no missing file."""
    contexts, wrong = [], []

    def answered(response):
        if response.status >= 400 and not response.url.endswith("/nowhere/exec-format-eror"):
            wrong.append(f"{response.status} {response.url}")

    def asked(request):
        if not request.url.startswith((address, "data:", "blob:")):
            wrong.append(f"foreign: {request.url}")

    def said(message):
        if message.type in ("error", "warning") and "404" not in message.text:
            wrong.append(f"console: {message.text}")

    def open_page(path, *, width=1280, scheme="light"):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.on("response", answered)
        page.on("request", asked)
        page.on("console", said)
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.goto(address + path, wait_until="networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


PAGES = [
    "/",
    "/start/",
    "/lessons/",
    *(f"/lessons/{lesson.stem}/" for lesson in course.lessons()),
    *("/errors/", "/errors/exec-format-error/", "/reference/lab/", "/reference/platforms/", "/reference/notes/"),
    *("/audit/", "/workshop/", "/contributing/"),
    *("/workshop/plan/", "/workshop/rooms/", "/workshop/slides/", "/workshop/exams/", "/workshop/true-image/"),
]


@pytest.mark.parametrize(("path", "width"), by_day([(path, width) for path in PAGES for width in (390, 1280)], 3))
def test_a_page_fits_its_screen_and_asks_nobody_else(visit, path, width):
    """No sideways scrolling, one heading, every picture drawn; console and network are watched by `visit`."""
    page = visit(path, width=width)
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 0)")


@pytest.mark.parametrize("path", ["/", "/lessons/mismatch/", "/errors/exec-format-error/"])
def test_nothing_moves_while_a_page_loads(visit, path):
    """No layout shift that a reader has not asked for. A busy machine may draw late once; a page that moves always does."""
    shift = """() => new Promise((done) => { let sum = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((e) => { sum += e.hadRecentInput ? 0 : e.value; }))
          .observe({ type: "layout-shift", buffered: true }); setTimeout(() => done(sum), 300); })"""
    assert any(visit(path).evaluate(shift) < 0.01 for _ in range(3))


def test_a_lesson_is_light(chromium, address):
    """At most 400 KB for all that a first visit loads, as a host that compresses would send it."""
    context = chromium.new_context()
    page = context.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - playwright binds no builtin
    page.goto(f"{address}/lessons/multi-platform/", wait_until="networkidle")
    weights = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    context.close()
    assert any(url.endswith("search_index.json") for url in weights)
    assert sum(weights.values()) < 400_000


@pytest.mark.parametrize("pasted", ["exec format error", "exec /bin/sh: exec format error"])
def test_the_search_answers_a_pasted_error(visit, pasted):
    """The error guide's page is among the first answers."""
    page = visit("/")
    page.locator(".md-search__input").click()
    page.keyboard.type(pasted)
    answers = page.locator(".md-search-result__item > a.md-search-result__link, .md-search-result__link")
    answers.first.wait_for()
    first = [answers.nth(n).get_attribute("href") or "" for n in range(min(6, answers.count()))]
    assert any("/errors/" in href and "exec" in href for href in first), first


def test_a_lesson_shows_what_was_printed_and_the_results(visit):
    """As in Jupyter: each step's command, output and result."""
    page = visit("/lessons/mismatch/")
    steps = course.lesson("mismatch").steps
    assert page.locator(".lab-step").count() == len(steps)
    page.locator("#see_warning .lab-solution summary").first.click()  # a gap is filled where it is opened
    assert "does not match the detected host platform" in page.locator("#see_warning .lab-output").inner_text()
    assert page.locator("#see_warning .lab-passed").is_visible()
    assert page.locator(".lab-diagram svg text").first.is_visible()


def test_the_copy_button_copies_the_command_only(visit):
    """No `%%step` line, no prompt, no output."""
    page = visit("/lessons/mismatch/")
    whole = next(step for step in course.lesson("mismatch").steps if step.kind == "whole")
    page.locator(f"#{whole.name} .highlight").hover()
    page.locator(f"#{whole.name} .md-code__button").first.click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('docker')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == whole.solution
    assert page.locator(".lab-output .md-code__button").count() == 0


def test_a_solution_is_there_for_those_who_ask(visit):
    """Folded until it is opened, also with the keyboard alone."""
    page = visit("/lessons/machine/", width=390)
    solution = page.locator(".lab-solution").first
    assert not solution.locator(".highlight").is_visible()
    solution.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert solution.locator(".highlight").is_visible()


def test_light_and_dark_switch_and_stay(visit):
    """The system's choice at first, the reader's own from then on."""
    page = visit("/lessons/machine/", scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    page.locator("[data-md-component=palette] label:not([hidden])").click()
    page.wait_for_function("document.body.dataset.mdColorScheme === 'default'")
    page.reload()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "default"
    assert page.evaluate(background) != dark


def test_lessons_lead_to_the_next_and_back(visit):
    """The order of the course, at the foot of each page."""
    page = visit("/lessons/machine/")
    page.locator(".md-footer__link--next").click()
    page.wait_for_url("**/lessons/one-platform/")
    page.locator(".md-footer__link--prev").click()
    page.wait_for_url("**/lessons/machine/")


def test_a_page_that_is_not_there_searches(visit):
    """The words of a mistyped address find the page that was meant."""
    page = visit("/nowhere/exec-format-eror")
    page.locator("#lab-near a").first.wait_for()
    assert "/errors/" in page.locator("#lab-near a").first.get_attribute("href")


def test_all_output_is_on_paper(visit):
    """What is cut or folded on the screen is printed whole."""
    page = visit("/lessons/multi-platform/")
    page.emulate_media(media="print")
    output = page.locator("#multi_push .lab-output")
    assert output.evaluate("(one) => getComputedStyle(one).maxHeight") == "none"
    assert not page.locator(".md-tabs").is_visible()


def test_the_keyboard_alone_is_enough(visit):
    """The first stop skips to the text; wide outputs can be scrolled with the keys."""
    page = visit("/lessons/builders/", width=390)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('md-skip')")
    outputs = page.locator("pre.lab-output")
    assert all(outputs.nth(n).get_attribute("tabindex") == "0" for n in range(outputs.count()))


def test_the_slides_go_by_keys(visit):
    """Next and back, the notes, dark and light; each slide fills the screen, with its picture and without scrolling."""
    page = visit("/workshop/slides/")
    shown = "document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('.slide').id"
    for lesson in course.lessons():
        page.keyboard.press("ArrowRight")
        assert page.evaluate(shown) == lesson.stem
        place = page.locator(f"#{lesson.stem}").bounding_box()
        assert abs(place["y"]) < 2
        assert place["height"] <= 902
    page.keyboard.press("PageUp")
    assert page.evaluate(shown) == course.lessons()[-2].stem
    notes = page.locator(f"#{course.lessons()[-2].stem} .notes p").first
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert notes.is_visible()
    page.keyboard.press("d")
    assert page.evaluate("document.documentElement.dataset.scheme") == "dark"


def test_the_slides_are_a_sheet_each_on_paper(visit):
    """The contents, and one for each lesson with its notes."""
    page = visit("/workshop/slides/", scheme="dark")
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == len(course.lessons()) + 1
    page.emulate_media(media="print")
    assert page.locator("#machine .notes p").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(255, 255, 255)"


KINDS = [
    *("/", "/lessons/multi-platform/", "/errors/exec-format-error/", "/audit/", "/nowhere/exec-format-eror"),
    *("/workshop/slides/", "/workshop/true-image/"),
]


@pytest.mark.parametrize(
    ("path", "scheme"), by_day([(path, scheme) for path in KINDS for scheme in ("light", "dark")], 3)
)
def test_everybody_can_read_it(visit, axe, path, scheme):
    """axe-core finds nothing serious on a page of each kind, in either theme."""
    page = visit(path, scheme=scheme)
    page.evaluate(axe.read_text())  # as a debugger does: the page takes no script but its own
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"]
    serious = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert not serious
