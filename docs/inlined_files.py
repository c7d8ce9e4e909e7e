"""Files that docs/hosts.rst shows in full, where repository pages show no ``literalinclude``.

``python docs/inlined_files.py`` writes them anew, below their comments ``.. The file ….``.
"""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "hosts.rst"
_SHOWN = re.compile(
    r"^( *)\.\. The file (\S+)\.\n\n\1\.\. code-block:: python\n\n(?:\1 {4}.*\n|\n)*", re.MULTILINE
)


def page(text):
    """Return the page with each file as it is now."""

    def shown(match):
        indent, name, code = match[1], match[2], (ROOT / match[2]).read_text()
        block = textwrap.indent(code, f"{indent}    ")
        return f"{indent}.. The file {name}.\n\n{indent}.. code-block:: python\n\n{block}\n"

    return _SHOWN.sub(shown, text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
