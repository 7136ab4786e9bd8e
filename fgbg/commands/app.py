"""`fgbg app`."""

from pathlib import Path

import click

from fgbg.command_class import command as fgbg_command
from fgbg.command_class import option
from fgbg.options import device_option, is_given, mirror_option
from fgbg.terminal import note, say
from fgbg.value_types import FOLDER, PATH, Text, Whole

_LOCAL = ("127.0.0.1", "localhost", "::1")


@fgbg_command("app")
@option(
    "--checkpoint",
    "checkpoints",
    type=PATH,
    multiple=True,
    default=[Path("outputs")],
    show_default="outputs",
    help="Networks and runs to choose from: a checkpoint, an exported network, the folder of a run, or a"
    " folder of such folders. Repeat the option for several.",
)
@option(
    "--data",
    type=FOLDER,
    multiple=True,
    default=[Path("data/shards")],
    show_default="data/shards",
    help="Datasets to choose from: the folder of a dataset, or a folder of such folders. Repeat the option"
    " for several.",
)
@option(
    "--host",
    type=Text("ADDRESS", "an address"),
    default="127.0.0.1",
    show_default=True,
    help="Address of this computer at which the page is served. Only this computer reaches 127.0.0.1.",
)
@option(
    "--port",
    type=Whole(1, 65535),
    default=8501,
    show_default=True,
    help="Port at which the page is served.",
)
@option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@mirror_option
@device_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    checkpoints: tuple[Path, ...],
    data: tuple[Path, ...],
    host: str,
    port: int,
    opens: bool,
    mirror: bool,
    device: str,
) -> None:
    """Show a web page to predict, and to look at datasets and runs.

    The page predicts pictures that you upload, and samples of a dataset next to their truth. It walks
    through the samples of a dataset, and shows the curves of a run. It shows only files of the places given
    here. Ctrl-C ends it.
    """
    from fgbg.app.offers import require_places, require_something

    for name, places in (("checkpoints", checkpoints), ("data", data)):
        if is_given(ctx, name):
            require_places(places)
    require_something(checkpoints, data)
    if host not in _LOCAL:
        note(f"fgbg: everyone who reaches {host} can use the page")

    from fgbg.app.desk import Desk
    from fgbg.app.server import serve
    from fgbg.app.settings import Settings

    def started(address: str) -> None:
        say(f"The page is at {address} (Ctrl-C ends it)")
        if opens:
            click.launch(address)

    serve(Settings(checkpoints, data, Desk(device, mirror)), host, port, started)
    say("The page has ended")
