"""A study of Optuna in one run, and one with a run for each trial."""

import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)

if sys.argv[1] == "wandb":
    import wandb as tracker
    from optuna_integration.wandb import WeightsAndBiasesCallback

    one = WeightsAndBiasesCallback(wandb_kwargs={"project": "frameworks"})
    many = WeightsAndBiasesCallback("score", wandb_kwargs={"project": "frameworks", "tags": ["many"]}, as_multirun=True)
    track = many.track_in_wandb
else:
    import aspara as tracker
    from aspara.integrations.optuna import AsparaCallback

    one = AsparaCallback(project="frameworks")
    many = AsparaCallback("score", as_multirun=True, project="frameworks", tags=["many"])
    track = many.track_in_aspara


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2 + trial.suggest_int("n", 1, 3)


optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).optimize(objective, n_trials=5, callbacks=[one])
tracker.finish()


@track()
def logged(trial):
    tracker.log({"inside": 1.0}, commit=False)
    return objective(trial)


study = optuna.create_study(study_name="second", sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(logged, n_trials=2, callbacks=[many])
