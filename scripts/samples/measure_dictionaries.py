"""States what the dictionaries of the `grammar-gpt` sample are worth, in media/samples/grammar-gpt/dictionaries/measured.json.

Usage: OMP_NUM_THREADS=1 /usr/bin/python3 measure_dictionaries.py

Reads model and dictionaries as they ship, and runs them in torch on `corpus.npy`: text that neither was trained on. The
test test/unit/samples/dictionaries.test.ts measures the same in ONNX Runtime and holds this file to it.

    FVU             sum of squares of (what is to be written - what is written), over all tokens and axes, divided by that
                    of (what is to be written - its mean over tokens)
    L0              features above their threshold, mean over tokens
    dead share      share of features that are above their threshold at no token
    cross-entropy   of the next token within each row, in nats, with what the model writes there replaced by what the
                    dictionary writes (spliced), by zeros, or by its mean over all tokens
    loss recovered  (zeros - spliced) / (zeros - as it is); above the mean likewise
"""

import json

import numpy as np
import torch
from torch.nn import functional as F

import train_grammar_gpt as gpt
from onnx_parameters import load_parameters

FOLDER = gpt.OUT / "dictionaries"


def read_safetensors(path):
    contents = path.read_bytes()
    start = 8 + int.from_bytes(contents[:8], "little")
    types = {"F16": np.float16, "F32": np.float32}
    return {name: torch.from_numpy(np.frombuffer(contents[start:][slice(*entry["data_offsets"])], types[entry["dtype"]])
                                   .reshape(entry["shape"]).astype(np.float32))
            for name, entry in json.loads(contents[8:start]).items()}


class Dictionary:
    """Of SAELens's architectures jumprelu and jumprelu_transcoder, as they are in the file."""

    def __init__(self, folder):
        self.configuration = json.loads((folder / "cfg.json").read_text())
        self.tensors = read_safetensors(folder / "sae_weights.safetensors")
        metadata = self.configuration["metadata"]
        self.reads = metadata["hook_name"]
        self.writes = metadata.get("hook_name_out", self.reads)

    def encode(self, x):
        tensors = self.tensors
        before = tensors["b_dec"] if self.configuration["apply_b_dec_to_input"] else 0
        h = (x - before) @ tensors["W_enc"] + tensors["b_enc"]
        return torch.where(h > tensors["threshold"], torch.relu(h), torch.zeros(()))

    def decode(self, features):
        return features @ self.tensors["W_dec"] + self.tensors["b_dec"]


def add_hook(model, name, function):
    """Calls `function` with what is at a hook; what it returns, if anything, takes its place. Returns the handle."""
    _, layer, *place = name.split(".")
    block = model.blocks[int(layer)]
    if place == ["mlp", "hook_in"]:
        return block.mlp.register_forward_pre_hook(lambda _, inputs: function(inputs[0]))
    module = {"hook_resid_post": block, "hook_mlp_out": block.mlp}[place[0]]
    return module.register_forward_hook(lambda _, __, output: function(output))


class Run:
    """The model on all rows of the corpus at once: rows of what is at hooks, and the cross-entropy."""

    def __init__(self, model, rows):
        self.model, self.rows = model, rows

    def __call__(self, hooks):
        handles = [add_hook(self.model, name, function) for name, function in hooks]
        with torch.no_grad():
            logits = self.model(self.rows)[:, :-1]
        for handle in handles:
            handle.remove()
        return F.cross_entropy(logits.flatten(0, 1), self.rows[:, 1:].flatten()).item()

    def activations(self, names):
        found = {}
        self([(name, lambda x, at=name: found.update({at: x})) for name in names])
        return found


def splices(dictionary):
    """Hooks that put what the dictionary writes in the place of what it is to write."""
    written = []
    if dictionary.writes == dictionary.reads:
        return [(dictionary.reads, lambda x: dictionary.decode(dictionary.encode(x)))]
    return [(dictionary.reads, lambda x: written.append(dictionary.decode(dictionary.encode(x)))),
            (dictionary.writes, lambda _: written.pop())]


def measure(dictionary, run, clean):
    found = run.activations({dictionary.reads, dictionary.writes})
    reads, writes = (found[name].flatten(0, 1).double() for name in (dictionary.reads, dictionary.writes))
    features = dictionary.encode(reads.float())
    mean = writes.mean(0)
    left = (writes - dictionary.decode(features)).square().sum() / (writes - mean).square().sum()
    spliced = run(splices(dictionary))
    zeros = run([(dictionary.writes, torch.zeros_like)])
    averaged = run([(dictionary.writes, lambda x: mean.float().expand_as(x))])
    return {
        "fvu": left.item(), "l0": (features > 0).sum(1).double().mean().item(),
        "dead_share": (~(features > 0).any(0)).double().mean().item(),
        "cross_entropy": {"spliced": spliced, "zeros": zeros, "mean": averaged},
        "loss_recovered": {"above_zeros": (zeros - spliced) / (zeros - clean),
                           "above_mean": (averaged - spliced) / (averaged - clean)},
    }


def main():
    torch.set_num_threads(1)
    model = load_parameters(gpt.GrammarGpt(), gpt.OUT / "grammar-gpt.onnx")
    rows = torch.from_numpy(np.load(gpt.OUT / "corpus.npy").astype(np.int64))
    run = Run(model, rows)
    clean = run([])
    dictionaries = {path.name: Dictionary(path) for path in sorted(FOLDER.iterdir()) if path.is_dir()}
    transcoders = [each for each in dictionaries.values() if each.reads != each.writes]
    together = run([hook for each in transcoders for hook in splices(each)])
    zeros = run([(each.writes, torch.zeros_like) for each in transcoders])
    measured = {
        "model": "grammar-gpt.onnx", "data": "corpus.npy", "tokens": rows.numel(),
        "predictions": rows[:, 1:].numel(), "cross_entropy": clean,
        "dictionaries": {name: measure(each, run, clean) for name, each in dictionaries.items()},
        "all_transcoders": {"cross_entropy": {"spliced": together, "zeros": zeros},
                            "loss_recovered": {"above_zeros": (zeros - together) / (zeros - clean)}},
    }
    rounded = json.loads(json.dumps(measured), parse_float=lambda text: round(float(text), 6))
    (FOLDER / "measured.json").write_text(json.dumps(rounded, indent=2) + "\n")
    print(f"cross-entropy {clean:.4f} nats per token")
    for name, each in measured["dictionaries"].items():
        print(f"{name}: FVU {each['fvu']:.4f}, L0 {each['l0']:.2f}, dead {each['dead_share']:.2%}, "
              f"spliced {each['cross_entropy']['spliced']:.4f}, recovered {each['loss_recovered']['above_zeros']:.2%} "
              f"above zeros, {each['loss_recovered']['above_mean']:.2%} above the mean")
    print(f"all transcoders at once: {together:.4f}, {(zeros - together) / (zeros - clean):.2%} above zeros")


if __name__ == "__main__":
    main()
