"""What the documents show is what happens: every code block runs, or is known to be run elsewhere."""

import doctest
import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click import Context

import exactzones
from exactzones import Polyhedron, feature
from exactzones.certification import certify
from exactzones.cli import main
from exactzones.cli.commands import cli
from exactzones.models import load_network
from exactzones.models.onnx_operators import OPERATORS
from exactzones.models.torch_model import _LEAVES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
COMMANDS = ROOT / "exactzones/cli/README.md"
MODELS = ROOT / "exactzones/models/README.md"
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(
        path
        for folder in ("proofs", "examples", "exactzones", "tests")
        for path in (ROOT / folder).rglob("*.md")
        if "build" not in path.parts and not any(part.startswith(".") for part in path.parts[len(ROOT.parts) :])
    ),
]
SET_UP = ("bash", "pip", "jupyter")
"""Commands that install, or run until they are stopped: the tests do not run them, but what they name must exist."""


def blocks(document, language):
    """The fenced blocks of one language in a document."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def sessions(language):
    """(document, block) for every block of one language, to be told apart in a test's name."""
    return [
        pytest.param(path, block, id=f"{path.relative_to(ROOT)}-{k}")
        for path in DOCUMENTS
        for k, block in enumerate(blocks(path, language))
    ]


def commands(session):
    """(command, what it prints) for each line of a console session that begins with a dollar sign."""
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield shlex.split(command, comments=True), printed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_block_is_forgotten(document):
    """A block of another kind needs a test first."""
    languages = re.findall(r"^```(\S*)$", document.read_text(encoding="utf-8"), re.MULTILINE)[::2]
    assert set(languages) <= {"python", "console", "text"}
    assert all(">>> " in block for block in blocks(document, "python"))
    assert all(block.startswith("$ ") for block in blocks(document, "console"))
    texts = blocks(document, "text")
    if document == ARCHITECTURE:  # its floors are tested in test_architecture.py
        assert len(texts) == 1
    else:
        checked = {README: first_output, COMMANDS: command_line}
        assert texts == ([checked[document]()] if document in checked else [])


