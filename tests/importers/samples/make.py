"""How the samples were made: each part with the library itself (tensorboardX 2.6.5 and tensorboard 2.21.0, wandb 0.31.0,
mlflow, trackio), in scratch environments. The .json files beside them are what the libraries' own readers said.

    python make.py tensorboard|tensorboard_media|wandb|wandb_media|mlflow|trackio FOLDER

The databases are kept as the SQL of their tables. What wandb's file says was read with the reader of wandb 0.18.7.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def tensorboard(out: Path) -> None:
    from tensorboardX import SummaryWriter

    for name, rate in (("slow", 0.01), ("fast", 0.1)):
        w = SummaryWriter(str(out / "tensorboard" / name))
        for step in range(60):
            t = 1767268800 + step * 1.25
            w.add_scalar("train/loss", 1 / (1 + rate * step), step, walltime=t)
            if step % 10 == 0:
                w.add_scalar("val/acc", step / 60, step, walltime=t + 0.5)
        w.add_scalar("odd", float("nan"), 60, walltime=1767268900)
        w.add_scalar("odd", float("inf"), 61, walltime=1767268901)
        w.add_scalar("odd", -0.0, 62, walltime=1767268902)
        w.add_text("note", "hello **world** ☃", 3, walltime=1767268805.5)
        import numpy as np

        w.add_histogram("weights", np.linspace(-1, 1, 50), 5, walltime=1767268806)
        w.add_image("sample", np.zeros((3, 4, 4), np.uint8), 6, walltime=1767268807)
        w.close()
    w = SummaryWriter(str(out / "tensorboard" / "tuned"))
    w.add_hparams(
        {"lr": 0.1, "optimizer": "sgd", "nesterov": True, "layers": 3},
        {"hparam/acc": 0.75},
        name="trial",
        global_step=7,
    )
    w.close()
    # TF2 style: tensors
    from tensorboard.compat.proto import event_pb2
    from tensorboard.plugins.scalar import summary_v2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    w = EventFileWriter(str(out / "tensorboard" / "tf2"))
    for step in range(5):
        s = summary_v2.scalar_pb("loss", np.float32(0.3) * step)
        w.add_event(event_pb2.Event(wall_time=1767268800.125 + step, step=step, summary=s))
    w.close()
    # what tensorboard's own reader says
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    told = {}
    for d, _, files in os.walk(out / "tensorboard"):
        if any("tfevents" in f for f in files):
            a = EventAccumulator(d, size_guidance={"scalars": 0, "tensors": 0})
            a.Reload()
            run = {}
            for tag in a.Tags()["scalars"]:
                run[tag] = [[e.step, e.wall_time, repr(e.value)] for e in a.Scalars(tag)]
            for tag in a.Tags()["tensors"]:
                run[tag] = []
                for e in a.Tensors(tag):
                    tp = e.tensor_proto
                    from tensorboard.util import tensor_util

                    v = tensor_util.make_ndarray(tp)
                    run[tag].append(
                        [
                            e.step,
                            e.wall_time,
                            repr(float(v)) if v.dtype.kind == "f" else [x.decode() for x in v.ravel()],
                        ]
                    )
            told[str(Path(d).relative_to(out / "tensorboard"))] = run
    (out / "tensorboard.json").write_text(json.dumps(told, indent=0, ensure_ascii=False))


def tensorboard_media(out: Path) -> None:
    import numpy as np
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_shape_pb2, types_pb2
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboardX import SummaryWriter

    w = SummaryWriter(str(out / "tensorboard-media" / "old"))
    w.add_image("pic", np.full((3, 4, 6), 200, np.uint8), 1, walltime=1767268801)
    w.add_audio("sound", np.sin(np.arange(800) / 10).astype("float32"), 2, sample_rate=8000, walltime=1767268802)
    w.add_histogram("weights", np.linspace(-1, 1, 50), 3, walltime=1767268803)
    w.add_pr_curve("curve", np.array([0, 1]), np.array([0.2, 0.8]), 4, walltime=1767268804)
    w.close()

    def shape(*sizes: int) -> tensor_shape_pb2.TensorShapeProto:
        return tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=s) for s in sizes])

    def event(step: int, tag: str, plugin: str, tensor: TensorProto) -> event_pb2.Event:
        about = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin))
        value = summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=about)
        return event_pb2.Event(wall_time=1767268800.5 + step, step=step, summary=summary_pb2.Summary(value=[value]))

    import io
    import wave

    from PIL import Image

    def png(level: int) -> bytes:
        held = io.BytesIO()
        Image.new("L", (5, 3), level).save(held, "PNG")
        return held.getvalue()

    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 80)
    w = EventFileWriter(str(out / "tensorboard-media" / "tf2"))
    string, double = types_pb2.DT_STRING, types_pb2.DT_DOUBLE
    pictures = TensorProto(dtype=string, tensor_shape=shape(4), string_val=[b"5", b"3", png(10), png(250)])
    w.add_event(event(1, "pics", "images", pictures))
    sounds = TensorProto(dtype=string, tensor_shape=shape(1, 2), string_val=[held.getvalue(), b"la"])
    w.add_event(event(2, "sound", "audio", sounds))
    buckets = np.array([[-1, 0, 3], [0, 1, 0], [1, 2, 5]], np.float64)
    counts = TensorProto(dtype=double, tensor_shape=shape(3, 3), tensor_content=buckets.tobytes())
    w.add_event(event(3, "weights", "histograms", counts))
    w.close()


def wandb_media(out: Path) -> None:
    """Run with WANDB_DATA_DIR outside any home; a link to a saved file stays behind, and is no part of the sample."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DISABLE_GIT="true", WANDB_DISABLE_CODE="true")
    import platform
    import time

    import numpy as np

    platform.node = lambda: "box"
    import wandb

    options = wandb.Settings(_disable_meta=True, x_stats_sampling_interval=0.5, console="wrap", save_code=False)
    r = wandb.init(project="media", name="with media", id="media001", dir=str(out), settings=options)
    print("hello from the program")
    for step in range(3):
        picture = wandb.Image(np.full((6, 8, 3), 40 * step, np.uint8), caption=f"step {step}")
        r.log({"loss": 1 / (1 + step), "pic": picture})
        time.sleep(0.4)
    r.log(
        {
            "pics": [
                wandb.Image(np.zeros((4, 4, 3), np.uint8), caption="a"),
                wandb.Image(np.full((4, 4, 3), 255, np.uint8)),
            ],
            "hist": wandb.Histogram([1, 1, 2], num_bins=2),
            "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2.5, None]]),
            "sound": wandb.Audio(np.zeros(80, np.float32), sample_rate=8000, caption="la"),
            "page": wandb.Html("<b>x</b>"),
            "points": wandb.Object3D(np.array([[0, 0, 0], [1, 1, 1.0]])),
            "nested": {"deep": {"pic": wandb.Image(np.zeros((2, 2, 3), np.uint8))}},
        }
    )
    time.sleep(1.2)
    r.finish()


