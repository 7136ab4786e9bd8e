"""README and docs: commands, options, Python code and links work, and no command or option is missing."""

import re
import shlex
from inspect import signature
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image

import fgbg
from fgbg.cli import COMMANDS, main
from fgbg.config_file import fill_defaults
from fgbg.options import is_given
from generator.presets import PRESETS

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
PAGE_OF = {
    **dict.fromkeys(("samples", "review", "cutout"), "your-pictures.md"),
    **dict.fromkeys(("preview", "stats", "verify"), "look.md"),
    **{
        name: f"{name}.md"
        for name in ("generate", "import", "train", "evaluate", "compare", "predict", "app", "export")
    },
}
EVERYWHERE = "command-line.md"
"""The page of options that every command has."""

NOT_RUN = "<!-- not run"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a page in one language, without those that the line before marks as not run."""
    found: list[str] = []
    before, fence, code = "", None, list[str]()
    for line in text_of(page).splitlines():
        if fence is None and line.startswith("```"):
            fence, code = line.removeprefix("```"), []
        elif line == "```":
            if fence == language and not before.startswith(NOT_RUN):
                found.append("\n".join(code) + "\n")
            fence = None
        elif fence is None:
            before = line
        else:
            code.append(line)
    return found


def commands() -> list[str]:
    lines = [
        line.split("#")[0].strip()
        for page in PAGES
        for block in blocks(page, "")
        for line in block.splitlines()
    ]
    return [part.strip() for line in lines if line.startswith("fgbg ") for part in line.split("&&")]


def command(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None, name
    return found


def options(name: str) -> list[click.Option]:
    return [option for option in command(name).params if isinstance(option, click.Option)]


def spelled(option: click.Option) -> set[str]:
    """All long forms of an option: --flip and --no-flip."""
    return {text for text in (*option.opts, *option.secondary_opts) if text.startswith("--")}


def names_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def test_every_command_has_a_page() -> None:
    assert set(PAGE_OF) == set(COMMANDS)
    for name, page in PAGE_OF.items():
        assert re.search(rf"^#+ .*`fgbg {name}`", text_of(DOCS / page), flags=re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_named_in_its_page(name: str) -> None:
    pages = [DOCS / PAGE_OF[name], DOCS / EVERYWHERE, *([DOCS / "depth.md"] if name == "generate" else [])]
    named = {option for page in pages for option in names_in(text_of(page))}
    assert not [sorted(spelled(option)) for option in options(name) if not spelled(option) & named]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_option_that_is_not_there(page: Path) -> None:
    known = {text for name in COMMANDS for option in options(name) for text in spelled(option)}
    # Options of other programs, and of `fgbg` itself.
    known |= {"--help", "--version", "--grayscale", "--logdir", "--backend-store-uri", "--config", "--debug"}
    known |= {"--head", "--address", "--port"}  # of Ray
    known |= {"--nnodes", "--nproc-per-node", "--node-rank", "--master-addr", "--master-port"}  # of torchrun
    assert names_in(text_of(page)) <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_shown_with_its_own_options(name: str) -> None:
    known = {text for option in options(name) for text in spelled(option)} | {"--help"}
    for page in PAGES:
        for line in re.findall(rf"fgbg {name}\b([^`\n|&#]*)", text_of(page)):
            assert names_in(line) <= known, f"{page.name}: fgbg {name}{line}"


def test_it_shows_commands() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_its_command_lines_are_understood(line: str) -> None:
    arguments = shlex.split(line)[1:]
    if arguments[0].startswith("-"):  # an option of `fgbg` itself: --config fgbg.toml, --debug
        assert {"--config", "--debug"} & {arguments[0]}
        arguments = arguments[1 + (arguments[0] == "--config") :]
    name, *words = arguments
    context = command(name).make_context(name, words)
    assert context.params.get("dataset") is None or not is_given(context, "data"), (
        "the dataset is given twice"
    )


@pytest.mark.parametrize(
    ("page", "code"),
    [(page.name, code) for page in PAGES for code in blocks(page, "python")],
)
def test_its_python_runs(
    page: str,
    code: str,
    unrendered: Path,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "shards").symlink_to(unrendered)
    if "best.onnx" in code:
        (tmp_path / "outputs").mkdir()
        (tmp_path / "outputs" / "best.onnx").symlink_to(request.getfixturevalue("exported"))
        Image.new("RGB", (40, 30), "green").save(tmp_path / "photo.png")
    else:
        (tmp_path / "outputs").symlink_to(trained)
    monkeypatch.chdir(tmp_path)
    train, evaluate = fgbg.train, fgbg.evaluate

    def train_nothing(*given: Any, **options: Any) -> fgbg.TrainOutcome:
        """Accepts the arguments of `train`, but trains nothing: the run is finished already."""
        signature(train).bind(*given, **options)
        return train(fgbg.TrainConfig(out="outputs"), resume=True)

    def evaluate_little(*given: Any, **options: Any) -> dict[str, Any]:
        return evaluate(*given, **options | {"samples": 4})

    monkeypatch.setattr(fgbg, "train", train_nothing)
    monkeypatch.setattr(fgbg, "evaluate", evaluate_little)
    exec(compile(code, page, "exec"), {"__name__": "__main__"})


def test_it_has_python() -> None:
    assert len(blocks(DOCS / "python.md", "python")) > 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_options_file_is_read(page: Path, tmp_path: Path) -> None:
    for example in blocks(page, "toml"):
        path = tmp_path / "fgbg.toml"
        path.write_text(example, encoding="utf-8")
        ctx = click.Context(main, info_name="fgbg")
        fill_defaults(ctx, main.params[0], path)
        assert ctx.default_map


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=lambda page: page.name
)
def test_its_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text_of(page)):
        assert link.startswith("https://") or (page.parent / link).exists(), link


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("page", ["generate.md", "synthetic-to-real.md"])
def test_a_page_says_what_a_preset_is(preset: str, page: str) -> None:
    def parsed(*arguments: str) -> dict[str, Any]:
        return command("generate").make_context("generate", [*arguments]).params | {"preset": None}

    (same,) = re.findall(rf"`--preset {preset}` is the same as `([^`]+)`", text_of(DOCS / page))
    assert parsed(*shlex.split(same)) == parsed("--preset", preset) != parsed()


def test_the_first_page_leads_to_every_page() -> None:
    for page in (README, DOCS / "README.md"):
        missing = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
        missing -= {Path(link).name for link in re.findall(r"\]\(([^)#\s]+)", text_of(page))}
        assert not missing
    assert len(text_of(README).splitlines()) < 130


def test_pages_that_the_code_names_are_there() -> None:
    for floor in ("fgbg", "training", "generator"):
        for path in (ROOT / floor).rglob("*.py"):
            for name in re.findall(r"docs/[\w-]+\.md", path.read_text(encoding="utf-8")):
                assert (ROOT / name).exists(), f"{path.relative_to(ROOT)}: {name}"


def test_contributing_names_only_files_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`((?:fgbg|training|generator|tests|benchmarks)/[\w/.-]*)`", text))
    assert len(names) > 50
    assert not [name for name in names if not (ROOT / name).exists()]


def test_contributing_names_every_room() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [
        path.parent
        for floor in ("fgbg", "training", "generator")
        for path in (ROOT / floor).glob("*/__init__.py")
    ]
    assert not [room.name for room in rooms if f"`{room.relative_to(ROOT).as_posix()}/`" not in text]
