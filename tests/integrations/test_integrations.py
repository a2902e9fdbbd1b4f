"""What docs/integrations.md promises, with the real tools: pre-commit, the schemas of GitHub and GitLab, taplo, make, sh.

Run by scripts/test-integrations, in an environment that has them. The command is $BATCHLINT_BIN, or that of `cargo build`.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("BATCHLINT_BIN") or ROOT / "target" / "debug" / "batchlint").resolve()
TOOLS = pathlib.Path(sys.executable).parent
SPEC = """framework = "keras"

[inputs.image]
dtype = "float32"
shape = ["batch", 4]
"""


def block(name):
    """The text of the block of docs/integrations.md that has this name."""
    page = (ROOT / "docs" / "integrations.md").read_text("utf-8")
    return re.search(r"^```\w+ %s\n(.*?)^```$" % re.escape(name), page, re.DOTALL | re.MULTILINE).group(1)


def formats():
    """What `--format` takes."""
    said = subprocess.run([BINARY, "check", "--format", "?"], stderr=subprocess.PIPE, universal_newlines=True)
    return said.stderr


class Scratch(unittest.TestCase):
    """A folder with a dump of two batches and a spec, and the command on PATH."""

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name) / "work"
        self.folder.mkdir()
        bin = pathlib.Path(held.name) / "bin"
        bin.mkdir()
        (bin / "batchlint").symlink_to(BINARY)
        self.environment = dict(
            os.environ,
            PATH=os.pathsep.join([str(bin), str(TOOLS), os.environ["PATH"]]),
            HOME=held.name,
            PRE_COMMIT_HOME=os.path.join(held.name, "pre-commit"),
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b",
        )
        for name in ("BATCHLINT_BIN", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
            self.environment.pop(name, None)
        (self.folder / "batchlint.toml").write_text(SPEC)
        self.dump(np.float32)

    def dump(self, dtype, nan=False):
        (self.folder / "dump").mkdir(exist_ok=True)
        for index in range(2):
            image = np.random.default_rng(index).random((8, 4)).astype(dtype)
            if nan:
                image[index, 1] = np.nan
            np.savez(self.folder / "dump" / ("batch_%d.npz" % index), image=image)

    def run_in(self, *command, folder=None, **more):
        done = subprocess.run(
            [str(word) for word in command],
            cwd=str(folder or self.folder),
            env=dict(self.environment, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        return done.returncode, done.stdout

    def tool(self, *command, **more):
        """Runs a tool that has to like what it is given."""
        code, said = self.run_in(*command, **more)
        self.assertEqual(code, 0, said)
        return said


class PreCommit(Scratch):
    def setUp(self):
        super().setUp()
        self.hooks = self.folder.parent / "hooks"
        self.hooks.mkdir()
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", self.hooks)
        for folder in (self.hooks, self.folder):
            self.tool("git", "init", "--quiet", folder=folder)
        self.tool("git", "add", ".", folder=self.hooks)
        self.tool("git", "commit", "--quiet", "-m", "hooks", folder=self.hooks)

    def configure(self, hook, *args):
        config = yaml.safe_load(block(".pre-commit-config.yaml"))
        [repository] = config["repos"]
        repository["repo"] = str(self.hooks)
        repository["rev"] = self.tool("git", "rev-parse", "HEAD", folder=self.hooks).strip()
        [entry] = repository["hooks"]
        entry.update(id=hook, args=list(args) or entry["args"])
        (self.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
        self.tool("git", "add", ".")

    def test_manifest_and_config_are_what_pre_commit_reads(self):
        self.tool("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
        path = self.folder / "config.yaml"
        path.write_text(block(".pre-commit-config.yaml"))
        self.tool("pre-commit", "validate-config", path)
        ids = [hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))]
        self.assertEqual(ids, ["batchlint", "batchlint-system", "batchlint-run"])

    def test_good_batches_pass_and_bad_ones_do_not(self):
        self.configure("batchlint-system")
        self.assertIn("Passed", self.tool("pre-commit", "run"))
        self.dump(np.float32, nan=True)
        self.tool("git", "add", ".")
        code, said = self.run_in("pre-commit", "run")
        self.assertEqual(code, 1, said)
        self.assertIn("error[non-finite-values]", said)

    def test_a_commit_without_batches_runs_nothing(self):
        self.configure("batchlint-system")
        self.tool("git", "commit", "--quiet", "-m", "all")
        (self.folder / "README").write_text("x")
        self.tool("git", "add", ".")
        self.assertIn("Skipped", self.tool("pre-commit", "run"))

    def test_a_program_is_run(self):
        (self.folder / "train.py").write_text(
            "import numpy as np\ndef batches():\n    for _ in range(3):\n        yield np.full((8, 4), np.nan, np.float32)\n"
        )
        self.configure("batchlint-run", "train.py:batches", "--python=%s" % sys.executable)
        code, said = self.run_in("pre-commit", "run")
        self.assertEqual(code, 1, said)
        self.assertIn("error[non-finite-values]", said)


class Action(Scratch):
    def setUp(self):
        super().setUp()
        self.action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))

    def step(self, name, stub=None, **inputs):
        """Runs one step as a runner does: inputs in the environment, `bash -eo pipefail`."""
        [step] = [step for step in self.action["runs"]["steps"] if step["name"] == name]
        given = {name: str(told.get("default", "")) for name, told in self.action["inputs"].items()}
        given.update({name.replace("_", "-"): value for name, value in inputs.items()})
        values = {"inputs." + name: value for name, value in given.items()}
        values["github.action_path"] = str(ROOT)
        environment = {
            name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found.group(1)], value)
            for name, value in step["env"].items()
        }
        output = self.folder.parent / "output"
        output.write_text("")
        if stub:
            place = self.folder.parent / "stub"
            place.mkdir(exist_ok=True)
            (place / stub).write_text("#!/bin/sh\nfor word; do echo \"<$word>\"; done\nexit ${STUB_CODE:-0}\n")
            (place / stub).chmod(0o755)
            environment["PATH"] = os.pathsep.join([str(place), self.environment["PATH"]])
        script = self.folder.parent / "step.sh"
        script.write_text(step["run"])
        self.assertNotIn("${{", step["run"], "inputs are data, not text of a script")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        code, said = self.run_in(*command, GITHUB_OUTPUT=str(output), **environment)
        return code, said, output.read_text()

    def test_it_is_what_the_schema_of_actions_asks_for(self):
        self.tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
        self.assertIn("exit-code", self.action["outputs"])

    def test_inputs_become_arguments_and_nothing_else(self):
        paths = "dump/a b\n$(touch pwned)\n\n-q\n"
        code, said, output = self.step(
            "Check", "batchlint", paths=paths, spec="my spec.toml", fail_on="note", sarif="a.sarif", args="--select=dtype"
        )
        self.assertEqual(
            said.split("\n")[:-1],
            "<check> <--format> <github> <--spec> <my spec.toml> <--fail-on> <note> <--report> <sarif=a.sarif> "
            "<--select=dtype> <--> <dump/a b> <$(touch pwned)> <-q>".replace("> <", ">\n<").split("\n"),
        )
        self.assertEqual((code, output), (0, "exit-code=0\n"))
        self.environment["STUB_CODE"] = "3"
        code, said, output = self.step("Check", "batchlint")
        self.assertEqual((code, output), (3, "exit-code=3\n"))
        self.assertTrue(said.endswith("<-->\n<.>\n"), said)

    def test_what_is_installed(self):
        _, said, _ = self.step("Install batchlint", "python")
        self.assertEqual(said.split("\n")[-2], "<%s>" % ROOT)
        _, said, _ = self.step("Install batchlint", "python", version="0.1.0")
        self.assertEqual(said.split("\n")[-2], "<batchlint==0.1.0>")

    def test_findings_are_annotations_and_a_sarif_file(self):
        if "github" not in formats() or "sarif" not in formats():
            self.skipTest("this command has no --format github and sarif")
        self.assertEqual(self.step("Check", paths="dump")[0], 0)
        self.dump(np.float32, nan=True)
        code, said, output = self.step("Check", paths="dump", sarif="out.sarif")
        self.assertEqual((code, output), (1, "exit-code=1\n"), said)
        self.assertRegex(said, r"(?m)^::error .*file=batchlint\.toml.*line=\d+")
        sarif = json.loads((self.folder / "out.sarif").read_text("utf-8"))
        self.assertEqual(sarif["version"], "2.1.0")
        self.assertIn("non-finite-values", [result["ruleId"] for result in sarif["runs"][0]["results"]])


class Recipes(Scratch):
    def test_workflows_are_what_their_services_read(self):
        for name, schema, more in [
            (".github/workflows/batchlint.yml", "vendor.github-workflows", []),
            (".gitlab-ci.yml", "vendor.gitlab-ci", ["--data-transform", "gitlab-ci"]),
        ]:
            path = self.folder / "recipe.yml"
            path.write_text(block(name))
            self.tool("check-jsonschema", "--builtin-schema", schema, *more, path)

    def test_the_workflow_uses_inputs_that_the_action_has(self):
        steps = yaml.safe_load(block(".github/workflows/batchlint.yml"))["jobs"]["batches"]["steps"]
        [given] = [step["with"] for step in steps if step["uses"].startswith("OWNER/batchlint@")]
        self.assertLessEqual(set(given), set(yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]))

    def test_reports_that_recipes_ask_for_are_written(self):
        if "gitlab" not in formats() or "junit" not in formats():
            self.skipTest("this command has no --format gitlab and junit")
        [_, line] = yaml.safe_load(block(".gitlab-ci.yml"))["batchlint"]["script"]
        self.tool("sh", "-c", line)
        self.assertIsInstance(json.loads((self.folder / "gl-code-quality-report.json").read_text("utf-8")), list)
        self.assertIn("<testsuites", (self.folder / "batchlint.xml").read_text("utf-8"))

    def test_make_and_sh_train_only_on_good_batches(self):
        (self.folder / "Makefile").write_text(block("Makefile"))
        (self.folder / "job.sh").write_text(block("job.sh"))
        (self.folder / "train.py").write_text("print('trained')\n")
        for command in (["make", "train"], ["sh", "job.sh"]):
            self.dump(np.float32)
            self.assertIn("\ntrained\n", "\n" + self.tool(*command))
            self.dump(np.float32, nan=True)
            code, said = self.run_in(*command)
            self.assertNotEqual(code, 0)
            self.assertNotIn("\ntrained\n", said)


class Schemas(Scratch):
    """Validators that are not ours, on specs that are."""

    def setUp(self):
        super().setUp()
        for schema in (ROOT / "batchlint.schema.json", *(ROOT / "docs").glob("*.schema.json")):
            shutil.copy(schema, self.folder)

    def test_the_schemas_are_schemas(self):
        paths = sorted(self.folder.glob("*.schema.json"))
        self.assertGreater(len(paths), 2)
        self.tool("check-jsonschema", "--check-metaschema", *paths)

    def test_specs_of_the_repository_fit(self):
        specs = [*(ROOT / "examples").glob("*.toml"), ROOT / "fixtures" / "seed" / "batchlint.toml"]
        for page in ("spec.md", "index.md"):
            for number, text in enumerate(re.findall(r"^```spec\n(.*?)^```$", (ROOT / "docs" / page).read_text("utf-8"), re.S | re.M)):
                specs.append(self.folder / ("%s_%d.toml" % (page[:-3], number)))
                specs[-1].write_text(text)
        self.assertGreater(len(specs), 3)
        schema = self.folder / "batchlint.schema.json"
        self.tool("check-jsonschema", "--schemafile", schema, *specs)
        self.tool("taplo", "lint", "--schema", schema.as_uri(), *specs)

    def test_the_line_at_the_top_of_a_spec_leads_to_its_schema(self):
        spec = self.folder / "batchlint.toml"
        spec.write_text(block("batchlint.toml"))
        self.tool("taplo", "lint", "batchlint.toml")
        spec.write_text(block("batchlint.toml").replace("float32", "float31"))
        code, said = self.run_in("taplo", "lint", "batchlint.toml")
        self.assertEqual(code, 1)
        self.assertIn('"float31" is not valid', said)

    def test_pyproject_has_its_part_checked(self):
        (self.folder / "pyproject.schema.json").write_text(block("pyproject.schema.json"))
        text = SPEC.replace("framework", "[tool.batchlint]\nframework").replace("[inputs", "[tool.batchlint.inputs")
        (self.folder / "pyproject.toml").write_text(text)
        command = ["check-jsonschema", "--schemafile", "pyproject.schema.json", "pyproject.toml"]
        self.tool(*command)
        (self.folder / "pyproject.toml").write_text(text.replace("shape", "shapes"))
        self.assertEqual(self.run_in(*command)[0], 1)

    def test_settings_of_the_editor_lead_to_specs(self):
        associations = json.loads(block(".vscode/settings.json"))["evenBetterToml.schema.associations"]
        self.assertTrue(any(re.match(pattern, "/home/me/batchlint.toml") for pattern in associations))

    def test_a_report_fits_its_schema(self):
        self.dump(np.float32, nan=True)
        self.run_in("batchlint", "check", "dump", "--report", "json=report.json")
        self.tool("check-jsonschema", "--schemafile", "report.schema.json", "report.json")


if __name__ == "__main__":
    unittest.main()
