"""Sounds."""

from __future__ import annotations

import io
import wave
from typing import Any

from aspara.errors import UsageError
from aspara.media.arrays import as_array
from aspara.media.base import BlobStore, Media, is_path, read_file

_FILES = ("wav", "mp3", "ogg", "oga", "opus", "flac", "m4a", "aac", "webm")


class Audio(Media):
    """A sound.

    Args:
        data_or_path: Samples (an array of samples, or samples × channels; floats within −1…1, or whole numbers), or the
            path of a sound file.
        sample_rate: Samples per second; demanded with samples.
        caption: A line of text below it.

    Raises:
        UsageError: The content or its sample rate cannot be made a sound of.

    """

    kind = "audio"

    def __init__(self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None) -> None:
        self.caption = None if caption is None else str(caption)
        self.sample_rate = sample_rate
        self.duration: float | None = None
        self._samples: Any = None
        self._content = b""
        if is_path(data_or_path):
            self._content, self._ending = read_file(data_or_path, "sound")
            if self._ending not in _FILES:
                raise UsageError(f"{str(data_or_path)!r} is no sound file that browsers play: {', '.join(_FILES)}.")
            return
        if sample_rate is None:
            raise UsageError("Audio made of samples needs sample_rate, such as 44100.")
        if not sample_rate > 0:
            raise UsageError(f"sample_rate={sample_rate!r}: give the samples per second, such as 44100.")
        self._ending = "wav"
        self._samples = _sixteen_bits(as_array(data_or_path))
        self.duration = len(self._samples) / sample_rate

    def held(self) -> int:
        return len(self._content) if self._samples is None else int(self._samples.nbytes)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        content = self._content if self._samples is None else self._encoded()
        return self._described(
            **shelf.keep(content, self._ending),
            format=self._ending,
            sample_rate=self.sample_rate,
            duration=self.duration,
        )

    def _encoded(self) -> bytes:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1 if self._samples.ndim == 1 else self._samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(int(self.sample_rate or 1))
            file.writeframes(self._samples.astype("<i2").tobytes())
        return out.getvalue()


def _sixteen_bits(array: Any) -> Any:
    import numpy as np

    if array.ndim == 2 and array.shape[0] <= 8 < array.shape[1]:
        array = array.T  # channels first, as torchaudio has them
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf":
        raise UsageError(f"Samples are numbers of the shape samples or samples × channels, not {array.shape}.")
    if array.dtype.kind == "f":
        return np.rint(np.clip(np.nan_to_num(array), -1, 1) * 32767).astype(np.int16)
    if array.dtype == np.uint8:
        return ((array.astype(np.int32) - 128) << 8).astype(np.int16)
    if array.dtype.itemsize > 2:
        # 24 and 32 bits are 32-bit numbers; anything smaller that merely lies in a wide type fits as it is.
        small = not array.size or (int(array.min()) >= -32768 and int(array.max()) <= 32767)
        return array.astype(np.int16) if small else (array >> 16).astype(np.int16)
    return array.astype(np.int16)
