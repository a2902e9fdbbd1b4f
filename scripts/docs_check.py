"""Checks the built site: every link inside of it has a target, every rule has its page in the navigation, and the error texts of the
rule pages are in the search index.

    python scripts/docs_check.py site
"""

import html
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Shorter pieces of code are names, not texts that somebody searches for.
_TEXT = 25
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)


class _Page(HTMLParser):
    """The links of a page and what they can point at."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def main(site):
    pages = {path: _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    troubles = []
    count = 0
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # its links are made for the root of a server
        for link in page.links:
            count += 1
            trouble = _trouble(site, path, link, pages)
            if trouble:
                troubles.append("%s: %s: %s" % (path.relative_to(site), link, trouble))
    rules = sorted(path.stem for path in (site / "rules").glob("*.html") if path.stem != "index")
    sources = sorted(path.stem for path in Path("docs/rules").glob("*.md"))
    if rules != sources:
        troubles.append("pages of rules: %s" % sorted(set(rules) ^ set(sources)))
    nav = set(pages[site / "index.html"].links)
    troubles += ["not in the navigation: %s" % rule for rule in rules if "rules/%s.html" % rule not in nav]
    texts, missing = _searched(site)
    troubles += missing
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    print("%d pages, %d links, %d rules, %d error texts in the search index" % (len(pages), count, len(rules), texts))
    return 1 if troubles or not texts else 0


def _trouble(site, path, link, pages):
    parts = urlsplit(link)
    if parts.scheme in ("http", "https", "mailto", "data") or parts.netloc:
        return None
    target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file():
        return "no such file"
    if site.resolve() not in target.resolve().parents:
        return "outside of the site"
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and not anchor.startswith("__"):
        if anchor not in pages[target].anchors:
            return "no such place on the page"
    return None


def _searched(site):
    """How many texts of rule pages were looked up, and which cannot be found."""
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    held = {}
    for entry in index["docs"]:
        page = entry["location"].split("#")[0]
        held[page] = held.get(page, "") + " " + _plain(entry["text"])
    looked_up, missing = 0, []
    for path in sorted(Path("docs/rules").glob("*.md")):
        why = path.read_text("utf-8").partition("## Why it hurts")[2].partition("\n## ")[0]
        for _, text in _CODE.findall(why):
            if len(text) < _TEXT:
                continue
            looked_up += 1
            # A bar in a table is escaped there.
            if _words(text.replace("\\|", "|")) not in _words(held.get("rules/%s.html" % path.stem, "")):
                missing.append("%s: cannot be searched for: %s" % (path, text))
    return looked_up, missing


def _plain(text):
    return html.unescape(re.sub(r"</?[a-z][^>]*>", "", text))


def _words(text):
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