@pytest.mark.parametrize(
    "document", [path for path in DOCUMENTS if blocks(path, "python")], ids=lambda path: str(path.relative_to(ROOT))
)
def test_python_sessions(document, tmp_path, monkeypatch):
    for name in ("examples", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    shown = [block for block in blocks(document, "python") if find_spec("torch") or "import torch" not in block]
    session = doctest.DocTestParser().get_doctest("\n".join(shown), {}, str(document), str(document), 0)
    results = doctest.DocTestRunner().run(session)
    assert results.attempted > 5
    assert results.failed == 0


@pytest.mark.parametrize(("document", "session"), sessions("console"))
def test_console_sessions(document, session, tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for (program, *arguments), printed in commands(session):
        if program == "cd":
            monkeypatch.chdir(arguments[0])
        elif program == "exactzones":
            with pytest.raises(SystemExit):
                main(arguments)
            assert capsys.readouterr().out == printed
        else:
            assert program in SET_UP, f"{document}: {program} is not run"
            assert all((ROOT / argument).exists() for argument in arguments if "/" in argument)


def first_output():
    """What the README says that its first command prints."""
    return re.search(r"The first prints\n\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]


def test_first_command_prints_what_the_readme_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    command = re.search(r"exec \S+/exactzones (.*)", (ROOT / "examples/run.sh").read_text(encoding="utf-8"))[1]
    arguments = command.split(" --json")[0].split()
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:-1] == first_output().splitlines()[:-1]  # the last line is the time


def command_line():
    """The reference's overview of the commands."""
    return blocks(COMMANDS, "text")[0]


def test_the_command_reference_lists_every_command_and_option():
    question, *entries = re.split(r"^exactzones ", command_line(), flags=re.MULTILINE)
    named = sorted(entry.split()[0] for entry in entries)
    assert named == sorted([*cli.list_commands(Context(cli)), "certify"])  # with --instances it is a command of its own
    for entry in entries:
        name, command, _ = cli.resolve_command(Context(cli), entry.split())
        options = {name for option in command.params for name in option.opts if name.startswith("--")}
        assert set(re.findall(r"--[a-z-]+", entry.replace("QUESTION", question))) == options
        assert f"| `{name}` |" in COMMANDS.read_text(encoding="utf-8")


def names_in(table, column):
    """The words of one column of the operator table that begin with a capital letter."""
    page = MODELS.read_text(encoding="utf-8")
    rows = re.search(rf"^\| {table} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)[1]
    return set(re.findall(r"\b[A-Z]\w+", " ".join(row.strip("|").split("|")[column] for row in rows.splitlines())))


def test_the_operator_table_is_the_one_in_the_code():
    assert names_in("kind", 1) == {*OPERATORS, "Constant"}


def test_the_table_of_pytorch_modules_is_the_one_in_the_code():
    modules = {name for name in _LEAVES if not name.startswith("_")}
    assert modules <= names_in("kind", 2)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for target, _, section in (
        link.partition("#") for link in re.findall(r"\]\(([^):]+)\)", document.read_text(encoding="utf-8"))
    ):
        assert (document.parent / target).exists(), target
        if section:
            headings = re.findall(r"^#+ (.*)$", (document.parent / target).read_text(encoding="utf-8"), re.MULTILINE)
            assert section in {heading.lower().replace(" ", "-") for heading in headings}, section


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_text_mentions_exist(document):
    """Commands too; only what a build makes is left out."""
    mentioned = r"(?<![\w/.])(?:exactzones|tests|proofs|examples)/[\w./*-]*[\w/*]"
    text = re.sub(r'"format": "[^"]*"', "", document.read_text(encoding="utf-8"))  # the name of a format is not a path
    for named in re.findall(mentioned, text):
        assert "build/" in named or list(ROOT.glob(named)), named


def test_a_certificate_begins_as_its_page_says():
    shown = re.search(r'^    (\{"format": .*\})$', (ROOT / "proofs/certificate.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    network = load_network(ROOT / "examples/networks/text_2_10_2_10.npz")
    certificate = certify(network, feature(8), Polyhedron.box(-1, 1, dim=2)).certificate
    header, said = json.loads(next(iter(certificate.lines))), json.loads(shown.replace("SHA-256", f'"{network.sha256}"'))
    assert list(header) == list(said)
    assert {**header, "bits": None} == {**said, "bits": None}


def test_the_site_has_every_document_command_and_public_name(tmp_path):
    """A warning, such as a link that leads nowhere, makes the command fail."""
    pytest.importorskip("furo", reason="the extra for the site is not installed: pip install exactzones[docs]")
    command = [sys.executable, ROOT / "examples/docs.py", tmp_path]
    built = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a script of our own
    assert built.stderr == ""
    assert built.stdout == f"wrote {tmp_path / 'index.html'}\n"
    assert (tmp_path / "searchindex.js").exists()
    assert not [path for path in DOCUMENTS if not (tmp_path / path.relative_to(ROOT).with_suffix(".html")).exists()]
    reference = (tmp_path / "api/exactzones.html").read_text(encoding="utf-8")
    assert all(f'id="exactzones.{name}"' in reference for name in exactzones.__all__)
    assert 'id="exactzones.Zones.share"' in reference
    assert all((tmp_path / f"api/exactzones.{name}.html").exists() for name in ("certification", "export", "polyhedra", "zones"))
    commands_page = (tmp_path / "api/commands.html").read_text(encoding="utf-8")
    assert all(f'id="exactzones-{name}"' in commands_page for name in cli.commands)
    assert "FILE:3" in commands_page
    assert not re.findall(r'href="(?!https?:|data:)[A-Za-z]+:[^"]*"', commands_page)
