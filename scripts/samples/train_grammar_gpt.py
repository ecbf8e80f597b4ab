"""Makes the `grammar-gpt` sample: a small GPT-style language model of the stories that grammar.py writes.

Usage: OMP_NUM_THREADS=1 /usr/bin/python3 train_grammar_gpt.py [STEPS]     (1700 steps, about nine minutes on one core)

Writes into media/samples/grammar-gpt. Needs Debian's python3-torch, python3-onnx and python3-numpy, and
libopenblas0-pthread: without it matrix products are twenty times as slow.
"""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

from byte_pair_encoding import END_OF_TEXT_ID, Tokenizer, train_merges
from grammar import story
from onnx_tidy import make_reshapes_constant

OUT = Path(__file__).resolve().parents[2] / "media" / "samples" / "grammar-gpt"
VOCABULARY_SIZE, CONTEXT, LAYERS, D_MODEL, HEADS, D_MLP = 512, 128, 4, 96, 6, 288
TRAIN_STORIES, HELD_OUT_STORIES, TOKENIZER_STORIES = 150000, 1000, 20000
TRAIN_SEED, HELD_OUT_SEED, WEIGHT_SEED = 1, 2, 3
BATCH_SIZE, PEAK_LEARNING_RATE, WEIGHT_DECAY = 32, 3e-3, 0.1
CORPUS_ROWS, CORPUS_LENGTH = 256, 64
NO_TARGET = -100
MASKED_SCORE = torch.tensor(-math.inf)

# Shapes: B batch, T sequence, D = D_MODEL, H heads, K = D / H, V vocabulary.


