"""Loading: a function of the user's builds the graph, and leaves the process as it was."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nandtrace.errors import UsageError
from nandtrace.graph import Node, Scheduler
from nandtrace.graph.loading import loaded_graph
from nandtrace.user_modules import Target, parse_target

LONE = """\
from nandtrace.graph import Node, Scheduler
def build():
    scheduler = Scheduler()
    scheduler.register(Node("{name}"))
    return scheduler
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _write(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return name


def _load(text: str, seed: int | None = None) -> tuple[Scheduler, int | None]:
    with loaded_graph(parse_target(text), seed=seed, folders=[Path.cwd()]) as graph:
        return graph.scheduler, graph.seed


def _node_names(scheduler: Scheduler) -> list[str]:
    return [item.path for item in scheduler.plan().nodes]


def _refusal(text: str, seed: int | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        _load(text, seed)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "module", "function", "stem", "label"),
    [
        ("mill:build", "mill", "build", "mill", "mill:build"),
        ("plant.wet.mill:build", "plant.wet.mill", "build", "mill", "plant.wet.mill:build"),
        ("mill.py:build", "mill.py", "build", "mill", "mill.py:build"),
        ("/plant/wet mill.py:_b", "/plant/wet mill.py", "_b", "wet mill", "wet mill.py:_b"),
        ("C:/plant/mill.py:build", "C:/plant/mill.py", "build", "mill", "mill.py:build"),
    ],
)
def test_targets(text: str, module: str, function: str, stem: str, label: str) -> None:
    target = parse_target(text)
    assert target == Target(module, function)
    assert (target.stem, target.label, str(target)) == (stem, label, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "'' is no MODULE:FUNCTION or FILE.py:FUNCTION"),
        ("mill", "'mill' is no MODULE:FUNCTION or FILE.py:FUNCTION"),
        ("mill:", "'mill:' is no MODULE:FUNCTION or FILE.py:FUNCTION"),
        ("mill:build()", "'mill:build()' is no MODULE:FUNCTION or FILE.py:FUNCTION"),
        ("mill:9", "'mill:9' is no MODULE:FUNCTION or FILE.py:FUNCTION"),
        (":build", ":build: '' is no module, and no file ending in .py"),
        ("plant/mill:build", "plant/mill:build: 'plant/mill' is no module, and no file ending in .py"),
        (".mill:build", ".mill:build: '.mill' is no module, and no file ending in .py"),
        ("a..b:build", "a..b:build: 'a..b' is no module, and no file ending in .py"),
    ],
)  # fmt: skip
def test_what_is_no_target(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert str(caught.value) == reason


def test_a_module_a_package_and_a_file() -> None:
    _write("mill.py", LONE.format(name="flat"))
    _write("plant/__init__.py", "")
    _write("plant/wet.py", LONE.format(name="packed"))
    _write("deep/down/mill.py", LONE.format(name="deep"))
    for text, name in (
        ("mill:build", "flat"),
        ("plant.wet:build", "packed"),
        ("deep/down/mill.py:build", "deep"),
        ("deep.down.mill:build", "deep"),
    ):
        assert _node_names(_load(text)[0]) == [name]


def test_the_process_is_left_as_it_was() -> None:
    _write("mill.py", "import sys, grist\nsys.path.append('/nowhere')\n" + LONE.format(name="mill"))
    _write("grist/__init__.py", "import grist.flour")
    _write("grist/flour.py", "")
    path, modules, writes = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    for text in ("mill:build", "mill.py:build"):
        with loaded_graph(parse_target(text), folders=[Path.cwd()]) as graph:
            assert sys.path[0] == str(Path.cwd())
            assert "grist.flour" in sys.modules
            assert graph.file == Path.cwd() / "mill.py"
        assert sys.path == path
        assert set(sys.modules) == modules
        assert sys.dont_write_bytecode is writes
    assert not list(Path.cwd().rglob("__pycache__"))


def test_it_is_left_as_it_was_after_a_failure_too() -> None:
    _write("mill.py", "import grist\nraise OSError('no water')\n")
    _write("grist.py", "")
    path, modules = list(sys.path), set(sys.modules)
    assert _refusal("mill:build") == "mill:build: mill.py:2: OSError: no water"
    assert (sys.path, set(sys.modules)) == (path, modules)


def test_modules_of_the_same_names_in_two_folders() -> None:
    for folder in ("one", "two"):
        _write(f"{folder}/random.py", LONE.format(name=folder).replace("Node(", "Own("))
        with Path(f"{folder}/random.py").open("a") as file:
            file.write("from grist import Own\n")
        _write(
            f"{folder}/grist.py",
            f"from nandtrace.graph import Node\nclass Own(Node):\n    flour = {folder!r}\n",
        )
    for folder in ("one", "two", "one"):
        scheduler, _ = _load(f"{folder}/random.py:build")
        node: Node = scheduler.plan().nodes[0].node
        assert (_node_names(scheduler), type(node).flour) == ([folder], folder)  # type: ignore[attr-defined]
    import random

    assert hasattr(random, "Random")


def test_a_files_own_folder_comes_before_the_others() -> None:
    _write("grist.py", "NAME = 'outside'")
    _write("plant/grist.py", "NAME = 'beside'")
    _write("plant/mill.py", "from grist import NAME\n" + LONE.replace('"{name}"', "NAME"))
    _write("other/mill.py", "from grist import NAME\n" + LONE.replace('"{name}"', "NAME"))
    assert _node_names(_load("plant/mill.py:build")[0]) == ["beside"]
    assert _node_names(_load("other/mill.py:build")[0]) == ["outside"]
    with (
        pytest.raises(UsageError, match="No module named 'grist'"),
        loaded_graph(parse_target("other/mill.py:build")),
    ):
        pass


def test_a_module_is_imported_while_the_graph_runs() -> None:
    _write("grist.py", "FLOUR = []")
    _write(
        "mill.py",
        "from nandtrace.graph import Node, Scheduler\n"
        "class Mill(Node):\n"
        "    def on_start(self):\n"
        "        import grist\n"
        "        grist.FLOUR.append(self.name)\n"
        "        self.seen = list(grist.FLOUR)\n"
        "def build():\n"
        "    return Scheduler().register(Mill('mill'))\n",
    )
    with loaded_graph(parse_target("mill.py:build")) as graph:
        assert graph.scheduler.run().error_count == 0
        assert graph.scheduler.plan().nodes[0].node.seen == ["mill"]  # type: ignore[attr-defined]


def test_a_module_finds_itself_while_it_is_executed() -> None:
    _write(
        "mill.py",
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Stone:\n"
        "    weight: int = 1\n" + LONE.format(name="mill").replace("Node(", "Node(str(Stone())[:0] + "),
    )  # fmt: skip
    assert _node_names(_load("mill.py:build")[0]) == ["mill"]


@pytest.mark.parametrize(
    ("parameters", "given", "got"),
    [
        ("seed", None, 0),
        ("seed", 7, 7),
        ("seed=4", None, 4),
        ("seed=4", 0, 0),
        ("*, seed=None", None, None),
        ("*, seed=None", 5, 5),
        ("", None, None),
        ("*rest, depth=2, **more", None, None),
    ],
)
def test_seeds(parameters: str, given: int | None, got: int | None) -> None:
    _write("mill.py", LONE.format(name="mill").replace("build()", f"build({parameters})"))
    assert _load("mill:build", given)[1] == got


BROKEN = """\
from nandtrace.graph import InputPort, Node, OutputPort, Scheduler
import missing_here
"""


@pytest.mark.parametrize(
    ("text", "source", "reason"),
    [
        ("nowhere:build", "", "nowhere:build: ModuleNotFoundError: No module named 'nowhere'"),
        ("no/mill.py:build", "", "no/mill.py:build: there is no file no/mill.py"),
        ("mill:run", "", "mill:run: the module has no function 'run'"),
        ("mill:run", "run = 3", "mill:run: it is no function but of type int"),
        ("mill:run", "def run(): return {}", "mill:run: it returned no Scheduler but a value of type dict"),
        ("mill:run", "def run(): pass", "mill:run: it returned no Scheduler but a value of type NoneType"),
        ("mill:run", "def run(seed, n): pass", "mill:run: only 'seed' is given, and it needs 'n' too"),
        ("mill:run", BROKEN, "mill:run: mill.py:2: ModuleNotFoundError: No module named 'missing_here'"),
        ("mill.py:run", "x = (\n", "mill.py:run: mill.py:1: SyntaxError: '(' was never closed"),
        ("mill:run", "x = 1\n  y = 2\n", "mill:run: mill.py:2: IndentationError: unexpected indent"),
        ("mill:run", "\nimport sys\nsys.exit(4)", "mill:run: mill.py:3: it ends the program: exit code 4"),
        (
            "mill:run",
            "def run():\n    return inner()\ndef inner():\n    raise KeyError('k')\n",
            "mill:run: mill.py:4: KeyError: 'k'",
        ),
        (
            "mill.py:run",
            "import json\ndef run():\n    return json.loads('{')\n",
            "mill.py:run: mill.py:3: JSONDecodeError: Expecting property name",
        ),
        (
            "mill:run",
            "from nandtrace.graph import Scheduler\ndef run():\n    Scheduler().connect('a:b', 'c:d')\n",
            "mill:run: mill.py:3: ",
        ),
        ("mill.py:run", "from .grist import x", "mill.py:run: mill.py:1: ImportError: attempted relative"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded(text: str, source: str, reason: str) -> None:
    _write("mill.py", source)
    assert _refusal(text).startswith(reason)


def test_a_line_of_a_module_beside_it() -> None:
    _write("plant/grist.py", "def grind():\n\n    raise RuntimeError('two\\nlines')\n")
    _write("plant/mill.py", "import grist\ndef build():\n    grist.grind()\n")
    assert _refusal("plant/mill.py:build") == (
        "plant/mill.py:build: plant/grist.py:3: RuntimeError: two lines"
    )


def test_a_seed_for_a_function_without_one() -> None:
    _write("mill.py", LONE.format(name="mill"))
    assert _refusal("mill:build", 1) == (
        "mill:build: a seed is given, and the function has no parameter 'seed'"
    )


def test_an_interrupt_goes_through() -> None:
    _write("mill.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        _load("mill:build")
