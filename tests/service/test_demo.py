"""The demo page, in a real Chromium."""

import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import spacy
from served import serve_in_thread
from small import TEXTS, trained
from small_classifiers import by_heart
from spacy import displacy
from texts_with_categories import CLASSIFIED_TEXTS

from spacy_distill.service.samples import SAMPLES

api = pytest.importorskip(
    "playwright.sync_api", reason="needs Playwright: pip install playwright"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium in the PATH, such as of apt-get"
)
EMOJI = "🎉👩‍🚀 Anna went to Paris .\r\nBob Smith likes\r\n\r\nNew York City é́"


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


def rules():
    """A teacher without probabilities: the student has other entities."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PER", "pattern": "Anna"},
            {"label": "LOC", "pattern": "New York"},
            {"label": "ORG", "pattern": "Paris"},
            {"label": "DATE", "pattern": "nothing"},
        ]
    )
    return nlp


@pytest.fixture(scope="module")
def alone():
    with serve_in_thread(trained()) as url:
        yield url


@pytest.fixture(scope="module")
def pair():
    with serve_in_thread(trained(), rules()) as url:
        yield url


@pytest.fixture(scope="module")
def classifiers():
    teacher = by_heart("bow")
    with serve_in_thread(by_heart(), teacher) as url:
        yield url


@contextmanager
def opened(browser, url, **options):
    """Open a page, and check that it asks no other host and that nothing fails."""
    context = browser.new_context(
        **{"viewport": {"width": 1200, "height": 800}} | options
    )
    page = context.new_page()
    hosts, faults = set(), []
    page.on(
        "request",
        lambda request: hosts.add(urlsplit(request.url)._replace(path="", query="")),
    )
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.faults = faults
    page.goto(url)
    yield page
    hosts = {host.geturl() for host in hosts if host.scheme != "data"}
    assert hosts == {url}
    assert faults == []
    context.close()


def ask(page, text):
    """Type a text, and wait for all answers to it."""
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Predict").click()
    done(page)


def done(page):
    page.locator("#results[aria-busy=false]").wait_for()


def marks(page, model="student"):
    """Return the entities that are drawn: start, end, label, text."""
    return page.locator(f"#{model} mark").evaluate_all(
        """marks => marks.map(mark => [
            Number(mark.dataset.start), Number(mark.dataset.end),
            mark.querySelector(".label").textContent.replace("≠ ", ""),
            mark.querySelector(".words").textContent])"""
    )


def expected(text, nlp=None):
    doc = (nlp or trained())(text)
    return [[e.start_char, e.end_char, e.label_, e.text] for e in doc.ents]


def test_the_first_sample_is_predicted(browser, alone):
    with opened(browser, alone) as page:
        done(page)
        title, text = SAMPLES["en"]["ner"][0]
        assert page.get_by_label("Text", exact=True).input_value() == text
        assert page.get_by_role("button", name=title).is_visible()
        assert page.get_by_role("heading", level=1).inner_text() == "en_pipeline"
        assert "English" in page.locator("#about").inner_text()
        assert float(page.locator(".latency").inner_text().split(" ")[0]) > 0
        assert page.locator(".column").count() == 1
        assert not page.locator("#tasks").is_visible()
        title, text = SAMPLES["en"]["ner"][1]
        page.get_by_role("button", name=title).click()
        assert page.get_by_label("Text", exact=True).input_value() == text


@pytest.mark.parametrize("text", [*TEXTS, EMOJI, "<b>Anna</b> & Paris ."])
def test_entities_are_where_they_are_in_the_text(browser, alone, text):
    with opened(browser, alone) as page:
        done(page)
        ask(page, text)
        # As in any text field, a line ends in \n.
        text = text.replace("\r\n", "\n")
        assert marks(page) == expected(text)
        shown = page.locator(".entities").evaluate(
            """div => { div = div.cloneNode(true);
            div.querySelectorAll(".label, .tip").forEach(one => one.remove());
            return div.textContent }"""
        )
        assert shown == text


def test_displacy_has_the_same_colors(browser, alone):
    with opened(browser, alone) as page:
        ask(page, TEXTS[0])
        colors = page.locator("mark").evaluate_all(
            "marks => marks.map(mark => getComputedStyle(mark).backgroundColor)"
        )
        drawn = displacy.render(trained()(TEXTS[0]), style="ent", jupyter=False)
        for color in colors:
            red, green, blue = map(int, color[4:-1].split(","))
            assert f"background: #{red:02x}{green:02x}{blue:02x}" in drawn
        assert len(colors) == 2


def test_the_threshold_hides_entities(browser, pair):
    doc = trained()(TEXTS[3])
    scores = [float(score) for score in doc.spans["ner"].attrs["scores"]]
    least = round(sorted(scores)[1], 2)
    with opened(browser, pair) as page:
        ask(page, TEXTS[3])
        page.get_by_label("Confidence threshold").fill(str(least))
        assert page.locator("#least").inner_text() == f"{least:.2f}"
        kept = [ent for ent, score in zip(expected(TEXTS[3]), scores) if score >= least]
        assert marks(page) == kept
        page.get_by_label("Confidence threshold").fill("1")
        assert marks(page) == [
            ent for ent, score in zip(expected(TEXTS[3]), scores) if score == 1.0
        ]
        # The teacher's have no probability.
        assert marks(page, "teacher") == expected(TEXTS[3], rules())
        assert "no probabilities" in page.locator("#teacher .note").inner_text()
        page.get_by_label("Confidence threshold").fill("0")
        assert marks(page) == expected(TEXTS[3])


def test_differences_are_marked(browser, pair):
    with opened(browser, pair) as page:
        ask(page, f"{TEXTS[0]}\n{TEXTS[1]}\nnothing")
        told = {
            model: page.locator(f"#{model} mark").evaluate_all(
                """marks => marks.map(mark => [
                    mark.querySelector(".words").textContent,
                    mark.querySelector(".label").textContent.startsWith("≠"),
                    getComputedStyle(mark).outlineStyle,
                    mark.querySelector(".tip").lastChild.textContent])"""
            )
            for model in ("student", "teacher")
        }
        odd = {
            model: {
                words: tip
                for words, *marked, tip in found
                if marked == [True, "dashed"]
            }
            for model, found in told.items()
        }
        assert odd["student"] == {
            "Paris": "The teacher has Paris (ORG).",
            "Bob Smith": "The teacher does not find it.",
            "New York City": "The teacher has New York (LOC).",
        }
        assert odd["teacher"] == {
            "Paris": "The student has Paris (LOC).",
            "New York": "The student has New York City (LOC).",
            "nothing": "The student does not find it.",
        }
        same = {words: marked for words, *marked, _ in told["student"]}["Anna"]
        assert same == [False, "none"]
        summary = page.get_by_role("status")
        assert summary.inner_text() == (
            "1 in both, ≠ 3 only in the student, ≠ 3 only in the teacher"
        )
        ask(page, "Anna")
        assert summary.inner_text() == "1 entity, the same in both"
        ask(page, "nothing")
        assert summary.inner_text() == "0 in both, ≠ 1 only in the teacher"


def focus(page):
    """Press Tab, check that the focus can be seen, and describe where it is."""
    page.keyboard.press("Tab")
    return page.evaluate(
        """() => { const one = document.activeElement;
        const style = getComputedStyle(one);
        const width = parseFloat(style.outlineWidth);
        const seen = style.outlineStyle === "solid" && width >= 2;
        return [seen, one.id || (one.querySelector(".words") || one).textContent] }"""
    )


def test_the_keyboard_alone(browser, pair):
    with opened(browser, pair) as page:
        done(page)
        titles = [title for title, _ in SAMPLES["en"]["ner"]]
        for name in ("API", *titles, "text"):
            assert focus(page) == [True, name]
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("Anna went to Paris .")
        page.keyboard.press("Control+Enter")
        done(page)
        for name in ("Predict", "threshold"):
            assert focus(page) == [True, name]
        page.keyboard.press("End")
        assert page.locator("#least").inner_text() == "1.00"
        page.keyboard.press("Home")
        assert marks(page) == expected("Anna went to Paris .")
        tip = page.locator(".tip.open")
        for words in ("Anna", "Paris"):
            assert focus(page) == [True, words]
            assert "probability" in tip.inner_text()
        assert "The teacher has Paris (ORG)." in tip.inner_text()
        page.keyboard.press("Escape")
        assert tip.count() == 0
        page.keyboard.press("Shift+Tab")
        assert tip.is_visible()
        page.keyboard.press("Shift+Tab")
        assert tip.count() == 0


def test_the_pointer_shows_probabilities(browser, alone):
    with opened(browser, alone) as page:
        ask(page, TEXTS[0])
        page.locator("mark").first.hover()
        tip = page.locator(".tip.open")
        assert tip.inner_text().startswith("PER, probability ")
        # It can be pointed at, too.
        tip.hover()
        assert tip.is_visible()
        page.get_by_role("heading", level=1).hover()
        assert tip.count() == 0


# Text that is drawn, with its color and that of the background behind it.
TEXT_COLORS = """() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const one = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || !one.checkVisibility({visibilityProperty: true})) continue;
        if (one.closest(".unseen, .tip:not(.open), script, noscript")) continue;
        let behind = one;
        const color = () => getComputedStyle(behind).backgroundColor;
        while (color() === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
        found.push([text, getComputedStyle(one).color, color()]);
    }
    for (const one of document.querySelectorAll("textarea, input[type=password]")) {
        const style = getComputedStyle(one);
        found.push([one.value, style.color, style.backgroundColor]);
    }
    return found }"""


def luminance(color):
    assert color.startswith("rgb("), color
    parts = [int(part) / 255 for part in color[4:-1].split(",")]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear))


def check_contrast(page):
    """Check that all text has the contrast of WCAG's level AA."""
    found = page.evaluate(TEXT_COLORS)
    for text, *colors in found:
        low, high = sorted(map(luminance, colors))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, colors)
    return {text for text, *_ in found}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser, pair, classifiers, scheme):
    with opened(browser, pair, color_scheme=scheme) as page:
        ask(page, " ".join(TEXTS))
        page.locator("mark").first.focus()
        assert {"Anna", "≠ LOC", "API", "Predict"} <= check_contrast(page)
        page.get_by_role("button", name="Predict").hover()
        check_contrast(page)
        page.get_by_label("Text", exact=True).fill(" ")
        page.get_by_role("button", name="Predict").click()
        assert any("choose a sample" in text for text in check_contrast(page))
        page.get_by_role("button", name="Letter").hover()
        check_contrast(page)
    with opened(browser, classifiers, color_scheme=scheme) as page:
        done(page)
        page.get_by_label("Confidence threshold").fill("0.5")
        assert {"FOOD", "SPORT", "WEATHER"} <= check_contrast(page)
        page.goto(page.url + "docs")
        assert "/predict" in check_contrast(page)


