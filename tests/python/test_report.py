"""The report as objects, its text, and how a notebook shows it."""

import pickle
import re
import unittest
from html.parser import HTMLParser

from listener import REFUSAL, ROOT, document

import batchlint
from batchlint._report import parse


def report(errors=1, text="the whole text\n1 error; 2 batches\n", **more):
    return batchlint.Report.from_json(document(errors, 2, **more), text)


class Objects(unittest.TestCase):
    def test_every_part_of_the_document_has_its_object(self):
        made = report()
        self.assertEqual((made.status, made.exit_code, made.ok), ("findings", 1, False))
        (finding,) = made.diagnostics
        self.assertEqual(
            (finding.rule, finding.level, finding.count, finding.of), ("shape-mismatch", "error", 1, 2)
        )
        self.assertEqual(finding.primary, batchlint.Label("train.py", 7, 9, 7, 18))
        self.assertIsNone(finding.claim)
        self.assertEqual(finding.labels, [batchlint.Label("train.py", 7, 9, 7, 18, "made here")])
        self.assertEqual(finding.places, [batchlint.Place("gen batch 0", "0", 0, None, [1, 2])])
        self.assertEqual(finding.fix.edits, [batchlint.Edit("train.py", 7, 9, 7, 9, "[:2]")])
        self.assertEqual((finding.fix.applicability, finding.fix.python), ("safe", "x = x[:2]"))
        self.assertEqual(made.checks, [batchlint.Check("shape-mismatch", "x", "fail", None)])
        self.assertEqual(
            (made.coverage.batches, made.coverage.samples, made.coverage.not_evaluated), (2, 4, 1)
        )
        self.assertEqual(made.document["tool"]["name"], "batchlint")

    def test_what_is_missing_is_neutral(self):
        bare = batchlint.Report.from_json(
            {"version": 1, "status": "clean", "exit_code": 0, "diagnostics": [{"rule": "r"}]}
        )
        self.assertEqual(bare.diagnostics[0].labels, [])
        self.assertIsNone(bare.diagnostics[0].fix)
        self.assertEqual(bare.coverage, batchlint.Coverage())
        self.assertIn("error[r]", str(bare))

    def test_the_text_is_the_rendering(self):
        self.assertEqual(str(report()), "the whole text\n1 error; 2 batches")
        self.assertEqual(repr(report(2)), "<batchlint.Report: findings, 2 batches: 2 errors>")
        self.assertEqual(repr(report(0)), "<batchlint.Report: clean, 2 batches>")

    def test_another_version_is_refused(self):
        for odd in ({"version": 2}, {}, [], None):
            with self.assertRaises(batchlint.BatchlintError):
                batchlint.Report.from_json(odd)

    def test_a_document_of_errors_is_raised_with_its_words(self):
        with self.assertRaises(batchlint.BatchlintError) as caught:
            batchlint.Report.from_json(REFUSAL)
        self.assertEqual(str(caught.exception), "spec:1:1: unknown key `x`\n  help: keys are y")
        self.assertNotIsInstance(caught.exception, batchlint.FindingsError)

    def test_what_the_command_prints_can_be_parsed(self):
        import json

        self.assertEqual(len(parse(json.dumps(document(3, 1))).diagnostics), 3)


class Raising(unittest.TestCase):
    def test_errors_are_raised_with_the_whole_text(self):
        with self.assertRaises(batchlint.FindingsError) as caught:
            report().raise_for_findings()
        self.assertEqual(str(caught.exception), "the whole text\n1 error; 2 batches")
        self.assertEqual(caught.exception.report, report())
        self.assertEqual(str(pickle.loads(pickle.dumps(caught.exception))), str(caught.exception))

    def test_the_level_decides(self):
        entry = document(1, 2, code=0)
        entry["diagnostics"][0]["level"] = "warning"
        made = batchlint.Report.from_json(entry, "text")
        self.assertIs(made.raise_for_findings(), made)
        self.assertEqual(made.at_least("error"), [])
        self.assertEqual(len(made.at_least("note")), 1)
        for level in ("warning", "note"):
            with self.assertRaises(batchlint.FindingsError):
                made.raise_for_findings(level)
        with self.assertRaises(ValueError):
            made.raise_for_findings("fatal")

    def test_fail_on_counts_too(self):
        entry = document(1, 2, code=1)
        entry["diagnostics"][0]["level"] = "warning"
        with self.assertRaises(batchlint.FindingsError):
            batchlint.Report.from_json(entry, "text").raise_for_findings()

    def test_nothing_checked_is_not_passed(self):
        made = report(0, status="nothing-checked", code=3)
        self.assertFalse(made.ok)
        with self.assertRaises(batchlint.BatchlintError) as caught:
            made.raise_for_findings()
        self.assertNotIsInstance(caught.exception, batchlint.FindingsError)

    def test_clean_is_ok(self):
        self.assertTrue(report(0).ok)
        self.assertEqual(report(0).raise_for_findings("note").status, "clean")


class Balanced(HTMLParser):
    VOID = {"br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words.append(data)


class Html(unittest.TestCase):
    def test_it_is_whole_and_escaped(self):
        page = Balanced(report(2)._repr_html_())
        self.assertEqual(page.open, [])
        self.assertLessEqual(
            page.tags, {"div", "b", "details", "summary", "table", "tr", "td", "code", "span"}
        )
        text = "".join(page.words)
        self.assertIn('input `<x>` is "odd"', text)
        self.assertIn("do <that>", text)
        self.assertIn("x = x[:2]", text)
        self.assertIn("train.py:7:9", text)

    def test_it_runs_nothing_and_loads_nothing(self):
        html = report(2)._repr_html_()
        self.assertIsNone(re.search(r"<script|https?:|url\(|\son\w+=", html))
        # Colours that are set for text alone are lost on one of a light and a dark page.
        self.assertNotIn("background", html)

    def test_many_findings_stay_small(self):
        html = report(500)._repr_html_()
        self.assertIn("and 450 more findings", html)
        self.assertEqual(html.count("<details"), 50)

    def test_clean_and_unchecked_look_different(self):
        self.assertNotEqual(
            report(0)._repr_html_(), report(0, status="nothing-checked", code=3)._repr_html_()
        )


class Package(unittest.TestCase):
    def test_the_version_is_that_of_the_binary(self):
        import os

        with open(os.path.join(ROOT, "Cargo.toml"), encoding="utf-8") as file:
            self.assertEqual(
                re.search(r'^version = "(.*)"', file.read(), re.M).group(1), batchlint.__version__
            )

    def test_all_names_are_there(self):
        for name in batchlint.__all__:
            self.assertTrue(getattr(batchlint, name), name)
            self.assertIn(name, dir(batchlint))
        with self.assertRaises(AttributeError):
            batchlint.wach


if __name__ == "__main__":
    unittest.main()
