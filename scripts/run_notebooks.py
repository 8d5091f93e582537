"""Run the notebooks of a folder and write them with their outputs: run_notebooks.py FOLDER OUT.

The outputs hold nothing that changes from run to run (times, random ids) and nothing from standard
error (progress bars, TensorFlow's remarks), so that running them again gives small differences.
"""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode


def execute(source: Path) -> NotebookNode:
    """Run a percent-format script as a notebook, in its own folder."""
    notebook = jupytext.read(source)
    NotebookClient(
        notebook,
        kernel_name="python3",
        # Its warning about sockets without encryption is nothing that we could act on.
        extra_arguments=[
            "--IPKernelApp.log_level=40",
            # Its watch over file descriptors trips over a kernel that is shutting down.
            "--IPKernelApp.capture_fd_output=False",
        ],
        timeout=3600,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(source.parent)}},
    ).execute()
    return notebook


def settle(notebook: NotebookNode) -> None:
    """Take out what differs from run to run."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02d}", {}
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]


def main(folder: Path, out: Path) -> None:
    """Run all notebooks, in the order of their names."""
    for source in sorted(folder.glob("[0-9]*.py")):
        start = time.perf_counter()
        notebook = execute(source)
        settle(notebook)
        nbformat.validate(notebook)
        target = out / f"{source.stem}.ipynb"
        nbformat.write(notebook, target)
        size = target.stat().st_size / 1e6
        print(f"{target.name}: {time.perf_counter() - start:.0f} s, {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
