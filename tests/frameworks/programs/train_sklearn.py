"""A classifier of scikit-learn and its charts."""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

if sys.argv[1] == "wandb":
    import wandb
    from wandb.sklearn import plot_confusion_matrix, plot_roc

    wandb.init(project="frameworks")
else:
    import aspara
    from aspara.integrations.sklearn import plot_confusion_matrix, plot_roc

    aspara.init(project="frameworks")

generator = np.random.default_rng(0)
x = generator.normal(size=(200, 4))
y = (x[:, 0] + x[:, 1] > 0).astype(int)
model = LogisticRegression().fit(x[:150], y[:150])
plot_roc(y[150:], model.predict_proba(x[150:]), ["no", "yes"])
plot_confusion_matrix(y[150:], model.predict(x[150:]), ["no", "yes"])
