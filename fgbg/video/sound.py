"""The sound of a video, copied into its results."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from fgbg.video.clip import opened, origin

_Packets: TypeAlias = "Iterator[Packet[AudioStream]]"
"""Quoted, because PyAV's packets are generic for type checkers alone."""

_COPIED = {
    "mp4": {"aac", "ac3", "alac", "eac3", "flac", "mp3", "mp3float", "opus"},
    "mov": {
        "aac",
        "ac3",
        "alac",
        "eac3",
        "mp3",
        "mp3float",
        "pcm_s16be",
        "pcm_s16le",
        "pcm_s24be",
        "pcm_s24le",
    },
    "webm": {"opus", "vorbis"},
}
"""Sound that common players play in these formats; the packets of other sound are encoded again."""
_ENCODERS = {"mp4": "aac", "mov": "aac", "webm": "libopus"}
_ENCODED_RATE = 48_000
"""Samples a second of sound that is encoded again; every encoder takes it."""

_WRONG = (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError, ValueError)
"""Errors of the sound; a full disk is none."""


class Sound:
    """Gives the sound of a file to the container of a result, little by little.

    Use as a context manager.

    Args:
        path: of the file with the sound.
        out: the container, before its first packet.
        form: its format: mp4, webm or mov.

    Attributes:
        remark: a line if the sound is left out; else empty.
    """

    def __init__(self, path: Path, out: OutputContainer, form: str) -> None:
        self._out, self.remark = out, ""
        self._files = ExitStack()
        self._held: Packet[AudioStream] | None = None
        self._packets: _Packets = iter(())
        try:
            container = self._files.enter_context(opened(path))
            stream = container.streams.audio[0]
            self._origin = origin(container)
            name = stream.codec_context.name
            if name in _COPIED[form]:
                track = out.add_stream_from_template(stream)
                self._packets = _copied(container.demux(stream), track)
            else:
                track = cast(AudioStream, out.add_stream(_ENCODERS[form], _ENCODED_RATE))
                track.codec_context.layout = "mono" if stream.codec_context.channels == 1 else "stereo"
                self._packets = _encoded(container.demux(stream), track)
        except _WRONG as error:
            self._leave_out(error)

    def __enter__(self) -> "Sound":
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def write_until(self, seconds: Fraction | None) -> None:
        """Write the sound before a time of the result; None: all the rest."""
        try:
            while (packet := self._held or next(self._packets, None)) is not None:
                self._held = packet
                if seconds is not None and _time(packet) - self._origin > seconds:
                    return
                self._held = None
                self._move(packet)
                self._out.mux(packet)
        except _WRONG as error:
            self._leave_out(error)

    def _move(self, packet: "Packet[AudioStream]") -> None:
        """Let its time count from the beginning of the file."""
        shift = round(self._origin / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift

    def _leave_out(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self._packets, self._held = iter(()), None
        self.remark = f"the sound ends early or is left out: {reason}"


def _time(packet: "Packet[AudioStream]") -> Fraction:
    ticks = packet.pts if packet.dts is None else packet.dts
    return (ticks or 0) * packet.time_base


def _copied(packets: _Packets, track: AudioStream) -> _Packets:
    for packet in packets:
        # The last one, which ends the stream, has no time; one that the end of a file cut is corrupt.
        if packet.dts is not None and not packet.is_corrupt:
            packet.stream = track
            yield packet


def _encoded(packets: _Packets, track: AudioStream) -> _Packets:
    for packet in packets:
        # Players skip a damaged packet, too.
        with suppress(av.error.InvalidDataError):
            for frame in packet.decode():
                yield from track.encode(frame)
    yield from track.encode()
