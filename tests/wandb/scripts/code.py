"""Code, preemption, and the odd calls of notebooks."""

import wandb

run = wandb.init(project="code", save_code=True)
artifact = run.log_code(".")
assert artifact is not None and artifact.type == "code"
run.mark_preempting()
wandb.require("core")
html = run.to_html()
assert isinstance(html, str)
run.log({"a": 1})
wandb.join() if hasattr(wandb, "join") else wandb.finish()
assert wandb.run is None