def test_a_phone(browser, pair, classifiers):
    def fits(page):
        return page.evaluate("document.documentElement.scrollWidth") <= 360

    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
    with opened(browser, pair, **phone) as page:
        done(page)
        assert fits(page)
        ask(page, f"{' '.join(TEXTS)} {'Anna' * 40} https://example.org/{'a' * 80}")
        assert fits(page)
        for mark in page.locator("mark").all():
            mark.tap()
            assert fits(page)
            box = page.locator(".tip.open").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360
    with opened(browser, classifiers, **phone) as page:
        done(page)
        assert fits(page)
        page.goto(page.url + "docs")
        assert fits(page)


def test_categories_are_bars(browser, classifiers):
    text = CLASSIFIED_TEXTS[0]
    cats = sorted(by_heart()(text).cats.items(), key=lambda item: -item[1])
    with opened(browser, classifiers) as page:
        ask(page, text)
        rows = page.locator("#student tbody tr")
        assert rows.locator("th").all_inner_texts() == [label for label, _ in cats]
        shares = rows.locator(".track").evaluate_all(
            "all => all.map(one => one.firstChild.offsetWidth / one.offsetWidth)"
        )
        assert shares == pytest.approx([score for _, score in cats], abs=0.02)
        page.get_by_label("Confidence threshold").fill("0.5")
        below = [label for label, score in cats if score < 0.5]
        told = page.locator("#student .below th").all_text_contents()
        assert told == [f"{label} (below the threshold)" for label in below]
        assert page.get_by_role("status").inner_text() == "Student and teacher agree"


