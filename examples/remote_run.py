"""A run recorded on another machine.

    aspara tracker --host 0.0.0.0                            # there
    python examples/remote_run.py http://gpu-box:3142        # here

The address may also stand in ASPARA_TRACKER_URI; a tracker beyond loopback wants its token in ASPARA_TOKEN. Only the
address makes the run remote: the rest is the same as in any script.
"""

import os
import sys

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

import aspara


def main() -> None:
    tracker = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ASPARA_TRACKER_URI")
    if not tracker:
        sys.exit(f"Which tracker? {sys.argv[0]} http://HOST:3142, or set ASPARA_TRACKER_URI.")

    images, labels = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16, labels, random_state=0)
    model = SGDClassifier(loss="log_loss", random_state=0)

    config = {"model": "logistic regression", "epochs": 10}
    with aspara.init(project="digits-remote", config=config, tracker_uri=tracker) as run:
        for _epoch in range(run.config["epochs"]):
            model.partial_fit(train_x, train_y, classes=range(10))
            run.log({"train/accuracy": model.score(train_x, train_y), "val/accuracy": model.score(val_x, val_y)})
    print(f"Recorded {run.project}/{run.name} at {tracker}")


if __name__ == "__main__":
    main()
