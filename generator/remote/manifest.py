"""The manifest of a dataset behind a URL."""

from generator.errors import COPY_AGAIN, DatasetError
from generator.format.manifest import (
    JOURNAL_FILE,
    MAKE_FIRST,
    MANIFEST_FILE,
    MOST_BYTES,
    Manifest,
    parse_manifest,
    unfinished,
)
from generator.places import Url
from generator.remote.folder import RemoteFolder


def read_remote_manifest(url: Url) -> tuple[Manifest, bytes]:
    """Read the manifest of a dataset.

    Returns:
        The manifest, and the content of its file.

    Raises:
        DatasetError: there is none, or it cannot be used.
        RemoteError: the other side does not answer, or denies access.
    """
    remote = RemoteFolder(url)
    size = remote.size(MANIFEST_FILE)
    if size is not None and size > MOST_BYTES:
        expected = f"at most {MOST_BYTES:,} bytes"
        raise DatasetError(url / MANIFEST_FILE, expected, f"{size:,}", COPY_AGAIN)
    if size is not None and (content := remote.read(MANIFEST_FILE)) is not None:
        return parse_manifest(content, url / MANIFEST_FILE), content
    if remote.size(JOURNAL_FILE) is not None:
        raise unfinished(url)
    problem = f"holds no dataset ({MANIFEST_FILE} is missing)" if remote.sizes() else "does not exist"
    raise DatasetError(url, "", problem, f"check the URL, or {MAKE_FIRST}")