def test_categories_that_differ(browser):
    text = CLASSIFIED_TEXTS[0]
    student, teacher = by_heart(), by_heart()
    # The teacher mistakes all: its logits are turned round.
    teacher.add_pipe("mistaken")
    best, wrong = (
        max(nlp(text).cats, key=nlp(text).cats.get) for nlp in (student, teacher)
    )
    with serve_in_thread(student, teacher) as url, opened(browser, url) as page:
        ask(page, text)
        for model, other in (("student", "teacher"), ("teacher", "student")):
            told = page.locator(f"#{model} th").all_text_contents()
            odd = {line for line in told if line.startswith("≠")}
            assert odd == {f"≠ {x} (differs from the {other})" for x in (best, wrong)}
        assert (
            page.get_by_role("status").inner_text() == "≠ They differ in 2 categories"
        )


@spacy.Language.component("mistaken", assigns=["doc.cats"])
def mistaken(doc):
    doc.cats = {label: 1 - score for label, score in doc.cats.items()}
    return doc


def test_a_pipeline_with_entities_and_categories(browser):
    nlp = trained()
    nlp.add_pipe("textcat", source=by_heart())
    with serve_in_thread(nlp) as url, opened(browser, url) as page:
        ask(page, TEXTS[0])
        assert marks(page) == expected(TEXTS[0])
        page.get_by_label("Categories").check()
        done(page)
        assert page.get_by_role("table").is_visible()
        assert page.locator("mark").count() == 0


