"""Cross-validation: a run for each fold, in one group, with alerts."""

import wandb

for fold in range(3):
    run = wandb.init(
        project="folds", group="cv", job_type="fold", name=f"fold-{fold}", reinit=True, config={"fold": fold}
    )
    for step in range(2):
        run.log({"score": fold + step / 10})
    run.alert(title="Done", text=f"fold {fold}", level=wandb.AlertLevel.INFO, wait_duration=0)
    run.finish()
assert wandb.run is None
