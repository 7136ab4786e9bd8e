"""A dataset on S3, over HTTP: killed half-way, continued by another machine, trained on, denied."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import s3fs

from generator.config import GenerateConfig
from generator.errors import RemoteError
from generator.pipeline import generate
from generator.reading.dataset import open_dataset
from generator.reading.verify import verify_dataset
from training.config import TrainConfig
from training.run import train

GENERATE = """
import sys, time
from generator import make_shard, output
from generator.config import GenerateConfig
from generator.pipeline import generate
output._JOURNAL_SECONDS, output._JOURNAL_SHARE = 0.0, 1e9
write_shard = make_shard.write_shard
def slow(*given):
    time.sleep(0.1)
    return write_shard(*given)
make_shard.write_shard = slow
if __name__ == "__main__":
    generate(GenerateConfig.model_validate_json(sys.argv[1]))
"""


TINY: dict[str, Any] = {"stages": [(16, 1)], "widths": (4, 8), "epoch_samples": 8, "val_samples": 8}
TINY |= {"batch_size": 4, "device": "cpu", "precision": "32"}


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a POSIX signal")
def test_a_killed_run_is_continued_elsewhere_and_trained_on(
    request_fields: dict[str, object], bucket: s3fs.S3FileSystem, tmp_path: Path
) -> None:
    fields = {**request_fields, "shard_samples": 16, "workers": 1}
    generate(GenerateConfig(**fields, out=tmp_path / "here"), progress=False)
    config = GenerateConfig(**fields, out="s3://bucket/deep/data")

    command = [sys.executable, "-c", GENERATE, config.model_dump_json()]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not bucket.exists("bucket/deep/data/train-00003.h5"):
        time.sleep(0.05)
        bucket.invalidate_cache()
    process.kill()
    process.wait()
    assert not bucket.exists("bucket/deep/data/dataset.json")
    shutil.rmtree(tmp_path / "cache")

    assert 16 <= generate(config, progress=False).written <= 288 - 2 * 16
    bucket.invalidate_cache()
    assert {Path(path).name for path in bucket.find("bucket/deep/data")} == {
        path.name for path in (tmp_path / "here").iterdir() if not path.name.startswith(".")
    }
    for path in (tmp_path / "here").glob("*.h5"):
        assert bucket.cat_file(f"bucket/deep/data/{path.name}") == path.read_bytes()
    assert verify_dataset("s3://bucket/deep/data", progress=False) == []

    run = TrainConfig(data="s3://bucket/deep/data", out=tmp_path / "run", **TINY)
    assert train(run, progress=False).position.step == 2
    again = train(TrainConfig(out=tmp_path / "run"), resume=True, progress=False)
    assert again.config.data == "s3://bucket/deep/data"


def test_a_bucket_that_is_missing_is_named(
    request_fields: dict[str, object], bucket: s3fs.S3FileSystem
) -> None:
    config = GenerateConfig(**request_fields, out="s3://bukcet/data")
    with pytest.raises(
        RemoteError, match=r"s3://bukcet/data is in bukcet, which does not exist\. Check its name"
    ):
        generate(config, progress=False)
    assert bucket.ls("") == ["bucket"]


def test_wrong_credentials_are_one_line(bucket: s3fs.S3FileSystem) -> None:
    address = os.environ["AWS_ENDPOINT_URL"]
    urlopen(
        Request(f"{address}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST"),
        timeout=10,
    ).close()
    with pytest.raises(RemoteError, match=r"dataset.json cannot be read: access is denied"):
        open_dataset("s3://bucket/data")
