"""A tiny language model, trained by transformers' Trainer."""

import sys

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

if sys.argv[1] == "aspara":
    import aspara.integrations.transformers  # noqa: F401  registers "aspara"

torch.manual_seed(0)
model = GPT2LMHeadModel(GPT2Config(vocab_size=16, n_positions=8, n_embd=8, n_layer=1, n_head=1))
data = [{"input_ids": torch.arange(8) % 16, "labels": torch.arange(8) % 16} for _ in range(8)]
arguments = TrainingArguments(
    output_dir="out",
    num_train_epochs=2,
    per_device_train_batch_size=2,
    logging_steps=2,
    eval_strategy="epoch",
    save_strategy="no",
    report_to=sys.argv[1],
    use_cpu=True,
    disable_tqdm=True,
)
trainer = Trainer(model=model, args=arguments, train_dataset=data, eval_dataset=data)
trainer.train()
trainer.predict(data)
