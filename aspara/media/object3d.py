"""Things in space."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aspara.errors import UsageError
from aspara.media.arrays import as_array
from aspara.media.base import BlobStore, Media, is_path, read_file, read_open

_FILES = ("obj", "gltf", "glb", "babylon", "stl", "json")


class Object3D(Media):
    """A point cloud, a scene or a model.

    Args:
        data_or_path: Points (n × 3: x, y, z; n × 4: and a category; n × 6: and red, green, blue from 0 to 255), a scene
            ``{"type": "lidar/beta", "points", "boxes", "vectors"}``, or a file: obj, gltf, glb, babylon, stl, pts.json.
        caption: A line of text below it.
        file_type: The ending, where an open file is given.

    Raises:
        UsageError: The format or the shape of the points is not supported.

    """

    kind = "object3d"

    def __init__(self, data_or_path: Any, caption: str | None = None, file_type: str | None = None) -> None:
        self.caption = None if caption is None else str(caption)
        self._content = b""
        self._scene: dict[str, Any] | None = None
        self.points: int | None = None
        if is_path(data_or_path):
            self._content, self._ending = read_file(data_or_path, "model")
        elif hasattr(data_or_path, "read"):
            self._content, ending = read_open(data_or_path)
            self._ending = file_type or ending
        elif isinstance(data_or_path, Mapping):
            self._ending = "json"
            self._scene = {str(k): _listed(v) for k, v in data_or_path.items()}
            self.points = len(self._scene.get("points") or [])
        else:
            self._ending = "json"
            array = as_array(data_or_path)
            if array.ndim != 2 or array.shape[1] not in (3, 4, 6):
                raise UsageError(f"Points are an array of n × 3, 4 or 6 numbers, not {array.shape}.")
            self.points = len(array)
            self._scene = {"type": "points", "points": array}
        if self._ending not in _FILES:
            raise UsageError(f"{self._ending!r} is no kind of 3D file that can be shown: {', '.join(_FILES)}.")

    @classmethod
    def from_numpy(cls, data: Any, **options: Any) -> Object3D:
        """From an array of points."""
        return cls(data, **options)

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Object3D:
        """From a file."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_point_cloud(
        cls, points: Any, boxes: Any = (), vectors: Any = None, point_cloud_type: str = "lidar/beta"
    ) -> Object3D:
        """From points with boxes and arrows among them."""
        return cls({"type": point_cloud_type, "points": points, "boxes": boxes, "vectors": vectors or []})

    def held(self) -> int:
        return len(self._content) or (self.points or 0) * 100

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        content = self._content
        if self._scene is not None:
            scene = {k: v.tolist() if hasattr(v, "tolist") else v for k, v in self._scene.items()}
            content = json.dumps(scene, separators=(",", ":"), default=str).encode()
        return self._described(**shelf.keep(content, self._ending), format=self._ending, points=self.points)


def _listed(value: Any) -> Any:
    """Nested lists and dicts of plain numbers, of this object's own."""
    if isinstance(value, Mapping):
        return {str(k): _listed(v) for k, v in value.items()}
    if hasattr(value, "tolist") or hasattr(value, "detach"):
        return as_array(value).tolist()
    if isinstance(value, list | tuple):
        return [_listed(v) for v in value]
    return value
