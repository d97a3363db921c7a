"""wandb's kinds of data: Aspara's media under their own names, and the few that exist for wandb's sake."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aspara.artifacts.file import ArtifactFile
from aspara.errors import UsageError
from aspara.media.audio import Audio
from aspara.media.base import Media
from aspara.media.histogram import Histogram
from aspara.media.html import Html
from aspara.media.image import Image
from aspara.media.molecule import Molecule
from aspara.media.object3d import Object3D
from aspara.media.plotly import Plotly
from aspara.media.table import Table
from aspara.media.video import Video

__all__ = [
    "ArtifactTTL",
    "Audio",
    "Bokeh",
    "BoundingBoxes2D",
    "Classes",
    "EvalTable",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "ImageMask",
    "JoinedTable",
    "Media",
    "Molecule",
    "Node",
    "Object3D",
    "PartitionedTable",
    "Plotly",
    "Table",
    "Video",
    "WBValue",
    "box3d",
]

WBValue = Media
BatchableMedia = Media


class ArtifactTTL(enum.Enum):
    """How long an artifact is kept: versions stay until somebody deletes them."""

    INHERIT = 0


class Classes(list[dict[str, Any]]):
    """Classes of pictures: ``Classes([{"id": 0, "name": "cat"}])``, for ``Image(classes=...)``."""

    def __init__(self, class_set: Iterable[Mapping[str, Any]]) -> None:
        super().__init__({"id": int(entry["id"]), "name": str(entry["name"])} for entry in class_set)

    @property
    def _class_set(self) -> list[dict[str, Any]]:
        return list(self)


class ImageMask(dict[str, Any]):
    """A mask of a picture, as ``Image(masks={key: mask})`` takes it."""

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        super().__init__(val)
        self.key = key


class BoundingBoxes2D(dict[str, Any]):
    """Boxes in a picture, as ``Image(boxes={key: boxes})`` takes them."""

    def __init__(self, val: Mapping[str, Any], key: str) -> None:
        super().__init__(val)
        self.key = key


class EvalTable(Table):
    """A table of an evaluation: which columns went in, came out and were scored is kept beside it."""

    def __init__(
        self,
        *args: Any,
        input_columns: Sequence[str] | None = None,
        output_columns: Sequence[str] | None = None,
        score_columns: Sequence[str] | None = None,
        backend: str | None = None,
        unsupported_media_mode: str = "stub",
        **options: Any,
    ) -> None:
        del backend, unsupported_media_mode
        super().__init__(*args, **options)
        self.input_columns = list(input_columns or ())
        self.output_columns = list(output_columns or ())
        self.score_columns = list(score_columns or ())


class JoinedTable(Table):
    """Two tables side by side, where the column `join_key` of both agrees.

    Args:
        table1: A table, or a file of an artifact that holds one.
        table2: Another.
        join_key: The column that both have.

    """

    def __init__(self, table1: Any, table2: Any, join_key: str) -> None:
        left, right = _table(table1), _table(table2)
        for each in (left, right):
            if join_key not in each.columns:
                raise UsageError(f"join_key={join_key!r}: both tables need such a column; one has {each.columns}.")
        self.join_key = join_key
        at_left, at_right = left.columns.index(join_key), right.columns.index(join_key)
        by_key: dict[Any, list[list[Any]]] = {}
        for row in right.data:
            by_key.setdefault(row[at_right], []).append(row)
        rows = [
            [row[at_left], *(row[:at_left] + row[at_left + 1 :]), *(match[:at_right] + match[at_right + 1 :])]
            for row in left.data
            for match in by_key.get(row[at_left], ())
        ]
        names = [name for name in left.columns if name != join_key], [n for n in right.columns if n != join_key]
        columns = [join_key, *(f"0.{name}" for name in names[0]), *(f"1.{name}" for name in names[1])]
        super().__init__(columns=columns, data=rows, allow_mixed_types=True)


class PartitionedTable(Table):
    """A table whose parts are tables in a folder of the same artifact; the folder is what is kept."""

    def __init__(self, parts_path: str) -> None:
        self.parts_path = str(parts_path)
        super().__init__(columns=["parts_path"], data=[[self.parts_path]])


class Node:
    """A layer of a :class:`Graph`."""

    def __init__(
        self,
        id: Any = None,  # noqa: A002  wandb's argument
        name: str | None = None,
        class_name: str | None = None,
        size: Any = None,
        parameters: Any = None,
        output_shape: Any = None,
        is_output: bool | None = None,
        num_parameters: int | None = None,
        node: Any = None,
    ) -> None:
        del size, parameters, is_output, node
        self.id, self.name, self.class_name = id, name, class_name
        self.output_shape, self.num_parameters = output_shape, num_parameters


class Graph(Table):
    """The layers of a model, kept as a table: name, kind, shape of the output, number of parameters."""

    def __init__(self, format: str = "keras") -> None:  # noqa: A002  wandb's argument
        super().__init__(columns=["name", "kind", "output shape", "parameters"], data=[], allow_mixed_types=True)
        self.format = format
        self.nodes: list[Node] = []
        self.edges: list[tuple[Any, Any]] = []

    @classmethod
    def from_keras(cls, model: Any) -> Graph:
        """From a Keras model."""
        found = cls()
        for layer in model.layers:
            shape = getattr(getattr(layer, "output", None), "shape", None)
            found.add_node(
                Node(
                    id=layer.name,
                    name=layer.name,
                    class_name=type(layer).__name__,
                    output_shape=shape,
                    num_parameters=layer.count_params(),
                )
            )
        return found

    def add_node(self, node: Node | None = None, **facts: Any) -> Node:
        """Adds a layer."""
        made = node if node is not None else Node(**facts)
        self.nodes.append(made)
        shape = None if made.output_shape is None else str(tuple(made.output_shape))
        self.add_data(made.name, made.class_name, shape, made.num_parameters)
        return made

    def add_edge(self, from_node: Any, to_node: Any) -> tuple[Any, Any]:
        """Joins two layers."""
        self.edges.append((from_node, to_node))
        return self.edges[-1]

    def __getitem__(self, name: Any) -> Node:
        for node in self.nodes:
            if name in (node.id, node.name):
                return node
        raise KeyError(name)


class Bokeh(Html):
    """A Bokeh document or model, kept as a page; needs bokeh unless a file is given."""

    def __init__(self, data_or_path: Any) -> None:
        if isinstance(data_or_path, str) or hasattr(data_or_path, "read") or hasattr(data_or_path, "__fspath__"):
            super().__init__(data_or_path)
            return
        from importlib import import_module

        embed: Any = import_module("bokeh.embed")
        resources: Any = import_module("bokeh.resources")
        super().__init__(embed.file_html(data_or_path, resources.INLINE, "Bokeh"), data_is_not_path=True)


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Sequence[int],
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A box for ``Object3D.from_point_cloud(boxes=[...])``.

    Args:
        center: Its middle: x, y, z.
        size: Its extent along its own axes.
        orientation: How it is turned: a quaternion, the real part first, of any length but 0.
        color: Red, green and blue, 0 to 255.
        label: What stands at it.
        score: How sure somebody is of it.

    """
    import numpy as np

    middle, extent, turn = (np.asarray(part, np.float64) for part in (center, size, orientation))
    if middle.shape != (3,) or extent.shape != (3,) or turn.shape != (4,) or not np.any(turn):
        raise UsageError("box3d() takes a center and a size of 3 numbers, and a quaternion of 4 that are not all 0.")
    r, i, j, k = turn / np.linalg.norm(turn)
    rotation = np.array(
        [
            [1 - 2 * (j * j + k * k), 2 * (i * j - k * r), 2 * (i * k + j * r)],
            [2 * (i * j + k * r), 1 - 2 * (i * i + k * k), 2 * (j * k - i * r)],
            [2 * (i * k - j * r), 2 * (j * k + i * r), 1 - 2 * (i * i + j * j)],
        ]
    )
    signs = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    corners = [(middle + rotation @ (extent * sign / 2)).tolist() for sign in np.array(signs, np.float64)]
    return {
        "corners": corners,
        "color": [int(part) for part in color],
        "label": label,
        "score": None if score is None else float(score),
    }


def _table(source: Any) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, ArtifactFile):
        found = source.artifact.get(source.path)
        if isinstance(found, Table):
            return found
    raise UsageError(f"JoinedTable() joins two tables, not {type(source).__name__}.")
