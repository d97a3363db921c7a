"""A script that trains a small neural network on scikit-learn's handwritten digits and records it with Aspara.

    python examples/train_script.py
    python examples/train_script.py --learning-rate 0.003 --hidden 128

Watch it with `aspara dashboard`, before, while or after it runs. It needs a Python with Aspara and scikit-learn: after `make`
in a checkout, `source .venv/bin/activate` first, or run `.venv/bin/python examples/train_script.py`.
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import aspara


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16, labels, test_size=0.25, random_state=0)
    digits = np.arange(10)
    order = np.random.default_rng(0)

    # The argparse Namespace is the config. An exception in the block marks the run as failed.
    with aspara.init(project="digits-mlp", config=args, tags=["example"]) as run:
        model = MLPClassifier((run.config.hidden,), learning_rate_init=run.config.learning_rate, random_state=0)
        for epoch in range(run.config.epochs):
            for batch in np.array_split(order.permutation(len(train_x)), len(train_x) // run.config.batch_size):
                model.partial_fit(train_x[batch], train_y[batch], classes=digits)
                run.log({"train/loss": model.loss_, "epoch": epoch})
            # commit=False adds to the step that the next log() ends: one row of history.
            run.log({"val/loss": log_loss(val_y, model.predict_proba(val_x), labels=digits)}, commit=False)
            run.log({"val/accuracy": model.score(val_x, val_y)})

        run.summary["parameters"] = sum(part.size for part in [*model.coefs_, *model.intercepts_])
        with tempfile.TemporaryDirectory() as folder:
            confusion = Path(folder) / "confusion.csv"
            np.savetxt(confusion, confusion_matrix(val_y, model.predict(val_x)), fmt="%d", delimiter=",")
            run.log_artifact(confusion, description="Rows: the digit; columns: what it was taken for", category="data")

        print(f"{run.name}: accuracy {run.summary['val/accuracy']:.3f} on digits it has not seen")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=".*maximum iterations.*")
    main()
