"""A tiny language model, fine-tuned by TRL."""

import sys

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

if sys.argv[1] == "aspara":
    import aspara.integrations.transformers  # noqa: F401  registers "aspara"

torch.manual_seed(0)
words = {word: number for number, word in enumerate(["<pad>", "<eos>", "<unk>", "a", "b", "c"])}
tokenizer = Tokenizer(WordLevel(words, unk_token="<unk>"))
tokenizer.pre_tokenizer = Whitespace()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
model = GPT2LMHeadModel(GPT2Config(vocab_size=8, n_positions=16, n_embd=8, n_layer=1, n_head=1))
arguments = SFTConfig(
    output_dir="out",
    max_steps=4,
    per_device_train_batch_size=2,
    logging_steps=2,
    save_strategy="no",
    report_to=sys.argv[1],
    use_cpu=True,
    bf16=False,
    disable_tqdm=True,
    max_length=8,
)
data = Dataset.from_dict({"text": ["a b c a b c"] * 8})
SFTTrainer(model=model, args=arguments, train_dataset=data, processing_class=fast).train()