def wandb_runs(out: Path) -> None:
    os.environ["WANDB_MODE"] = "offline"
    os.environ["WANDB_SILENT"] = "true"
    os.environ["WANDB_DISABLE_GIT"] = "true"
    os.environ["WANDB_DISABLE_CODE"] = "true"
    import wandb

    work = out / "w"
    work.mkdir(parents=True, exist_ok=True)
    r = wandb.init(
        project="digits",
        name="café ☕",
        id="abc12345",
        group="g1",
        job_type="train",
        tags=["a", "b"],
        notes="first try",
        config={"lr": 0.1, "nested": {"depth": 3, "names": ["x", "y"]}, "nan": float("nan")},
        dir=str(work),
        settings=wandb.Settings(_disable_meta=True, x_disable_stats=True, console="off", save_code=False),
    )
    for step in range(40):
        d = {"loss": 1 / (1 + 0.1 * step), "nested": {"acc": step / 40, "deep": {"x": step}}}
        if step == 5:
            d["odd"] = float("nan")
        if step == 6:
            d["odd"] = float("inf")
        if step == 7:
            d["odd"] = -float("inf")
            d["word"] = "text ☃"
            d["flag"] = True
        if step == 8:
            d["hist"] = wandb.Histogram([1, 2, 3])
        r.log(d)
    r.config.update({"late": 5})
    r.summary["best"] = 0.25
    r.log({"loss": 9.0}, step=100)
    r.finish()
    try:
        r = wandb.init(
            project="digits",
            name="failed",
            id="failed01",
            dir=str(work),
            settings=wandb.Settings(_disable_meta=True, x_disable_stats=True, console="off"),
        )
        r.define_metric("val/*", step_metric="epoch")
        r.log({"epoch": 1, "val/loss": 2.5})
        r.finish(exit_code=3)
    except Exception as e:
        print(e)


