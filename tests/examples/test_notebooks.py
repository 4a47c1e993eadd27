"""The notebooks run from top to bottom, and print what they were committed with."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

_MISSING = "the extra for notebooks is not installed: pip install exactzones[notebooks]"
nbformat = pytest.importorskip("nbformat", reason=_MISSING)
nbclient = pytest.importorskip("nbclient", reason=_MISSING)
for _needed in ("ipykernel", "matplotlib", "scipy", "sklearn"):
    pytest.importorskip(_needed, reason=_MISSING)


def printed(notebook):
    """What each code cell says, but for pictures, and for cells with the tag "varies": those look at the machine they run on."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and "varies" not in cell.metadata.get("tags", ()):
            texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
            found.append("".join(text for text in texts if not text.startswith("<Figure")))
    return found


def test_there_are_some():
    assert len(NOTEBOOKS) >= 7


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_as_run_once_from_the_top(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for cell in code for output in cell.outputs)
    assert path.stat().st_size < 500_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_prints_what_it_was_committed_with(path, tmp_path, monkeypatch):
    """If a change is meant, write the outputs again: python examples/notebooks/run.py."""
    from notebooks.run import execute

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert printed(execute(path)) == printed(nbformat.read(path, as_version=4))


def test_every_picture_is_shown_without_a_magic_command(tmp_path, monkeypatch):
    """Also the second one and one that the user draws: the first loads the backend, which turns the display on."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = (
        """
        from exactzones import Network, Polyhedron, feature, find_zones
        from exactzones.plot import plot_spaces, plot_zones
        net = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [-1])])
        zones = find_zones(net, feature(0), Polyhedron.box(-2, 2, dim=2))
        plot_zones(zones);
        """,
        "plot_spaces(zones);",
        "from matplotlib import pyplot, rcParams\npyplot.plot([0, 1])\nprint(rcParams['font.size'], rcParams['svg.hashsalt'])",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    assert [sum("image/png" in output.get("data", ()) for output in cell.outputs) for cell in notebook.cells] == [1, 1, 1]
    assert notebook.cells[2].outputs[0].text == "10.0 None\n"
