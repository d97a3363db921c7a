"""Each kind of media: what it takes, what it keeps, and what it refuses."""

from __future__ import annotations

import io
import json
import wave

import numpy as np
import pytest
from PIL import Image as pillow

import aspara
from aspara.errors import UsageError
from aspara.media import png


def pixels(shelf, image) -> np.ndarray:
    return np.array(pillow.open(io.BytesIO(shelf[image.stored(shelf)])))


RGB = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def test_an_image_of_bytes_is_kept_as_it_is(shelf):
    """uint8, height × width × channels: pixel for pixel; size and format stand in the row."""
    found = aspara.Image(RGB, caption="seven by five").stored(shelf)
    assert (7, 5, "png", "image", "seven by five") == tuple(
        found[k] for k in ("width", "height", "format", "_type", "caption")
    )
    assert np.array_equal(RGB, np.array(pillow.open(io.BytesIO(shelf[found]))))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]]), [[0, 128, 255]]),
        (np.array([[-1.0, 0.0, 1.0]]), [[0, 128, 255]]),
        (np.array([[0.0, 128.4, 300.0]]), [[0, 128, 255]]),
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[np.nan, 0.0, 1.0]]), [[0, 0, 255]]),
        (np.array([[1000, -5, 7]]), [[255, 0, 7]]),
    ],
)
def test_numbers_become_brightness(shelf, given, expected):
    """Floats within 0…1 and −1…1 are stretched, others cut; NaN is black."""
    assert expected == pixels(shelf, aspara.Image(given)).tolist()


def test_channels_may_come_first(shelf):
    """As torch has them: the short axis in front is the channels."""
    assert np.array_equal(RGB, pixels(shelf, aspara.Image(RGB.transpose(2, 0, 1))))


def test_a_batch_is_a_grid(shelf):
    """Four pictures stand two by two, a pixel apart."""
    assert (5 * 2 + 1, 7 * 2 + 1, 3) == pixels(shelf, aspara.Image(np.stack([RGB] * 4))).shape


def test_an_image_keeps_what_it_was(shelf):
    """Changing the array after the image was made changes nothing."""
    mine = RGB.copy()
    image = aspara.Image(mine)
    mine[:] = 0
    assert np.array_equal(RGB, pixels(shelf, image))


def test_an_image_is_taken_from_pillow_figures_and_files(shelf, tmp_path):
    """Pillow's images, matplotlib's figures and axes, and files, which are kept byte for byte."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    assert np.array_equal(RGB, pixels(shelf, aspara.Image(pillow.fromarray(RGB))))
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2])
    for drawn in (figure, axes):
        assert 100 < aspara.Image(drawn).stored(shelf)["width"]
    path = tmp_path / "x.JPG"
    pillow.fromarray(RGB).save(path, "JPEG")
    found = aspara.Image(str(path)).stored(shelf)
    assert (path.read_bytes(), "jpg", 7) == (shelf[found], found["format"], found["width"])


def test_boxes_and_masks_stand_beside_an_image(shelf):
    """Boxes in the row, masks as pictures of class numbers; names come from the mask, else from classes."""
    image = aspara.Image(
        RGB,
        classes=[{"id": 1, "name": "cat"}],
        boxes={"truth": {"box_data": [{"position": {"minX": np.float32(0.5)}, "class_id": 1}]}},
        masks={"truth": {"mask_data": np.eye(5, 7, dtype=int)}},
    )
    found = image.stored(shelf)
    json.dumps(found)
    assert 0.5 == found["boxes"]["truth"]["box_data"][0]["position"]["minX"]
    mask = found["masks"]["truth"]
    assert {"1": "cat"} == mask["class_labels"]
    assert np.eye(5, 7).tolist() == np.array(pillow.open(io.BytesIO(shelf[mask]))).tolist()


@pytest.mark.parametrize("channels", [0, 2, 3, 4])
def test_png_without_pillow(channels):
    """The own writer makes what Pillow reads back, grey, with alpha, colours."""
    given = np.random.default_rng(0).integers(0, 256, (9, 6, channels) if channels else (9, 6)).astype(np.uint8)
    assert np.array_equal(given, np.array(pillow.open(io.BytesIO(png.encode(given)))))


def test_an_animation_without_pillow():
    """So does the animated one, frame by frame."""
    given = np.random.default_rng(0).integers(0, 256, (3, 9, 6, 3)).astype(np.uint8)
    found = pillow.open(io.BytesIO(png.encode_animation(given, 8)))
    frames = []
    for number in range(found.n_frames):
        found.seek(number)
        frames.append(np.array(found.convert("RGB")))
    assert np.array_equal(given, np.array(frames))


@pytest.mark.parametrize(
    "bad", [np.zeros((9, 9, 9)), np.zeros((2, 2, 2, 2, 2)), "missing.png", object(), np.zeros((0, 3))]
)
def test_no_image(bad):
    """What cannot be an image says so where it is made."""
    with pytest.raises(UsageError):
        aspara.Image(bad)


def test_a_histogram_counts_finite_values(shelf):
    """64 bins by default, NaN and infinity left out; numpy's own result is taken too."""
    found = aspara.Histogram([*range(128), float("nan"), float("inf")]).stored(shelf)
    assert ([2] * 64, 65) == (found["values"], len(found["bins"]))
    given = np.histogram([1, 2, 3], bins=3)
    assert [1, 1, 1] == aspara.Histogram(np_histogram=given).histogram
    with pytest.raises(UsageError, match="512"):
        aspara.Histogram([1], num_bins=513)


