"""The HTML report in a real browser: scripts/test-browser runs this."""

import os
import tempfile
import unittest
from pathlib import Path

from playwright.sync_api import sync_playwright

import demo

COUNT = "#filter-count"
FINDINGS = "article.finding"


class Pages(unittest.TestCase):
    """A browser, and a page of each dump."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = Path(cls.scratch.name)
        demo.mixed(folder / "mixed")
        demo.hostile(folder / "hostile")
        cls.mixed = demo.report(folder / "mixed", "train").as_uri()
        cls.hostile = demo.report(folder / "hostile", "dump").as_uri()
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        # Chromium's own sandbox does not start for root, as in containers.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        cls.browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=sandbox)
        cls.addClassCleanup(cls.browser.close)

    def open(self, address, width=1280, script=None, **options):
        """The page, in a fresh profile; whatever it asks for or complains about is kept."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.addCleanup(context.close)
        page = context.new_page()
        self.asked, self.said = [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        if script:
            page.add_init_script(script)
        page.goto(address)
        return page

    def shown(self, page):
        return page.locator(f"{FINDINGS}:visible").count()


class Page(Pages):
    def test_renders_from_a_file_and_asks_for_nothing(self):
        page = self.open(self.mixed)
        page.wait_for_load_state("networkidle")
        self.assertEqual(page.title(), "batchlint: 4 errors")
        self.assertEqual([url for url in self.asked if not url.startswith("data:image/png")], [self.mixed])
        self.assertEqual(self.said, [])
        self.assertEqual(self.shown(page), 4)

    def test_every_picture_is_drawn(self):
        page = self.open(self.mixed)
        images = page.locator(".thumbnails img")
        self.assertEqual(images.count(), 8)
        sizes = images.evaluate_all("all => all.map(image => [image.naturalWidth, image.naturalHeight])")
        self.assertEqual(sizes, [[16, 16]] * 8)
        # What is 0..255 in a range of 0..1 is white all over; what is in range is not.
        whites = page.evaluate(
            """() => [...document.querySelectorAll(".thumbnails img")].map((image) => {
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [16, 16];
                const context = canvas.getContext("2d");
                context.drawImage(image, 0, 0);
                const pixels = [...context.getImageData(0, 0, 16, 16).data];
                return [image.alt, pixels.filter((byte) => byte > 250).length / pixels.length];
            })"""
        )
        white = [name for name, share in whites if share > 0.95]
        self.assertEqual(white, ["train/batch_006.npz[0]", "train/batch_006.npz[1]"])

    def test_the_strip_shows_the_short_batch_and_the_other_type(self):
        page = self.open(self.mixed)
        self.assertEqual(page.locator(".strip rect.odd").count(), 1)
        words = page.locator(".strip").inner_text()
        self.assertIn("4 rows in 23 of 24 batches; 2 in train/batch_023.npz", words)
        self.assertIn("float64 [n, 3, 16, 16] in 1 of 24 batches: train/batch_008.npz", words)
        bar, odd = page.locator(".strip rect.bar").first.bounding_box(), page.locator("rect.odd").bounding_box()
        self.assertAlmostEqual(bar["height"] / odd["height"], 2, places=1)

    def test_fits_every_width(self):
        for address in (self.mixed, self.hostile):
            for width in (320, 400, 768, 1280, 2560):
                page = self.open(address, width=width)
                inner = page.evaluate("document.documentElement.scrollWidth")
                self.assertLessEqual(inner, width, f"{address} at {width}")

    def test_reads_without_its_script(self):
        with_script = self.open(self.mixed).locator("main").inner_text()
        page = self.open(self.mixed, java_script_enabled=False)
        text = page.locator("body").inner_text()
        for words in ("input image is float64", "image = image.astype(np.float32)", "76 passed", "train/batch_023.npz"):
            self.assertIn(words, text)
            self.assertIn(words, with_script)
        self.assertFalse(page.locator("#filter").is_visible())
        self.assertEqual(page.locator("button:visible").count(), 0)
        # The style sheet has passed the policy without a script as well.
        self.assertEqual(page.locator(FINDINGS).first.evaluate("it => getComputedStyle(it).borderLeftWidth"), "4px")
        page.locator("details.about summary").first.click()
        self.assertTrue(page.locator("details.about p").first.is_visible())


class Filter(Pages):
    def test_by_mouse(self):
        page = self.open(self.mixed)
        page.locator("#filter-rule").select_option("unscaled-images")
        self.assertEqual((self.shown(page), page.locator(COUNT).inner_text()), (1, "1 of 4"))
        page.locator("#filter-rule").select_option("")
        page.get_by_label("error").uncheck()
        self.assertEqual(self.shown(page), 0)
        self.assertTrue(page.locator("#filter-empty").is_visible())
        page.get_by_label("error").check()
        page.locator("#filter-text").fill("batch_008")
        self.assertEqual(page.locator(f"{FINDINGS}:visible .rule").all_inner_texts(), ["double-precision"])
        # What names a finding shows it again.
        page.locator("a.blame", has_text="unscaled-images").click()
        page.locator("article[data-rule=unscaled-images]").wait_for(state="visible")
        self.assertTrue(page.locator("article[data-rule=unscaled-images]").is_visible())

    def test_by_keyboard(self):
        page = self.open(self.mixed)
        page.keyboard.press("/")
        page.keyboard.type("batch_002 nan")
        self.assertEqual((page.locator("#filter-text").input_value(), self.shown(page)), ("batch_002 nan", 1))
        page.keyboard.press("Escape")
        self.assertEqual(self.shown(page), 4)
        page.keyboard.press("Shift+Tab")
        page.keyboard.type("part")
        self.assertEqual((page.locator("#filter-rule").input_value(), self.shown(page)), ("partial-last-batch", 1))
        page.keyboard.press("Home")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Space")
        self.assertEqual(self.shown(page), 0)
        page.keyboard.press("Space")
        self.assertEqual(self.shown(page), 4)

    def test_what_has_the_focus_is_seen(self):
        page = self.open(self.mixed)
        page.keyboard.press("Tab")
        self.assertTrue(page.locator(".skip").evaluate("it => it === document.activeElement && it.offsetLeft >= 0"))
        for _ in range(12):
            page.keyboard.press("Tab")
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            self.assertNotEqual(style, "none", page.evaluate("document.activeElement.outerHTML.slice(0, 80)"))

    def test_stays_in_sight(self):
        page = self.open(self.mixed)
        page.locator("article[data-rule=unscaled-images] h3").scroll_into_view_if_needed()
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(200)
        self.assertAlmostEqual(page.locator("#filter").bounding_box()["y"], 0, delta=1)


class Copy(Pages):
    FIX = "image = image.astype(np.float32)"

    def pasted(self, page):
        page.locator("#filter-text").focus()
        page.keyboard.press("Control+V")
        return page.locator("#filter-text").input_value()

    def test_copies_the_fix(self):
        page = self.open(self.mixed)
        button = page.locator("button.copy").first
        button.focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Copied").wait_for()
        self.assertEqual(self.pasted(page), self.FIX)

    def test_copies_without_the_clipboard(self):
        page = self.open(self.mixed, script="Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        page.locator("button.copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        self.assertEqual(page.evaluate("getSelection().toString()"), self.FIX)
        self.assertEqual(self.pasted(page), self.FIX)

    def test_selects_where_nothing_may_be_copied(self):
        refuse = "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false"
        page = self.open(self.mixed, script=refuse)
        page.locator("button.copy").first.click()
        page.get_by_role("button", name="Selected").wait_for()
        self.assertEqual(page.evaluate("getSelection().toString()"), self.FIX)


class Hostile(Pages):
    def test_names_are_text(self):
        page = self.open(self.hostile)
        page.wait_for_load_state("networkidle")
        self.assertTrue(page.title().startswith("batchlint: "), page.title())
        self.assertEqual(self.said, [])
        self.assertEqual([url for url in self.asked if not url.startswith("data:image/png")], [self.hostile])
        self.assertEqual(page.locator("script").count(), 1)
        strange = "img:not([src^='data:image/png']), [onload], [onerror], [onmouseover], iframe, object, [style]"
        self.assertEqual(page.locator(strange).count(), 0)
        names = page.locator(".array h3").all_inner_texts()
        for name in demo.HOSTILE[:4]:
            self.assertIn(name, names)
        self.assertIn("\\u{202e}gnp.exe\\u{202c} \\u{1b}[31mred", names)

    def test_the_policy_stops_what_would_get_through(self):
        page = self.open(self.hostile)
        ran = page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "document.title = 'owned'";
                document.body.append(script);
                return document.title;
            }"""
        )
        self.assertNotEqual(ran, "owned")
        self.assertTrue(any("Content Security Policy" in text for text in self.said), self.said)


CONTRAST = """() => {
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((byte) => {
            const share = byte / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (let it = element; it; it = it.parentElement) {
            const color = parts(getComputedStyle(it).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const low = new Set();
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || element.closest("script, svg, select") || element.getClientRects().length === 0) continue;
        const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) low.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
    }
    return [...low];
}"""


class Media(Pages):
    def test_dark_and_light_are_readable(self):
        for scheme, dark in (("light", False), ("dark", True)):
            page = self.open(self.mixed, color_scheme=scheme)
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
            self.assertEqual(max(paper) < 64, dark, paper)
            self.assertEqual(page.evaluate(CONTRAST), [], scheme)

    def test_prints_everything_in_dark_mode_too(self):
        page = self.open(self.mixed, color_scheme="dark")
        page.emulate_media(media="print", color_scheme="dark")
        self.assertEqual(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(page.evaluate(CONTRAST), [])
        self.assertEqual(page.locator("button:visible, nav:visible, select:visible").count(), 0)
        self.assertGreater(page.locator("details.about p").first.bounding_box()["height"], 0)
        pdf = page.pdf(format="A4")
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertGreater(pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page "), 1)


class Screenshots(Pages):
    @unittest.skipUnless(os.environ.get("SCREENSHOTS"), "nobody wants to look")
    def test_are_kept(self):
        folder = Path(os.environ["SCREENSHOTS"])
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == "docs":
            page = self.open(self.mixed)
            page.locator("#filter-rule").select_option("unscaled-images")
            end = page.locator(".array").first.bounding_box()
            clip = {"x": 0, "y": 0, "width": 1280, "height": end["y"] + end["height"] + 24}
            page.screenshot(path=folder / "report.png", full_page=True, clip=clip)
            return
        for scheme in ("light", "dark"):
            for width in (1280, 400):
                page = self.open(self.mixed, width=width, color_scheme=scheme)
                page.screenshot(path=folder / f"{scheme}-{width}.png", full_page=True)


if __name__ == "__main__":
    unittest.main()
