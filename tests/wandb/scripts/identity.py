"""Names, tags and notes, and what changes of them while a run goes on."""

import json

import wandb

run = wandb.init(project="identity", name="first", tags=["a"], notes="n", group="g", job_type="j", id="chosen1")
run.tags += ("b",)
run.name = "second"
run.notes = "changed"
run.log({"x": 1})
print(
    json.dumps(
        [
            run.id,
            run.name,
            list(run.tags),
            run.notes,
            run.group,
            run.job_type,
            run.project,
            run.project_url,
            run.sweep_id,
            run.resumed,
            run.starting_step,
            run.offline,
            run.disabled,
            run.url,
        ]
    )
)
run.finish()
