"""What `aspara demo` trains: a linear classifier on scikit-learn's handwritten digits, once for each learning rate.

Run as a process of its own: ``python -m aspara.cli.demo_training DATA_DIR [--once]``. It uses aspara as any script does.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aspara

PROJECT = "digits"
LEARNING_RATES = (0.1, 0.01, 0.001, 1.0)
BATCH = 32
EPOCHS = 24
PAUSE = 0.03
"""Seconds between two batches, so that there is something to watch: about 45 seconds a run."""


def main() -> int:
    """Trains one run after the other; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir")
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    parent = os.getppid()
    rates = LEARNING_RATES[:2] if args.once else LEARNING_RATES
    for rate in rates:
        train(
            rate,
            Path(args.data_dir),
            epochs=3 if args.once else EPOCHS,
            pause=0.0 if args.once else PAUSE,
            parent=parent,
        )
    return 0


def train(rate: float, data_dir: Path, *, epochs: int, pause: float, parent: int | None = None) -> dict[str, float]:
    """Trains and records one run; returns its last values.

    Args:
        rate: The learning rate at the first step; it falls to zero along a cosine.
        data_dir: Where the run goes.
        epochs: How often the training images are gone through.
        pause: Seconds to wait after each batch.
        parent: The process that must be alive for this to go on; None: it does not matter.

    """
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import classification_report, log_loss
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16.0, labels, test_size=0.25, random_state=0)
    digits = np.arange(10)
    # Logistic regression, trained by plain stochastic gradient descent; `eta0` is the learning rate of the next call.
    model = SGDClassifier(loss="log_loss", alpha=1e-4, learning_rate="constant", eta0=rate, random_state=0)
    order = np.random.default_rng(0)
    batches = math.ceil(len(train_x) / BATCH)
    total = epochs * batches

    def quality(prefix: str, x: Any, y: Any) -> dict[str, float]:
        return {
            f"{prefix}/loss": float(log_loss(y, model.predict_proba(x), labels=digits)),
            f"{prefix}/accuracy": float(model.score(x, y)),
        }

    run = aspara.init(
        project=PROJECT,
        name=f"lr-{rate:g}",
        dir=data_dir,
        config={"model": "logistic regression", "learning_rate": rate, "batch_size": BATCH, "epochs": epochs},
        tags=["demo"],
        project_tags=["demo"],
        total_steps=total,
    )
    print(f"Training {run.name}: learning rate {rate:g}, {total} steps.", flush=True)
    with run:
        for _epoch in range(epochs):
            for batch in np.array_split(order.permutation(len(train_x)), batches):
                eta = max(rate * (1 + math.cos(math.pi * run.step / total)) / 2, 1e-9)
                model.set_params(eta0=eta).partial_fit(train_x[batch], train_y[batch], classes=digits)
                metrics = {"learning_rate": eta, **quality("train", train_x[batch], train_y[batch])}
                if (run.step + 1) % batches == 0:
                    metrics |= quality("val", val_x, val_y)
                run.log(metrics)
                time.sleep(pause)
                if parent is not None and os.getppid() != parent:
                    sys.exit(1)  # nobody watches any more
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.txt"
            report.write_text(str(classification_report(val_y, model.predict(val_x))), encoding="utf-8")
            run.log_artifact(report, description="Precision and recall of each digit", category="other")
    last = {name: float(run.summary[name]) for name in ("train/loss", "val/loss", "val/accuracy")}
    print(f"  {run.name}: " + ", ".join(f"{name} {value:.3f}" for name, value in last.items()), flush=True)
    return last


if __name__ == "__main__":
    sys.exit(main())
