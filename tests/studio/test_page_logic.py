"""The page's pure modules against facts worked out by hand, in node where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import antiphon

PAGE = Path(antiphon.__file__).parent / "studio" / "page"
FACTS = Path(__file__).with_name("page_logic.mjs")


def test_pure_modules_keep_the_facts() -> None:
    """Where no node is installed, what can be known without is checked: all that the facts name exists."""
    text = FACTS.read_text(encoding="utf-8")
    for names, path in re.findall(r"const \{ ([^}]+) \} = await import\(`\$\{page\}/([^`]+)`\)", text):
        module = (PAGE / path).read_text(encoding="utf-8")
        for name in names.split(", "):
            assert re.search(rf"export (async )?(function|class|const) {name}\b", module), f"{path} exports no {name}"
    node = shutil.which("node")
    if node is None:
        return
    package = "--experimental-default-type=module"
    done = subprocess.run([node, package, str(FACTS), str(PAGE)], capture_output=True, text=True, timeout=60, check=False)
    assert "all held" in done.stdout, done.stderr
