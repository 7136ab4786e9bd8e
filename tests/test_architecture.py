"""Imports: from upper to lower floors and rooms only, and no private names of other files."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TORCH = {
    "torch",
    "lightning_fabric",
    "pytorch_lightning",
    "kornia",
    "segmentation_models_pytorch",
    "timm",
    "torchmetrics",
    "transformers",
}
FORBIDDEN = {"generator": {"training", "fgbg"}, "training": {"fgbg"}, "fgbg": set[str]()}

# Rooms (folders) and single files, from bottom to top: each imports only those before it in this list.
ORDER = {
    "generator": [
        *(
            "errors",
            "numerals",
            "presets",
            "places",
            "cache_folder",
            "strict_config",
            "splits",
            "process",
            "files",
            "progress",
            "locks",
            "own_results",
            "encode",
        ),
        *(
            "resize",
            "fetch",
            "workers",
            "format",
            "remote",
            "ray_runner",
            "runner",
            "config",
            "networks",
            "assets",
            "depth",
            "label_formats",
            "scene",
            "reading",
            "output",
            "cut_objects",
        ),
        *(
            "drawing",
            "look",
            "export",
            "bank_layout",
            "decode_assets",
            "build_bank",
            "plan",
            "make_shard",
            "preload",
            "existing_dataset",
            "shard_runs",
            "job",
            "make_manifest",
            "estimate",
            "importing",
            "review",
        ),
        "pipeline",
    ],
    "training": [
        *("errors", "term_names", "stages", "resize", "optim", "models", "losses", "measures", "target"),
        *(
            "config",
            "process",
            "batches",
            "augment",
            "run_position",
            "plan",
            "records",
            "checkpoint",
            "starting_weights",
            "restore",
        ),
        *(
            "inference",
            "export",
            "class_weights",
            "learner",
            "evaluation",
            "validation",
            "failures",
            "tuning",
            "loss_sums",
            "outcome",
            "model_card",
            "run_display",
            "engine",
            "unused_options",
            "run",
        ),
    ],
    "fgbg": [
        *(
            "shadowed_packages",
            "option_names",
            "terminal",
            "lost_ctrl_c",
            "errors",
            "value_types",
            "config_file",
            "command_class",
            "options",
            "preset",
            "label_options",
            "train_options",
            "pages",
        ),
        *("predictor", "video", "evaluation", "comparison", "app", "commands", "cli", "__main__"),
    ],
}
LAZY = TORCH | {"cv2", "h5py", "numpy", "pydantic"}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(parsed(path)))


def imported(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.append((node.lineno, (node.module or "").partition(".")[0]))
    return found


def inner_imports(path: Path) -> list[tuple[int, str, list[str]]]:
    """Imports of a file from its own floor: line, module, names."""
    floor = path.relative_to(ROOT).parts[0]
    found = []
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == floor:
            found.append((node.lineno, node.module or "", [alias.name for alias in node.names]))
    return found


def place(module: str) -> str:
    """The room of a module; for a file that is in no room, its own name."""
    return module.split(".")[1]


@pytest.mark.parametrize("floor", ORDER)
def test_rooms_stand_in_one_order(floor: str) -> None:
    order = ORDER[floor]
    offending = []
    for path in sorted((ROOT / floor).rglob("*.py")):
        if path == ROOT / floor / "__init__.py":
            continue
        own = path.relative_to(ROOT).with_suffix("").parts[1]
        assert own in order, f"{path.relative_to(ROOT)} stands in no room of the order"
        for line, module, names in inner_imports(path):
            rooms = [place(module)] if "." in module else [name for name in names if name in order]
            offending += [
                f"{path.relative_to(ROOT)}:{line} imports {room}, which stands above"
                for room in rooms
                if order.index(room) > order.index(own)
            ]
    assert not offending


def test_no_file_names_a_private_one_of_another() -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{node.lineno} imports {node.module}.{alias.name}"
        for floor in ORDER
        for path in sorted((ROOT / floor).rglob("*.py"))
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ORDER
        for alias in node.names
        if (alias.name.startswith("_") and alias.name != "__version__")
        or any(part.startswith("_") for part in (node.module or "").split("."))
    ]
    assert not offending


@pytest.mark.parametrize("floor", FORBIDDEN)
def test_imports_point_down(floor: str) -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / floor).rglob("*.py"))
        for line, name in imported(parsed(path))
        if name in FORBIDDEN[floor]
    ]
    assert not offending


def test_the_generator_does_without_torch() -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / "generator").rglob("*.py"))
        if path.name != "huggingface.py"
        for line, name in imported(parsed(path))
        if name in TORCH
    ]
    assert not offending


def test_only_opening_a_hugging_face_network_imports_torch() -> None:
    path = ROOT / "generator" / "depth" / "huggingface.py"
    module = parsed(path)
    outside = [node for node in module.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not {name for _, name in imported(ast.Module(outside, []))} & TORCH


def test_commands_import_their_work_inside_their_function() -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in [ROOT / "fgbg" / "cli.py", *sorted((ROOT / "fgbg" / "commands").glob("*.py"))]
        for node in parsed(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for _, name in imported(ast.Module([node], []))
        if name in LAZY or name == "training" or (name == "generator" and "errors" not in ast.unparse(node))
    ]
    assert not offending


POSIX_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios"}
POSIX_NAMES = {
    "os": {
        *("fork", "forkpty", "getuid", "geteuid", "killpg", "mkfifo", "nice", "openpty", "posix_fadvise"),
        *("posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite", "sched_getaffinity", "sendfile"),
        *(
            "setsid",
            "statvfs",
            "sync",
            "sysconf",
            "uname",
            "O_CLOEXEC",
            "O_DIRECTORY",
            "O_NOCTTY",
            "O_NOFOLLOW",
        ),
        *("O_NONBLOCK", "O_SYNC", "WNOHANG"),
    },
    "signal": {
        *(
            "SIGALRM",
            "SIGCHLD",
            "SIGHUP",
            "SIGKILL",
            "SIGQUIT",
            "SIGUSR1",
            "SIGUSR2",
            "SIG_BLOCK",
            "SIG_UNBLOCK",
        ),
        *("alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"),
    },
    "mmap": {"MAP_PRIVATE", "MAP_SHARED", "PROT_READ", "PROT_WRITE"},
    "socket": {"AF_UNIX"},
    "time": {"tzset"},
}


def test_no_call_is_of_one_system_alone() -> None:
    """Calls that Windows lacks are used only after a check of the system, or of the call itself."""
    offending = []
    for path in sorted(path for floor in FORBIDDEN for path in (ROOT / floor).rglob("*.py")):
        tree = parsed(path)
        asked = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If | ast.IfExp)
            and any(word in ast.unparse(node.test) for word in ("hasattr(", "sys.platform", "os.name"))
            for inner in ast.walk(node)
        }
        offending += [
            f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in POSIX_NAMES.get(node.value.id, ())
            and node not in asked
        ]
        offending += [
            f"{path.relative_to(ROOT)}:{line} {name}"
            for line, name in imported(tree)
            if name in POSIX_MODULES
        ]
    assert not offending


READERS = {"training/target.py", "training/losses/mask.py", "training/losses/classes.py"}
"""They know what the mask means; `training/models/network.py` ends in the sigmoid of depth."""


def test_only_the_target_and_its_losses_read_logits() -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.attr}"
        for floor in ("training", "fgbg")
        for path in sorted((ROOT / floor).rglob("*.py"))
        if path.relative_to(ROOT).as_posix() not in READERS | {"training/models/network.py"}
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("sigmoid", "softmax", "log_softmax")
    ]
    assert not offending


def test_no_function_is_longer_than_60_lines() -> None:
    files = [path for floor in ORDER for path in (ROOT / floor).rglob("*.py")]
    lengths = {
        f"{path.relative_to(ROOT)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in files
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef)
    }
    assert len(lengths) > 1000
    assert not {name: lines for name, lines in lengths.items() if lines > 60}


def test_nothing_large_is_in_git() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert not [file.name for file in files if file.is_file() and file.stat().st_size > 300_000]
