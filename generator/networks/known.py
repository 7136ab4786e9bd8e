"""Networks that are known by a name: they are downloaded once from their official address."""

from pathlib import Path

from generator.cache_folder import OTHER_CACHE, cache_folder
from generator.fetch import RemoteFile, fetch
from generator.locks import hold_folder

NETWORKS: dict[str, RemoteFile] = {
    "u2netp": RemoteFile(
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx",
        4_574_861,
        "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    ),
}
"""By name. u2netp: the small network of U-2-Net (Qin et al. 2020), licence Apache-2.0."""


def downloaded_network(name: str) -> Path:
    """The file of a network in the cache of this user, to which it is downloaded first if it is not there.

    Args:
        name: one of `NETWORKS`.

    Raises:
        AssetError: it cannot be downloaded, or is not the expected file.
        ConfigError: another process downloads it.
        DiskSpaceError: it does not fit.
    """
    remote, folder = NETWORKS[name], cache_folder("networks")
    with hold_folder(folder, "download", elsewhere=OTHER_CACHE):
        return fetch(remote, folder)