def mlflow_runs(out: Path) -> None:
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    told = {}

    def make(uri, label):
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment("digits")
        for name, rate, end in (("slow", 0.01, "FINISHED"), ('fast: #1 "best"', 0.1, "FAILED")):
            with mlflow.start_run(run_name=name) as r:
                mlflow.log_params({"lr": rate, "layers": 3, "opt": "sgd", "nesterov": True})
                mlflow.set_tag("team", "vision")
                mlflow.set_tag("mlflow.note.content", "first\nsecond: line")
                c = MlflowClient()
                for step in range(25):
                    c.log_batch(
                        r.info.run_id,
                        [
                            Metric("loss", 1 / (1 + rate * step), 1767268800000 + step * 1250, step),
                            Metric("val/acc", step / 25, 1767268800000 + step * 1250, step),
                        ],
                    )
                c.log_batch(
                    r.info.run_id,
                    [
                        Metric("odd", float("nan"), 1767268900000, 1),
                        Metric("odd", float("inf"), 1767268900001, 2),
                        Metric("odd", -0.5, 1767268900002, 3),
                    ],
                )
                mlflow.end_run(end)
            told.setdefault(label, {})[name] = {
                k: [[m.step, m.timestamp, repr(m.value)] for m in c.get_metric_history(r.info.run_id, k)]
                for k in ("loss", "val/acc", "odd")
            }

    os.makedirs(out / "mlflow", exist_ok=True)
    os.chdir(out / "mlflow")
    if "file" in sys.argv:
        make("file://" + str(out / "mlflow" / "mlruns"), "file")
    make("sqlite:///" + str(out / "mlflow" / "mlflow.db"), "sqlite")
    (out / "mlflow.json").write_text(json.dumps(told, indent=0))


def trackio_runs(out: Path) -> None:
    os.environ["TRACKIO_DIR"] = str(out / "trackio")
    os.environ["HF_HUB_OFFLINE"] = "1"
    import trackio

    for name, rate in (("slow", 0.01), ("fast", 0.1)):
        trackio.init(project="digits", name=name, config={"lr": rate, "nested": {"depth": 3}}, group="g")
        for step in range(30):
            d = {"loss": 1 / (1 + rate * step), "train/acc": step / 30}
            if step == 3:
                d["odd"] = float("nan")
            if step == 4:
                d["odd"] = float("inf")
                d["word"] = "text"
                d["deep"] = {"x": 1}
            trackio.log(d)
        trackio.finish()


if __name__ == "__main__":
    parts = {
        "tensorboard": tensorboard,
        "tensorboard_media": tensorboard_media,
        "wandb": wandb_runs,
        "wandb_media": wandb_media,
        "mlflow": mlflow_runs,
        "trackio": trackio_runs,
    }
    parts[sys.argv[1]](Path(sys.argv[2]).absolute())
