"""From a lab to its demo notebook, one way only.

The lab's docstring, titles and the comments below them become text cells, all else stays code:

    # %% 1. 一個變數 / One variable
    # 學習率太大會震盪。 / Too large a rate swings to and fro.
    start = 4.0
"""

from __future__ import annotations

import re
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _

NOTEBOOKS = {"lab01_batch_input.py": "Demo_6-1.ipynb", "lab03_optimizers.py": "Demo_6-3.ipynb"}
_BADGE = """\
[![Colab](https://colab.research.google.com/assets/colab-badge.svg)]\
(https://colab.research.google.com/github/{repository}/blob/main/labs/{name})
"""
_GET_THE_KIT = '''\
# 在 Colab 先把 kit 抓下來；之後都在 kit 的資料夾裡執行。
# In Colab, get the kit first; all else runs in the kit's folder.
import os
import sys
from pathlib import Path

if "google.colab" in sys.modules and not Path("corelab").exists():
    !git clone --quiet --depth 1 https://github.com/{repository} corelab
    %pip install --quiet --editable corelab
for folder in (Path("corelab").absolute(), Path.cwd(), *Path.cwd().parents):
    script = folder / "labs" / "{lab}"
    if script.is_file():
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        __doc__ = script.read_text(encoding="utf-8").split('"""')[1]
        break
else:
    raise FileNotFoundError("the kit is not here: keep this notebook in the kit's folder labs/")
'''
_DOCSTRING = re.compile(r'\A"""(.*?)"""\n+', re.DOTALL)
_TITLE = re.compile(r"^# %% (.+)\n((?:# .*\n)*)", re.MULTILINE)
# Behind Chinese: " / ", or a line break before a line without any Chinese.
_ENGLISH_BEGINS = re.compile(r"(?<=[。？！])(?: / |\n(?=[^\u4e00-\u9fff\n]*$))", re.MULTILINE)


def repository() -> str:
    """Return OWNER/NAME of the public repository, which only pyproject.toml knows."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^Repository = "https://github\.com/([\w.-]+/[\w.-]+)"', text, re.MULTILINE)
    if not found:
        raise UserError(_("pyproject.toml has no Repository at GitHub under [project.urls]"))
    return found[1]


def notebook(lab: str, source: str) -> str:
    """Return the notebook of the lab in the file `lab` with this source: the same text every time.

    Raises UserError where jupytext is not installed.
    """
    try:
        import jupytext
        import nbformat
    except ModuleNotFoundError as error:
        message = _(
            '{package} is not installed, which makes the notebooks: pip install -e ".[notebooks]"'
        )
        raise UserError(message.format(package=error.name)) from error
    where, name = repository(), NOTEBOOKS[lab]

    def about(docstring: re.Match[str]) -> str:
        title, _blank, text = docstring[1].partition("\n\n")
        demo = name.removesuffix(".ipynb").replace("_", " ")
        badge = _BADGE.format(repository=where, name=name)
        first = _text(f"# {demo} · {title}\n\n{badge}\n{text}")
        return f"{first}{_GET_THE_KIT.format(repository=where, lab=lab)}\n# %%\n"

    def titled(cell: re.Match[str]) -> str:
        return _text(f"## {cell[1]}\n\n" + cell[2].removeprefix("# ").replace("\n# ", "\n"))

    percent = _DOCSTRING.sub(about, _TITLE.sub(titled, source))
    made = jupytext.reads(percent, fmt="py:percent")
    for number, cell in enumerate(made.cells, 1):
        cell.id, cell.metadata = f"cell-{number}", {}
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(made)
    return f"{nbformat.writes(made)}\n"


def _text(markdown: str) -> str:
    """Write a text cell and the start of the code cell after it, in the percent format."""
    lines = _ENGLISH_BEGINS.sub("\n\n", markdown).strip().split("\n")
    return "\n".join(["# %% [markdown]", *(f"# {line}".rstrip() for line in lines), "# %%", ""])
