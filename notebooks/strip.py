"""Strip outputs, execution counts and editor metadata from the notebooks, so that diffs show what people wrote.

``python notebooks/strip.py`` rewrites them; ``--check`` only says which would change (exit status 1).
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

KEPT_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def stripped(text: str) -> str:
    book = nbformat.reads(text, as_version=4)
    book.metadata = nbformat.from_dict(KEPT_METADATA)
    for number, cell in enumerate(book.cells, start=1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k == "tags"})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(book) + "\n"


def main(arguments: list[str]) -> int:
    changed = []
    for path in sorted(Path(__file__).parent.glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        clean = stripped(text)
        if clean != text:
            changed.append(path.name)
            if "--check" not in arguments:
                path.write_text(clean, encoding="utf-8")
    if changed:
        print("outputs in" if "--check" in arguments else "stripped", ", ".join(changed))
    return int(bool(changed) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
