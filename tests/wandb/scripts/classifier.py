"""scikit-learn's charts."""

import warnings

import wandb
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

warnings.filterwarnings("ignore")
features, target = make_classification(80, 5, n_informative=3, n_classes=3, random_state=0)
run = wandb.init(project="classifier")
model = RandomForestClassifier(5, random_state=0).fit(features[:60], target[:60])
guesses, chances = model.predict(features[60:]), model.predict_proba(features[60:])
wandb.sklearn.plot_classifier(
    model,
    features[:60],
    features[60:],
    target[:60],
    target[60:],
    guesses,
    chances,
    ["a", "b", "c"],
    model_name="forest",
    feature_names=list("vwxyz"),
)
run.finish()
