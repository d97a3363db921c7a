"""Images."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from aspara.errors import UsageError
from aspara.media import png
from aspara.media.arrays import as_array
from aspara.media.base import BlobStore, Media, is_path, read_file
from aspara.media.pixels import picture, to_bytes

_FILES = {"png": "png", "jpg": "jpg", "jpeg": "jpg", "gif": "gif", "webp": "webp", "svg": "svg", "bmp": "bmp"}
_MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "jpg": ("L", "RGB"),
    "webp": ("RGB", "RGBA"),
    "gif": ("1", "L", "P", "RGB", "RGBA"),
    "bmp": ("1", "L", "P", "RGB"),
}
"""The modes of Pillow that an encoder takes; others are converted."""
_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP"}


class Image(Media):
    """A picture.

    Args:
        data_or_path: A numpy array or a torch, jax or tensorflow tensor (height × width, × channels, channels first, or a
            batch, which becomes a grid), a Pillow image, a matplotlib figure or the ``plt`` module, or the path of a file.
            Floats within 0…1 are stretched to 0…255, within −1…1 likewise; other numbers are cut to 0…255.
        mode: Pillow's mode to convert to, such as ``"L"`` or ``"RGB"``; needs Pillow.
        caption: A line of text below it.
        grouping: How many pictures belong together when a list is shown.
        classes: ``[{"id": 0, "name": "cat"}, …]`` for boxes and masks that bring no names.
        boxes: ``{"predictions": {"box_data": [{"position": {"minX", "maxX", "minY", "maxY"}, "class_id", …}],
            "class_labels": {0: "cat"}}}``.
        masks: ``{"predictions": {"mask_data": <height × width of class numbers>, "class_labels": {…}}}``.
        file_type: ``"png"`` (default), ``"jpg"`` or ``"webp"``; the latter two need Pillow.
        normalize: False leaves floats as they are.

    """

    kind = "image"

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        self.caption = None if caption is None else str(caption)
        self.grouping = grouping
        self.width: int | None = None
        self.height: int | None = None
        self._content: bytes | None = None
        self._pixels: Any = None
        self._picture: Any = None
        self._mode = mode
        self._ending = "png" if file_type is None else _ending(file_type)
        self._classes = _class_names(classes)
        self._boxes = _plain_boxes(boxes)
        self._masks = _masks(masks)
        self._take(data_or_path, normalize)

    @classmethod
    def _of_file(cls, content: bytes, ending: str, caption: str | None) -> Image:
        """From a file's content that is an image already."""
        found = cls.__new__(cls)
        found.caption, found.grouping = caption, None
        found._content, found._pixels, found._picture, found._mode = content, None, None, None
        found._ending, found._classes, found._boxes, found._masks = ending, {}, {}, {}
        found.width, found.height = _size(content)
        return found

    def _take(self, data: Any, normalize: bool) -> None:
        if isinstance(data, Image):
            for part in ("_content", "_pixels", "_picture", "_ending", "width", "height"):
                setattr(self, part, getattr(data, part))
            self.caption = self.caption if self.caption is not None else data.caption
            self.grouping = self.grouping if self.grouping is not None else data.grouping
            for own, others in (
                (self._classes, data._classes),
                (self._boxes, data._boxes),
                (self._masks, data._masks),
            ):
                for key, value in others.items():
                    own.setdefault(key, value)
        elif is_path(data):
            content, ending = read_file(data, "image")
            if ending not in _FILES:
                raise UsageError(f"{str(data)!r} is no image file that browsers show: {', '.join(sorted(_FILES))}.")
            self._content, self._ending = content, _FILES[ending]
            self.width, self.height = _size(content)
        elif _figure(data) is not None:
            self._content, self._ending = drawn(_figure(data)), "png"
            self.width, self.height = _size(self._content)
        elif hasattr(data, "tobytes") and hasattr(data, "getbands"):  # a Pillow image
            self.width, self.height = data.size
            try:
                self._picture = data.copy()
            except Exception:  # a truncated file: Pillow reads it only now, and storing the value gives the warning
                self._picture = data
        else:
            try:
                self._pixels = picture(data, normalize)
            except (TypeError, ValueError) as error:
                if isinstance(error, UsageError):
                    raise
                raise UsageError(
                    f"An image is made from an array, a figure, a Pillow image or a path, not from {type(data).__name__}."
                ) from None
            self.height, self.width = self._pixels.shape[:2]

    def held(self) -> int:
        if self._content is not None:
            return len(self._content)
        if self._pixels is not None:
            return int(self._pixels.nbytes)
        return (self.width or 0) * (self.height or 0) * 4

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        content = self._content if self._content is not None else self._encoded()
        found = shelf.keep(content, self._ending)
        if self._masks:
            found["masks"] = {
                name: {
                    **shelf.keep(png.encode(mask["data"]) if "data" in mask else mask["content"], "png"),
                    "class_labels": mask["class_labels"] or self._classes or None,
                }
                for name, mask in self._masks.items()
            }
        return self._described(
            **found,
            width=self.width,
            height=self.height,
            format=self._ending,
            grouping=self.grouping,
            boxes=self._boxes or None,
            classes=self._classes or None,
        )

    def _encoded(self) -> bytes:
        picture = self._picture
        if picture is None and self._ending == "png" and self._mode is None and not _pillow():
            return png.encode(self._pixels)
        if picture is None:
            picture = _needs_pillow(f"an image as {self._ending}" if self._mode is None else "mode=").fromarray(
                self._pixels
            )
        if self._mode is not None and picture.mode != self._mode:
            picture = picture.convert(self._mode)
        if picture.mode not in _MODES.get(self._ending, ("L", "RGB", "RGBA")):
            picture = _converted(picture)
            if picture.mode not in _MODES.get(self._ending, ("L", "RGB", "RGBA")):
                picture = picture.convert("RGB")
        out = io.BytesIO()
        picture.save(out, _FORMATS[self._ending])
        return out.getvalue()


