"""TensorBoard files that do not end the run when the disk is full.

torch's writer hands events to a thread; when that thread cannot write, it prints a traceback and the next
event fails. Here the training thread writes: at the first error the file ends, and training continues.
"""

import itertools
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard import FileWriter, SummaryWriter

from generator.errors import one_line
from training.records.run_folder import BOARD_SUFFIX

_VERSION = "brain.Event:2"
_numbers = itertools.count()


class EventFile:
    """A new file of events in a folder, with the methods of TensorBoard's own writer.

    Attributes:
        problem: why writing has ended, in one line; None while it has not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problem: str | None = None
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
        path = folder / f"{name}.{next(_numbers)}{BOARD_SUFFIX}"
        self._file = path.open("xb")
        self._records = RecordWriter(self._file)
        self.add_event(Event(wall_time=time.time(), file_version=_VERSION))

    def get_logdir(self) -> str:
        """The folder."""
        return str(self._folder)

    def add_event(self, event: Event) -> None:
        """Write an event."""
        if self.problem is None:
            try:
                self._records.write(event.SerializeToString())
            except OSError as error:
                self._give_up(error)

    def flush(self) -> None:
        """Write events that are still in the buffer."""
        if self.problem is None:
            try:
                self._file.flush()
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        """Write events that are still in the buffer, and close the file."""
        self.flush()
        with suppress(OSError):
            self._file.close()

    def _give_up(self, error: OSError) -> None:
        self.problem = error.strerror or one_line(error)
        with suppress(OSError):  # events in the buffer do not fit either
            self._file.close()


class _Writer(FileWriter):
    """torch's writer over an `EventFile`."""

    def __init__(self, events: EventFile) -> None:
        self.event_writer = events


class Board(SummaryWriter):
    """torch's writer of scalars, pictures, histograms and graphs over an `EventFile`.

    Args:
        folder: of the file.
        purge_step: TensorBoard hides events of earlier files from this step on.
    """

    def __init__(self, folder: Path, purge_step: int | None = None) -> None:
        self._events = EventFile(folder)
        self._writer = _Writer(self._events)
        super().__init__(str(folder))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            for event in (Event(file_version=_VERSION), Event(session_log=start)):
                self._writer.add_event(event, purge_step)

    @property
    def problem(self) -> str | None:
        """Why writing has ended; None while it has not."""
        return self._events.problem

    def flush(self) -> None:
        """Write events that are still in the buffer."""
        self._events.flush()

    def close(self) -> None:
        """Write events that are still in the buffer, and close the file."""
        self._events.close()

    def _get_file_writer(self) -> FileWriter:
        return self._writer
