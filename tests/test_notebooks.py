"""The demo notebooks are the labs, and run from top to bottom: here, and as in Colab."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from speed import scaled

from corelab.common.errors import UserError
from corelab.handout.notebooks import NOTEBOOKS, notebook, repository

PROJECT = Path(__file__).parents[1]
LABS = PROJECT / "labs"
IGNORED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
both = pytest.mark.parametrize(("lab", "name"), NOTEBOOKS.items(), ids=NOTEBOOKS.values())


def read(name):
    return nbformat.read(LABS / name, as_version=4)


def code_of(cells):
    return [cell.source for cell in cells if cell.cell_type == "code"]


@both
def test_the_notebook_is_made_from_the_lab_byte_for_byte(lab, name):
    made = notebook(lab, (LABS / lab).read_bytes().decode())
    assert (LABS / name).read_bytes().decode() == made, f"run `corelab handout` for {name}"


@both
def test_it_has_all_the_code_of_the_lab_in_its_order(lab, name):
    """And what is no code in it, is comments and the docstring: read by other means than the
    kit's."""
    script = (LABS / lab).read_text(encoding="utf-8")
    code = "\n".join(code_of(read(name).cells)[1:])
    without_text = re.sub(r'\A""".*?"""\n', "", script, flags=re.DOTALL)
    without_text = re.sub(r"^# %%.*\n(# .*\n)*", "", without_text, flags=re.MULTILINE)
    assert code.split() == without_text.split()


@both
def test_what_was_text_in_the_lab_is_text_in_the_notebook(lab, name):
    script = (LABS / lab).read_text(encoding="utf-8")
    text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    titles = re.findall(r"^# %% (.+)", script, re.MULTILINE)
    assert re.findall(r"^## (.+)", text, re.MULTILINE) == titles
    for line in script.split('"""')[1].split("\n\n", 1)[1].split():
        assert line in text
    assert "# %%" not in text
    assert not re.search(r"^# (?!Demo 6)", text, re.MULTILINE), "a comment's mark was left"


@both
def test_it_opens_in_colab_from_the_repository_and_gets_the_kit_there(lab, name):
    cells = read(name).cells
    project = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    (url,) = re.findall(r'^Repository = "https://github.com/(.+)"', project, re.MULTILINE)
    title, badge = cells[0].source.splitlines()[0:3:2]
    assert title.startswith(f"# {name[:4]} {name[5:8]} · Lab {lab[4]}")
    assert badge.endswith(f"(https://colab.research.google.com/github/{url}/blob/main/labs/{name})")
    assert f"git clone --quiet --depth 1 https://github.com/{url} corelab\n" in cells[1].source


@pytest.mark.parametrize("name", NOTEBOOKS.values())
def test_it_is_handed_out_fresh(name):
    cells = read(name).cells
    assert [cell.id for cell in cells] == [f"cell-{number}" for number in range(1, len(cells) + 1)]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)
    assert read(name).metadata.kernelspec.name == "python3"


def test_chinese_and_english_are_paragraphs_of_their_own():
    docstring = '"""題目 / Title\n\n說明。\nIt is said.\n"""\n\nimport os\n'
    script = f"{docstring}\n\n# %% 一 / One\n# 甲。 / A goes\n# on.\nx = 1  # y\n"
    cells = nbformat.reads(notebook("lab01_batch_input.py", script), as_version=4).cells
    assert cells[0].source.endswith("\n\n說明。\n\nIt is said.")
    assert [cell.source for cell in cells[2:]] == [
        "import os",
        "## 一 / One\n\n甲。\n\nA goes\non.",
        "x = 1  # y",
    ]


def test_without_jupytext_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(
        UserError, match=r"^jupytext is not installed, .* pip install -e \"\.\[notebooks\]\"$"
    ):
        notebook("lab01_batch_input.py", '"""A"""\n')