def test_samples_become_a_wav(shelf):
    """Floats of −1…1 as 16 bits; channels, rate and duration are right."""
    tone = np.stack([np.linspace(-1, 1, 800), np.zeros(800)], axis=1)
    found = aspara.Audio(tone, sample_rate=8000, caption="tone").stored(shelf)
    with wave.open(io.BytesIO(shelf[found])) as file:
        assert (2, 2, 8000, 800) == (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())
        samples = np.frombuffer(file.readframes(800), "<i2")
    assert (-32767, 32767, 0.1) == (samples.min(), samples.max(), found["duration"])
    with pytest.raises(UsageError, match="sample_rate"):
        aspara.Audio(tone)


@pytest.mark.parametrize("shape", [(6, 3, 16, 20), (6, 16, 20, 3), (2, 6, 3, 16, 20)])
def test_frames_become_a_gif(shelf, shape):
    """Channels second or last, or a batch: an animation of as many frames."""
    frames = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = aspara.Video(frames, fps=10).stored(shelf)
    picture = pillow.open(io.BytesIO(shelf[found]))
    assert (6, "GIF", 100) == (picture.n_frames, picture.format, picture.info["duration"])


def test_files_of_each_kind_are_kept_byte_for_byte(shelf, tmp_path):
    """Sounds, films, pages, models and molecules from files."""
    for kind, name in (
        (aspara.Audio, "a.mp3"),
        (aspara.Video, "a.mp4"),
        (aspara.Html, "a.html"),
        (aspara.Object3D, "a.glb"),
        (aspara.Molecule, "a.pdb"),
    ):
        (tmp_path / name).write_bytes(name.encode())
        assert name.encode() == shelf[kind(tmp_path / name).stored(shelf)]
        with (tmp_path / name).open("rb") as file:
            if kind is not aspara.Audio:
                assert name.encode() == shelf[kind(file).stored(shelf)]
        with pytest.raises(UsageError):
            kind(tmp_path / "missing" / name)


def test_points_and_scenes(shelf):
    """Points of three, four or six numbers; a scene with boxes."""
    for width in (3, 4, 6):
        found = aspara.Object3D(np.ones((5, width))).stored(shelf)
        assert (5, [[1.0] * width] * 5) == (found["points"], json.loads(shelf[found])["points"])
    scene = {
        "type": "lidar/beta",
        "points": np.ones((2, 3)),
        "boxes": np.array([{"corners": [[0, 0, 0]], "label": "x"}]),
    }
    assert "x" == json.loads(shelf[aspara.Object3D(scene).stored(shelf)])["boxes"][0]["label"]
    with pytest.raises(UsageError, match="3, 4 or 6"):
        aspara.Object3D(np.ones((5, 5)))


def test_a_text_is_a_file_with_a_preview(shelf):
    """However long; its beginning is in the row."""
    found = aspara.Text("é" * 10_000).stored(shelf)
    assert (500, "é" * 10_000) == (len(found["preview"]), shelf[found].decode())


class TestTable:
    """Rows and columns."""

    def test_it_grows_and_is_read(self):
        table = aspara.Table(columns=["x", "y"])
        table.add_data(1, "a")
        table.add_data(2, "b")
        table.add_column("z", np.array([0.5, 1.5]))
        assert (["x", "y", "z"], [[1, "a", 0.5], [2, "b", 1.5]]) == (table.columns, table.data)
        assert ["a", "b"] == table.get_column("y")
        assert [(0, [1, "a", 0.5]), (1, [2, "b", 1.5])] == list(table.iterrows())
        assert [0.5, 1.5] == table.get_dataframe()["z"].tolist()

    def test_a_row_of_another_length_or_kind_is_refused(self):
        table = aspara.Table(columns=["x"], data=[[1], [None], [2.5]])
        with pytest.raises(UsageError, match="1 columns"):
            table.add_data(1, 2)
        with pytest.raises(TypeError, match="allow_mixed_types"):
            table.add_data("text")
        mixed = aspara.Table(columns=["x"], data=[[1], ["a"]], allow_mixed_types=True)
        assert [[1], ["a"]] == mixed.data
        assert 3 == len(table)

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_a_frame_is_a_table(self, library):
        module = pytest.importorskip(library)
        table = aspara.Table(dataframe=module.DataFrame({"a": [1, 2], "b": ["x", None]}))
        assert (["a", "b"], [[1, "x"], [2, None]]) == (table.columns, table.data)

    def test_cells_may_be_media(self, shelf):
        table = aspara.Table(columns=["picture", "n"], data=[[aspara.Image(RGB), np.float32(0.5)]]).frozen(float)
        (row,) = json.loads(shelf[table.stored(shelf)])["data"]
        assert ("image", 0.5) == (row[0]["_type"], row[1])
        assert np.array_equal(RGB, np.array(pillow.open(io.BytesIO(shelf[row[0]]))))

    def test_a_long_one_is_parquet(self, shelf):
        import polars as pl

        data = [[i, f"row {i}"] for i in range(20_000)]
        found = aspara.Table(columns=["i", "s"], data=data).stored(shelf)
        assert ("parquet", 20_000) == (found["format"], found["rows"])
        assert pl.DataFrame(data, schema=["i", "s"], orient="row").equals(pl.read_parquet(shelf[found]))