def _converted(picture: Any) -> Any:
    """A Pillow image of a mode that files of pictures lack, as one of a mode that they have, with the same look."""
    mode = picture.mode
    if mode == "F" or mode.startswith("I"):
        import numpy as np

        values = np.asarray(picture)
        if mode == "F":
            return _needs_pillow("a picture").fromarray(to_bytes(values))
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        if low < 0 or high > 255:
            values = (values.astype(np.float64) - low) * (255.0 / max(1, high - low))
        return _needs_pillow("a picture").fromarray(np.rint(values).astype(np.uint8))
    if mode in ("PA", "La", "RGBa"):
        return picture.convert("RGBA" if mode != "La" else "LA")
    return picture.convert("RGB")


def drawn(figure: Any) -> bytes:
    """A matplotlib figure as PNG."""
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    return out.getvalue()


def _figure(data: Any) -> Any:
    """The matplotlib figure that `data` is, belongs to, or (the ``plt`` module) has as its current one; else None."""
    if isinstance(data, ModuleType):
        return data.gcf() if hasattr(data, "gcf") else None
    if type(data).__module__.partition(".")[0] not in ("matplotlib", "seaborn"):
        return None
    if hasattr(data, "savefig") and hasattr(data, "axes") and not hasattr(data, "plot"):
        return getattr(data, "figure", data) if type(data).__module__.startswith("seaborn") else data
    return getattr(data, "figure", None)


def _pillow() -> Any:
    try:
        from PIL import Image as pillow  # noqa: N813
    except ImportError:
        return None
    return pillow


def _needs_pillow(what: str) -> Any:
    found = _pillow()
    if found is None:
        raise UsageError(f"To keep {what}, install Pillow: pip install pillow.")
    return found


def _ending(file_type: str) -> str:
    ending = file_type.lower().lstrip(".")
    if ending not in ("png", "jpg", "jpeg", "webp", "gif", "bmp"):
        raise UsageError(f"file_type={file_type!r}: choose png, jpg or webp.")
    if ending != "png":
        _needs_pillow(f"an image as {ending}")
    return _FILES[ending]


def _size(content: bytes) -> tuple[int | None, int | None]:
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if content[:4] == b"GIF8":
        return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")
    pillow = _pillow()
    if pillow is not None:
        try:
            with pillow.open(io.BytesIO(content)) as picture:
                return int(picture.width), int(picture.height)
        except OSError:  # a drawing (SVG), or damaged: its size is the browser's business
            pass
    return None, None


def _class_names(classes: Any) -> dict[str, str]:
    found = getattr(classes, "_class_set", classes)
    if isinstance(found, Mapping):
        return {str(k): str(v) for k, v in found.items()}
    if not isinstance(found, Sequence):
        return {}
    return {str(c["id"]): str(c["name"]) for c in found if isinstance(c, Mapping) and "id" in c and "name" in c}


def _plain_boxes(boxes: Mapping[str, Any] | None) -> dict[str, Any]:
    from copy import deepcopy

    found: dict[str, Any] = {}
    for name, group in (boxes or {}).items():
        if not isinstance(group, Mapping) or not isinstance(group.get("box_data"), Sequence):
            raise UsageError(f"boxes[{name!r}] is a dict with box_data, a list of boxes.")
        kept = {k: _numbers(deepcopy(v)) for k, v in group.items() if k in ("box_data", "class_labels")}
        found[str(name)] = kept
    return found


def _masks(masks: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, group in (masks or {}).items():
        if not isinstance(group, Mapping) or not ("mask_data" in group or "path" in group):
            raise UsageError(f"masks[{name!r}] is a dict with mask_data, an array of class numbers, or path.")
        labels = {str(k): str(v) for k, v in (group.get("class_labels") or {}).items()}
        if "mask_data" in group:
            array = as_array(group["mask_data"])
            if array.ndim != 2 or array.min() < 0 or array.max() > 255:
                raise UsageError(f"masks[{name!r}]: mask_data is height × width of class numbers from 0 to 255.")
            found[str(name)] = {"data": array.astype("uint8"), "class_labels": labels}
        else:
            found[str(name)] = {"content": read_file(group["path"], "mask")[0], "class_labels": labels}
    return found


def _numbers(value: Any) -> Any:
    """Nested boxes with numpy's numbers as plain ones."""
    if isinstance(value, Mapping):
        return {str(k): _numbers(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(v) for v in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    item = value.item() if hasattr(value, "item") else value
    return item if isinstance(item, bool | int | float | str) else str(item)
