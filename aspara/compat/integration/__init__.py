"""wandb's integrations, with wandb's names of metrics. Each imports its framework when it is asked for itself."""
