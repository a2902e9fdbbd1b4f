"""Hooks of mkdocs.yml: the rules come from the command itself, and blocks that the tests run are shown with their file names.

Needs target/debug/batchlint, or the command that $BATCHLINT_BIN names.
"""

import json
import os
import re
import subprocess
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent

# What a block of a page is, by the first word behind its fence: its highlighting, and its title if it has no name.
_BLOCKS = {
    "spec": ("toml", "batchlint.toml"),
    "batch": ("text", None),
    "bytes": ("text", None),
    "file": ("text", None),
    "model": ("text", None),
    "python": ("python", None),
    "console": ("console", None),
}
_FENCE = re.compile(r"^```(\w+)(?: (.*))?$", re.MULTILINE)


def on_config(config):
    """Fills in the navigation below "Rules"."""
    config.extra["rules"] = rules = _rules()
    groups = {}
    for rule in rules:
        groups.setdefault(rule["group"], []).append({rule["rule"]: "rules/%s.md" % rule["rule"]})
    listed = ["rules/index.md"] + [{group.capitalize(): pages} for group, pages in groups.items()]
    for item in config.nav:
        if "Rules" in item:
            item["Rules"] = listed
    return config


def on_files(files, config):
    """Adds the table of rules, and the schema of the spec beside the other schemas."""
    files.append(File.generated(config, "rules/index.md", content=_index(config.extra["rules"])))
    schema = ROOT / "batchlint.schema.json"
    files.append(File.generated(config, "batchlint.schema.json", content=schema.read_text("utf-8")))
    return files


def on_page_markdown(markdown, page, config, files):
    """A block with the name of a file behind its language shows it, and blocks of the tests get a language."""
    return _FENCE.sub(_shown, markdown)


def _shown(fence):
    kind, name = fence.group(1), (fence.group(2) or "").strip()
    language, title = _BLOCKS.get(kind, (kind, None))
    if kind != "console":
        title = name or title
    return '```%s title="%s"' % (language, title) if title else "```" + language


def _rules():
    binary = os.environ.get("BATCHLINT_BIN") or str(ROOT / "target" / "debug" / "batchlint")
    listed = subprocess.run([binary, "rules", "--format", "json"], check=True, stdout=subprocess.PIPE)
    rules = json.loads(listed.stdout)
    groups = []
    for rule in rules:
        if rule["group"] not in groups:
            groups.append(rule["group"])
    return sorted(rules, key=lambda rule: groups.index(rule["group"]))


def _index(rules):
    lines = ["# Rules", "", "%d rules. The level is that of the rule; the framework can raise or lower it." % len(rules)]
    group = None
    for rule in rules:
        if rule["group"] != group:
            group = rule["group"]
            lines += ["", "## %s" % group.capitalize(), "", "| rule | level | finds |", "| --- | --- | --- |"]
        lines.append("| [%s](%s.md) | %s | %s |" % (rule["rule"], rule["rule"], rule["level"], rule["finds"]))
    return "\n".join(lines) + "\n"
