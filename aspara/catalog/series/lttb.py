"""MinMaxLTTB: the prettiest line through few points. Largest triangle three buckets (Steinarsson 2013) over the minima and
maxima of narrow buckets (Van Der Donckt et al. 2023), so that its cost does not grow with the history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

RATIO = 4
"""Candidates for each point of the line."""


def choose(x: Any, y: Floats, points: int) -> Integers:
    """Positions of at most `points` of the candidates ``(x, y)``, ascending; the first and the last always. Of what is not
    finite a quarter of the points at most is kept, evenly.
    """
    import numpy as np

    if points < 3:
        return np.array([0, len(y) - 1][: max(1, points)], np.int64)
    odd = np.flatnonzero(~np.isfinite(y))
    if len(odd):
        share = max(1, points // 4)
        if len(odd) > share:
            odd = odd[np.unique(np.linspace(0, len(odd) - 1, share).round().astype(np.int64))]
        drawn = np.flatnonzero(np.isfinite(y))
        line = drawn[_triangles(x[drawn], y[drawn], points - len(odd) - 2)] if len(drawn) else drawn
        ends = [0, len(y) - 1]
        found: Integers = np.unique(np.concatenate([ends, line, odd]))
        return found
    return _triangles(x, y, points)


def _triangles(x: Any, y: Floats, points: int) -> Integers:
    import numpy as np

    count = len(y)
    if count <= points:
        return np.arange(count)
    if points < 3:
        return np.array([0, count - 1][: max(0, points)], np.int64)
    edges = np.linspace(1, count - 1, points - 1).astype(np.int64)
    sizes = np.diff(edges)
    mean_x = np.add.reduceat(x[: count - 1].astype(np.float64), edges[:-1]) / sizes
    mean_y = np.add.reduceat(y[: count - 1], edges[:-1]) / sizes
    # A bucket's triangle leans on the mean of the next bucket, that of the last one on the last point.
    next_x, next_y = [*mean_x[1:].tolist(), float(x[-1])], [*mean_y[1:].tolist(), float(y[-1])]
    xs, ys, bounds = x.tolist(), y.tolist(), edges.tolist()
    found = [0]
    at_x, at_y = float(xs[0]), ys[0]
    for bucket in range(points - 2):
        to_x, to_y = next_x[bucket], next_y[bucket]
        across, up = at_x - to_x, to_y - at_y
        most, chosen = -1.0, bounds[bucket]
        for i in range(bounds[bucket], bounds[bucket + 1]):
            area = abs(across * (ys[i] - at_y) - (at_x - xs[i]) * up)
            if area > most:
                most, chosen = area, i
        found.append(chosen)
        at_x, at_y = float(xs[chosen]), ys[chosen]
    found.append(count - 1)
    return np.array(found, np.int64)