class Linear(nn.Module):
    """x @ weight + bias with weight (in, out), so that the exported MatMul takes the parameter as it is."""

    def __init__(self, size_in, size_out, scale=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size_in, size_out) * scale / math.sqrt(size_in))
        self.bias = nn.Parameter(torch.zeros(size_out))

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (Linear(D_MODEL, D_MODEL) for _ in range(3))
        self.softmax = nn.Softmax(dim=-1)
        self.output = Linear(D_MODEL, D_MODEL, 1 / math.sqrt(2 * LAYERS))

    def forward(self, x, is_future):  # x (B, T, D), is_future (T, T)
        batch, length = x.shape[:2]
        split = lambda y: y.reshape(batch, length, HEADS, D_MODEL // HEADS)  # (B, T, H, K)
        query = split(self.query(x)).permute(0, 2, 1, 3)  # (B, H, T, K)
        key = split(self.key(x)).permute(0, 2, 3, 1)  # (B, H, K, T)
        value = split(self.value(x)).permute(0, 2, 1, 3)  # (B, H, T, K)
        scores = query @ key / math.sqrt(D_MODEL // HEADS)  # (B, H, T, T)
        pattern = self.softmax(torch.where(is_future, MASKED_SCORE, scores))
        mixed = (pattern @ value).permute(0, 2, 1, 3)  # (B, T, H, K)
        return self.output(mixed.reshape(batch, length, D_MODEL))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = Linear(D_MODEL, D_MLP)
        self.gelu = nn.GELU()
        self.down = Linear(D_MLP, D_MODEL, 1 / math.sqrt(2 * LAYERS))

    def forward(self, x):
        return self.down(self.gelu(self.up(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(D_MODEL), nn.LayerNorm(D_MODEL)
        self.attention = Attention()
        self.mlp = Mlp()

    def forward(self, x, is_future):
        x = x + self.attention(self.norm1(x), is_future)
        return x + self.mlp(self.norm2(x))


class GrammarGpt(nn.Module):
    """Token ids (B, T) -> scores of each next token (B, T, V), for T up to CONTEXT."""

    def __init__(self):
        super().__init__()
        self.token_embedding = nn.Embedding(VOCABULARY_SIZE, D_MODEL)
        self.position_embedding = nn.Embedding(CONTEXT, D_MODEL)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(D_MODEL)
        self.unembedding = Linear(D_MODEL, VOCABULARY_SIZE)
        nn.init.normal_(self.token_embedding.weight, std=0.3)
        nn.init.normal_(self.position_embedding.weight, std=0.1)

    def forward(self, input_ids):
        positions = torch.arange(input_ids.shape[1])  # (T,)
        is_future = positions[None, :] > positions[:, None]  # (T, T)
        x = self.token_embedding(input_ids) + self.position_embedding(positions)  # (B, T, D)
        for block in self.blocks:
            x = block(x, is_future)
        return self.unembedding(self.norm(x))


def write_stories(count, seed, excluded=frozenset()):
    """`count` stories outside `excluded`, and their log-probabilities (count,) in nats under the grammar."""
    rng = np.random.default_rng(seed)
    stories, log_probabilities = [], []
    while len(stories) < count:
        text, log_probability = story(rng)
        if text not in excluded:
            stories.append(text)
            log_probabilities.append(log_probability)
    return stories, np.array(log_probabilities)


def pack(stories, tokenizer):
    """All stories in one row of token ids, each after an end-of-text token."""
    return np.array([token for text in stories for token in (END_OF_TEXT_ID, *tokenizer.encode(text))])


def learning_rate(step, steps):
    warm_up = min(1.0, (step + 1) / 100)
    return PEAK_LEARNING_RATE * warm_up * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def train(model, stream, steps):
    """`stream` is one long row of token ids; each batch is made of BATCH_SIZE windows at random places."""
    rng = np.random.default_rng(WEIGHT_SEED)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": WEIGHT_DECAY},
                                   {"params": vectors, "weight_decay": 0.0}], betas=(0.9, 0.98))
    start, recent = time.time(), []
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        places = rng.integers(0, len(stream) - CONTEXT, BATCH_SIZE)
        windows = torch.from_numpy(stream[places[:, None] + np.arange(CONTEXT + 1)])  # (B, T + 1)
        logits = model(windows[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}/{steps}: training loss {np.mean(recent):.4f} nats per token, "
                  f"{time.time() - start:.0f} s", flush=True)
            recent = []


def held_out_batches(stories, tokenizer):
    """Stories by themselves: inputs <|endoftext|> w1 ... wn, targets w1 ... wn <|endoftext|>, padded per batch."""
    for first in range(0, len(stories), 50):
        encoded = [tokenizer.encode(text) for text in stories[first : first + 50]]
        longest = max(map(len, encoded)) + 1
        inputs = torch.full((len(encoded), longest), END_OF_TEXT_ID)
        targets = torch.full((len(encoded), longest), NO_TARGET)
        for row, tokens in enumerate(encoded):
            inputs[row, 1 : len(tokens) + 1] = torch.tensor(tokens)
            targets[row, : len(tokens)] = torch.tensor(tokens)
            targets[row, len(tokens)] = END_OF_TEXT_ID
        yield inputs, targets


def evaluate(model, stories, tokenizer):
    """Nats per token, share of tokens guessed right, and number of tokens."""
    model.eval()
    nats, right, tokens = 0.0, 0, 0
    with torch.no_grad():
        for inputs, targets in held_out_batches(stories, tokenizer):
            logits = model(inputs)
            nats += F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
            right += int((logits.argmax(-1) == targets).sum())
            tokens += int((targets != NO_TARGET).sum())
    return nats / tokens, right / tokens, tokens


class Bigram(nn.Module):
    """The baseline: how often each token followed the one before it in the training text, plus a little."""

    def __init__(self, stream):
        super().__init__()
        counts = np.bincount(stream[:-1] * VOCABULARY_SIZE + stream[1:], minlength=VOCABULARY_SIZE**2)
        counts = torch.from_numpy(counts.reshape(VOCABULARY_SIZE, VOCABULARY_SIZE)) + 0.01
        self.scores = torch.log(counts / counts.sum(1, keepdim=True)).float()

    def forward(self, input_ids):
        return self.scores[input_ids]


def report(name, nats_per_token, share_right):
    print(f"{name}: {nats_per_token:.4f} nats per token, perplexity {math.exp(nats_per_token):.3f}, "
          f"next token right {share_right:.4f}")


def export(model, path):
    model.eval()
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(model, torch.zeros(2, 7, dtype=torch.int64), path, opset_version=17, input_names=["input_ids"],
                      output_names=["logits"], dynamic_axes={"input_ids": axes, "logits": axes})
    exported = onnx.load(path)
    make_reshapes_constant(exported)
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)


def write_recipe():
    recipe = {"version": 1, "inputs": {"input_ids": {"source": "tokens", "path": "corpus.npy"}},
              "tokenizer": "tokenizer.json"}
    (OUT / "grammar-gpt.inspect.json").write_text(json.dumps(recipe, indent=2) + "\n")


def main(steps):
    torch.set_num_threads(1)
    torch.manual_seed(WEIGHT_SEED)
    OUT.mkdir(parents=True, exist_ok=True)
    held_out, log_probabilities = write_stories(HELD_OUT_STORIES, HELD_OUT_SEED)
    stories, _ = write_stories(TRAIN_STORIES, TRAIN_SEED, excluded=frozenset(held_out))
    tokenizer = Tokenizer(train_merges(stories[:TOKENIZER_STORIES], VOCABULARY_SIZE))
    tokenizer.save(OUT / "tokenizer.json")
    (OUT / "corpus.txt").write_text("\n".join(held_out) + "\n")
    packed = pack(held_out, tokenizer)
    rows = packed[: CORPUS_ROWS * CORPUS_LENGTH].reshape(CORPUS_ROWS, CORPUS_LENGTH)
    np.save(OUT / "corpus.npy", rows.astype(np.uint16))
    write_recipe()

    stream = pack(stories, tokenizer)
    print(f"{len(stream)} training tokens, {len(packed)} held-out tokens", flush=True)
    bigram_nats, bigram_right, tokens = evaluate(Bigram(stream), held_out, tokenizer)
    report("bigram baseline", bigram_nats, bigram_right)
    model = GrammarGpt()
    train(model, stream, steps)
    nats, right, _ = evaluate(model, held_out, tokenizer)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(held_out)} held-out stories, {tokens} tokens")
    report("model", nats, right)
    bound = -log_probabilities.sum() / tokens
    print(f"the grammar itself: {bound:.4f} nats per token, perplexity {math.exp(bound):.3f}")
    export(model, str(OUT / "grammar-gpt.onnx"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1700)