def test_away_from_the_kit_it_says_where_it_belongs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = code_of(read("Demo_6-1.ipynb").cells)[0]
    with pytest.raises(FileNotFoundError, match="keep this notebook in the kit's folder labs/"):
        exec(TransformerManager().transform_cell(first), {})


# From top to bottom, in a kernel


def execute(content, folder, **environment):
    """Run the cells in a kernel that is started in `folder`: what they put out."""
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        content, kernel_name="python3", timeout=round(scaled(120)), resources=where
    )
    client.execute(env={**os.environ, "CORELAB_LANG": "en", **environment})
    return [output for cell in content.cells for output in cell.get("outputs", [])]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder as the kit's, where both have left their results; and what each put out, by its
    name."""
    kit = tmp_path_factory.mktemp("kit")
    for folder in ("corelab", "data"):
        (kit / folder).symlink_to(PROJECT / folder, target_is_directory=True)
    shutil.copytree(LABS, kit / "labs", ignore=IGNORED)

    def on_a_few_samples(name):
        content = read(name)
        for cell in content.cells:  # what a student would change
            cell.source = re.sub(r"\bLab\((.*?), epochs=\d+", r"Lab(\1, epochs=1", cell.source)
            cell.source = re.sub(
                r"\bLab\((.*?)(, limit=[\d_]+)?\)", r"Lab(\1, limit=300)", cell.source
            )
        return execute(content, kit / "labs")

    with ThreadPoolExecutor() as pool:  # each waits for its kernel
        outputs = pool.map(on_a_few_samples, NOTEBOOKS.values())
        return kit, dict(zip(NOTEBOOKS.values(), outputs, strict=True))


@both
def test_it_runs_from_top_to_bottom(ran, lab, name):
    kit, outputs = ran[0], ran[1][name]
    results = kit / "runs" / lab.removesuffix(".py")
    assert {output.output_type for output in outputs} <= {"stream", "display_data"}, "no error"
    assert {output.name for output in outputs if output.output_type == "stream"} == {"stdout"}
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert len(re.findall(r"^-----", printed, re.MULTILINE)) >= 4, "tables"
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(shown) == len(list(results.glob("*.png"))) > 0, "every figure is saved, and shown"
    kept = json.loads((results / "results.json").read_text(encoding="utf-8"))
    assert (kept["samples"], set(kept["turns"].values())) == (300, {"not done yet"})
    title = (LABS / lab).read_text(encoding="utf-8").partition("\n")[0].rpartition(" / ")[2]
    assert title in (results / "report.html").read_text(encoding="utf-8")


def test_in_colab_it_gets_the_kit_once_and_imports_it_from_there(tmp_path):
    """Cloned by git, from a repository here that stands in for the public one; pip finds no
    index."""
    public, content = tmp_path / "public", tmp_path / "content"
    for folder in ("corelab", "labs"):
        shutil.copytree(PROJECT / folder, public / folder, ignore=IGNORED)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-C", str(public)]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=all"]):
        subprocess.run([*git, *command], check=True)
    (tmp_path / "google" / "colab").mkdir(parents=True)
    content.mkdir()
    demo = read("Demo_6-1.ipynb")
    setup = code_of(demo.cells)[0]
    code = (
        "import google.colab",
        setup,
        "import corelab",
        setup,
        "print(Path.cwd(), corelab.__file__, __doc__[:5])",
    )
    demo.cells = [nbformat.v4.new_code_cell(each) for each in code]
    outputs = execute(
        demo,
        content,
        PYTHONPATH=str(tmp_path),
        PIP_NO_INDEX="1",
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{public.as_uri()}.insteadOf",
        GIT_CONFIG_VALUE_0=f"https://github.com/{repository()}",
    )
    printed = "".join(output.text for output in outputs)
    assert "fatal:" not in printed, "cloned again"
    assert printed.endswith(
        f"{content / 'corelab'} {content / 'corelab' / 'corelab' / '__init__.py'} Lab 1\n"
    )
