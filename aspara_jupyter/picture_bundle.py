"""A static picture in the formats that a saved notebook keeps."""

from __future__ import annotations

from typing import Any

from aspara_jupyter.plotly_figure import plotly_figure
from aspara_jupyter.static_picture import StaticPicture, text
from aspara_jupyter.svg import svg


def bundle(picture: StaticPicture) -> dict[str, Any]:
    """Its MIME bundle: Plotly, SVG, text; text alone where nothing was logged."""
    if not picture.lines:
        return {"text/plain": text(picture)}
    return {
        "application/vnd.plotly.v1+json": plotly_figure(picture),
        "image/svg+xml": svg(picture),
        "text/plain": text(picture),
    }
