"""Moving pictures."""

from __future__ import annotations

import io
from typing import Any

from aspara.errors import UsageError
from aspara.media import png
from aspara.media.arrays import as_array
from aspara.media.base import BlobStore, Media, is_path, read_file, read_open
from aspara.media.pixels import grid, to_bytes

_FILES = ("gif", "mp4", "webm", "ogv", "ogg")


class Video(Media):
    """A moving picture.

    Args:
        data_or_path: Frames (time × height × width × channels, or time × channels × height × width; five axes are a batch,
            which becomes a grid), the path of a file, or an open file.
        caption: A line of text below it.
        fps: Frames per second of frames given as an array.
        format: ``"gif"`` (default), ``"mp4"`` or ``"webm"``. Of frames, mp4 and webm are made by imageio with ffmpeg, gif by
            Pillow; without Pillow an animated PNG is made.

    Raises:
        UsageError: The format or the shape of the frames is not supported.

    """

    kind = "video"

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: float | None = None,
        format: str | None = None,  # noqa: A002  wandb's word
    ) -> None:
        self.caption = None if caption is None else str(caption)
        self.fps = 4.0 if fps is None else float(fps)
        self.width: int | None = None
        self.height: int | None = None
        self.format = (format or "gif").lower().lstrip(".")
        self._frames: Any = None
        self._content = b""
        if self.format not in _FILES:
            raise UsageError(f"format={format!r}: choose gif, mp4, webm or ogg.")
        if is_path(data_or_path):
            self._content, self.format = read_file(data_or_path, "video")
            if self.format not in _FILES:
                raise UsageError(f"{str(data_or_path)!r} is no video file that browsers play: {', '.join(_FILES)}.")
        elif hasattr(data_or_path, "read"):
            self._content, ending = read_open(data_or_path)
            if format is None and ending not in _FILES:
                raise UsageError("Of an open video file, say the format: 'gif', 'mp4' or 'webm'.")
            self.format = self.format if format is not None else ending
        else:
            self._frames = _frames(as_array(data_or_path))
            self.height, self.width = self._frames.shape[1:3]
            if self.format in ("mp4", "webm"):
                _imageio(self.format)

    def held(self) -> int:
        return len(self._content) if self._frames is None else int(self._frames.nbytes)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        content, ending = (self._content, self.format) if self._frames is None else self._encoded()
        found = shelf.keep(content, ending)
        frames = None if self._frames is None else len(self._frames)
        return self._described(
            **found,
            format=ending,
            width=self.width,
            height=self.height,
            frames=frames,
            fps=None if frames is None else self.fps,
        )

    def _encoded(self) -> tuple[bytes, str]:
        if self.format in ("mp4", "webm"):
            out = io.BytesIO()
            # Widths and heights of these codecs are even.
            frames = self._frames[:, : self._frames.shape[1] // 2 * 2, : self._frames.shape[2] // 2 * 2]
            _imageio(self.format).mimwrite(out, list(frames[..., :3]), format=self.format, fps=self.fps)
            return out.getvalue(), self.format
        try:
            from PIL import Image as pillow  # noqa: N813
        except ImportError:
            return png.encode_animation(self._frames, self.fps), "png"
        pictures = [pillow.fromarray(frame) for frame in self._frames]
        out = io.BytesIO()
        pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=round(1000 / self.fps), loop=0)
        return out.getvalue(), "gif"


def _imageio(wanted: str) -> Any:
    try:
        import imageio
        import imageio_ffmpeg  # noqa: F401
    except ImportError:
        raise UsageError(
            f"To make {wanted} of frames: pip install 'imageio[ffmpeg]'; or use format='gif', or a file."
        ) from None
    return imageio


def _frames(array: Any) -> Any:
    import numpy as np

    if array.ndim == 3:
        array = array[..., None]
    if array.ndim == 5:
        batch = [_frames(part) for part in array]
        return np.stack([grid([video[t] for video in batch]) for t in range(len(batch[0]))])
    if array.ndim != 4 or not array.size:
        raise UsageError(f"Frames have the shape time × height × width × channels, not {array.shape}.")
    if array.shape[-1] not in (1, 3, 4) and array.shape[1] in (1, 3, 4):
        array = array.transpose(0, 2, 3, 1)
    elif array.shape[-1] not in (1, 3, 4):
        raise UsageError(f"Frames have 1, 3 or 4 channels; in the shape {array.shape} no axis is so short.")
    array = to_bytes(array)
    return np.ascontiguousarray(np.repeat(array, 3, axis=3) if array.shape[3] == 1 else array)
