"""Artifacts: files, folders, new files, metadata, aliases, models."""

import os

import wandb

os.makedirs("out", exist_ok=True)
for name in ("a.txt", "b.txt"):
    with open(os.path.join("out", name), "w") as file:
        file.write(name)
run = wandb.init(project="artifacts", job_type="dataset")
artifact = wandb.Artifact("data", type="dataset", description="two files", metadata={"rows": 2})
artifact.add_dir("out")
with artifact.new_file("c.txt") as file:
    file.write("c")
run.log_artifact(artifact, aliases=["best"])
wandb.log_artifact("out/a.txt", name="file", type="text")
run.log_model("out/b.txt", "model")
run.log({"done": 1})
assert wandb.util.make_artifact_name_safe("a b/c") == "a_b_c"
wandb.finish()
