"""Imports point down: fgbg -> training -> generator."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TORCH = {
    "torch",
    "lightning",
    "kornia",
    "segmentation_models_pytorch",
    "timm",
    "torchmetrics",
    "transformers",
}
FORBIDDEN = {"generator": {"training", "fgbg"}, "training": {"fgbg"}, "fgbg": set[str]()}
LAZY = {"torch", "lightning", "kornia", "timm", "torchmetrics", "cv2", "h5py", "numpy", "pydantic"}


def imported(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.append((node.lineno, (node.module or "").partition(".")[0]))
    return found


@pytest.mark.parametrize("floor", FORBIDDEN)
def test_imports_point_down(floor: str) -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / floor).rglob("*.py"))
        for line, name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name in FORBIDDEN[floor]
    ]
    assert not offending


def test_the_generator_does_without_torch() -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / "generator").rglob("*.py"))
        if path.name != "depth_hf.py"
        for line, name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if name in TORCH
    ]
    assert not offending


def test_only_opening_a_hugging_face_network_imports_torch() -> None:
    path = ROOT / "generator" / "depth_hf.py"
    module = ast.parse(path.read_text(encoding="utf-8"))
    outside = [node for node in module.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not {name for _, name in imported(ast.Module(outside, []))} & TORCH


def test_commands_import_their_work_inside_their_function() -> None:
    offending = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in [ROOT / "fgbg" / "cli.py", *sorted((ROOT / "fgbg" / "commands").glob("*.py"))]
        for node in ast.parse(path.read_text(encoding="utf-8")).body
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
    """What Windows lacks stands only where the code has asked for the system, or whether it is there."""
    offending = []
    for path in sorted(path for floor in FORBIDDEN for path in (ROOT / floor).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
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