def test_what_goes_wrong_is_told(browser):
    with (
        serve_in_thread(trained(), rules(), max_chars=400) as url,
        opened(browser, url) as page,
    ):
        ask(page, TEXTS[0])
        page.get_by_label("Text", exact=True).fill("a" * 401)
        page.get_by_role("button", name="Predict").click()
        alert = page.get_by_role("alert")
        api.expect(alert).to_contain_text("at most 400 characters")
        # The browser notes the status.
        assert len(page.faults) == 1
        page.faults.clear()
        ask(page, TEXTS[0])
        assert alert.inner_text() == ""


@spacy.Language.component("fails_at_bob")
def fails_at_bob(doc):
    if doc.text.startswith("Bob"):
        raise ValueError("boom")
    return doc


def test_a_teacher_that_fails(browser):
    teacher = rules()
    teacher.add_pipe("fails_at_bob")
    with serve_in_thread(trained(), teacher) as url, opened(browser, url) as page:
        ask(page, TEXTS[0])
        assert marks(page, "teacher") == expected(TEXTS[0], rules())
        ask(page, TEXTS[1])
        assert "The pipeline failed" in page.get_by_role("alert").inner_text()
        assert marks(page) == expected(TEXTS[1])
        page.get_by_label("Confidence threshold").fill("0.01")
        assert marks(page, "teacher") == []
        assert page.locator("#teacher .latency").inner_text() == "no answer"
        page.faults.clear()
        ask(page, TEXTS[0])
        assert marks(page, "teacher") == expected(TEXTS[0], rules())


def test_an_api_key(browser, tmp_path):
    keys = tmp_path / "keys.txt"
    keys.write_text("secret", encoding="utf-8")
    with (
        serve_in_thread(trained(), api_key_file=str(keys)) as url,
        opened(browser, url) as page,
    ):
        assert not page.get_by_label("Text", exact=True).is_visible()
        field = page.get_by_label("API key")
        assert field.evaluate("one => one === document.activeElement")
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        alert = page.get_by_role("alert")
        api.expect(alert).to_contain_text("Expected a known API key")
        page.faults.clear()
        field.fill("secret")
        page.keyboard.press("Enter")
        done(page)
        ask(page, TEXTS[0])
        assert marks(page) == expected(TEXTS[0])
        assert not field.is_visible()
        kept = page.evaluate("[localStorage.length, sessionStorage.length]")
        assert kept == [0, 0]
        assert page.context.cookies() == []
        assert "secret" not in page.url
        page.reload()
        assert page.get_by_label("API key").is_visible()
