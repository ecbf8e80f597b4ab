"""Makes the dictionaries of the `grammar-gpt` sample: one sparse autoencoder of the residual stream after each block, and
one transcoder of each MLP.

Usage: OMP_NUM_THREADS=1 /usr/bin/python3 train_dictionaries.py [STEPS]   (2500 steps, about ten minutes on one core)

Reads the model that ships, and writes into media/samples/grammar-gpt/dictionaries, in SAELens's layout. Both kinds are
trained as BatchTopK (Bussmann, Leask and Nanda 2024, https://arxiv.org/abs/2412.06410): of all features of all tokens of
a batch the largest are kept, K per token on average. Afterwards one threshold takes the place of the batch, so that they
are JumpReLU dictionaries to whoever reads them. Features that have long not fired are trained on what the others leave
(AuxK of Gao and others 2024, https://arxiv.org/abs/2406.04093).

Then measure_dictionaries.py states what they are worth on text that neither they nor the model was trained on. Needs
Debian's python3-torch, python3-onnx and python3-numpy, and libopenblas0-pthread.
"""

import json
import sys
import time
from typing import NamedTuple

import numpy as np
import torch

import train_grammar_gpt as gpt
from byte_pair_encoding import Tokenizer
from measure_dictionaries import add_hook, main as measure
from onnx_parameters import load_parameters

OUT = gpt.OUT / "dictionaries"
STORIES, TRAIN_SEED, WEIGHT_SEED = 12000, 11, 12
FEATURES, BATCH_TOKENS, PEAK_LEARNING_RATE = 192, 2048, 1e-3
# Features that did not fire for so many steps are helped: so many of them per token, with so much weight.
IDLE_STEPS, HELPED_PER_TOKEN, HELP_WEIGHT = 100, 24, 1 / 32

# Shapes: N tokens, D = gpt.D_MODEL, F = FEATURES.


class Site(NamedTuple):
    folder: str
    architecture: str
    reads: str  # the hook's name in TransformerLens
    reads_value: str  # the value's name in the ONNX file
    writes: str
    writes_value: str
    features_per_token: int


def sites():
    """An autoencoder writes what it reads; a transcoder reads the MLP's normalised input and writes the MLP's output."""
    for layer in range(gpt.LAYERS):
        after = f"/blocks.{layer}/Add_1_output_0"
        yield Site(f"blocks.{layer}.hook_resid_post", "jumprelu", f"blocks.{layer}.hook_resid_post", after,
                   f"blocks.{layer}.hook_resid_post", after, 10)
    for layer in range(gpt.LAYERS):
        yield Site(f"blocks.{layer}.mlp.transcoder", "jumprelu_transcoder", f"blocks.{layer}.mlp.hook_in",
                   f"/blocks.{layer}/norm2/LayerNormalization_output_0", f"blocks.{layer}.hook_mlp_out",
                   f"/blocks.{layer}/mlp/down/Add_output_0", 12)


def collect(model, stream):
    """What each hook reads or writes on all windows of `stream`, as (N, D) float32 by hook name."""
    found = {name: [] for site in sites() for name in (site.reads, site.writes)}
    for name, parts in found.items():
        add_hook(model, name, lambda x, parts=parts: parts.append(x.reshape(-1, gpt.D_MODEL)))
    windows = torch.from_numpy(stream[: len(stream) // gpt.CONTEXT * gpt.CONTEXT].reshape(-1, gpt.CONTEXT))
    with torch.no_grad():
        for batch in windows.split(gpt.BATCH_SIZE):
            model(batch)
    return {name: torch.cat(parts) for name, parts in found.items()}


class Dictionary(torch.nn.Module):
    """f = ReLU(h) where h > threshold, h = (x - before) @ W_enc + b_enc; writes f @ W_dec + b_dec.

    `before` is b_dec for an autoencoder, nothing for a transcoder.
    """

    def __init__(self, reads, writes, is_transcoder, features):
        super().__init__()
        directions = torch.nn.functional.normalize(torch.randn(features, reads.shape[1]), dim=1)
        self.W_dec = torch.nn.Parameter(directions)
        self.W_enc = torch.nn.Parameter(directions.T.clone())
        self.b_enc = torch.nn.Parameter(torch.zeros(features))
        self.b_dec = torch.nn.Parameter(writes.mean(0))
        self.is_transcoder = is_transcoder
        if is_transcoder:
            self.b_enc.data = -reads.mean(0) @ self.W_enc.data

    def encode(self, x):
        return torch.relu((x if self.is_transcoder else x - self.b_dec) @ self.W_enc + self.b_enc)  # (N, F)

    def decode(self, features):
        return features @ self.W_dec + self.b_dec

    @torch.no_grad()
    def project(self):
        """Decoder rows keep length 1, and lose what of the gradient would lengthen them."""
        along = (self.W_dec.grad * self.W_dec).sum(1, keepdim=True)
        self.W_dec.grad -= along * self.W_dec


def largest_of_batch(h, per_token):
    """h (N, F) with all but the N * per_token largest set to 0, and the smallest kept."""
    smallest = h.flatten().topk(per_token * len(h), sorted=False).values.min()
    return torch.where(h >= smallest, h, torch.zeros(())), smallest


def largest_of_idle(h, is_idle):
    """The largest idle features of each token, all else 0."""
    values, indices = torch.where(is_idle, h, torch.zeros(())).topk(HELPED_PER_TOKEN, dim=1, sorted=False)
    return torch.zeros_like(h).scatter(1, indices, values)


def learning_rate(step, steps):
    warm_up, cool_down = min(1.0, (step + 1) / 100), min(1.0, 4 * (1 - step / steps))
    return PEAK_LEARNING_RATE * warm_up * cool_down


def train(reads, writes, is_transcoder, per_token, steps, features=FEATURES):
    """A trained dictionary for activations scaled to a mean square of 1, with its threshold."""
    dictionary = Dictionary(reads, writes, is_transcoder, features)
    rng = np.random.default_rng(WEIGHT_SEED)
    optimizer = torch.optim.Adam(dictionary.parameters(), betas=(0.9, 0.999))
    idle_for = torch.zeros(features, dtype=torch.int64)
    thresholds = []
    spread = (writes - writes.mean(0)).square().mean()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        tokens = torch.from_numpy(rng.integers(0, len(reads), BATCH_TOKENS))
        x, target = reads[tokens], writes[tokens]
        h = dictionary.encode(x)
        kept, smallest = largest_of_batch(h, per_token)
        error = target - dictionary.decode(kept)
        loss = error.square().mean() / spread
        is_idle = idle_for > IDLE_STEPS
        if is_idle.sum() >= HELPED_PER_TOKEN // 4:
            left = error.detach() - largest_of_idle(h, is_idle) @ dictionary.W_dec
            loss = loss + HELP_WEIGHT * left.square().mean() / error.detach().square().mean()
        optimizer.zero_grad()
        loss.backward()
        dictionary.project()
        optimizer.step()
        with torch.no_grad():
            dictionary.W_dec /= dictionary.W_dec.norm(dim=1, keepdim=True)
            idle_for = torch.where((kept > 0).any(0), 0, idle_for + 1)
        if step >= steps * 0.9:
            thresholds.append(smallest.item())
    return dictionary, np.mean(thresholds)


def in_units_of_the_model(dictionary, threshold, read_scale, write_scale):
    """The same dictionary for activations that are not scaled; features are then in units of what is written."""
    with torch.no_grad():
        vector = lambda values: (values / write_scale).float()
        return {"W_enc": (dictionary.W_enc * (read_scale / write_scale)).half(), "W_dec": dictionary.W_dec.half(),
                "b_enc": vector(dictionary.b_enc), "b_dec": vector(dictionary.b_dec),
                "threshold": vector(torch.full_like(dictionary.b_enc, threshold))}


def write_safetensors(tensors, path):
    """The format of safetensors: length of the header, the header in JSON, the numbers."""
    header, parts, offset = {}, [], 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].element_size(), reverse=True):
        part = tensor.contiguous().numpy().tobytes()
        kind = {torch.float16: "F16", torch.float32: "F32"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def configuration(site):
    is_transcoder = site.architecture.endswith("transcoder")
    return {
        "architecture": site.architecture, "d_in": gpt.D_MODEL, "d_sae": FEATURES,
        **({"d_out": gpt.D_MODEL} if is_transcoder else {}),
        "dtype": "float32", "device": "cpu", "apply_b_dec_to_input": not is_transcoder,
        "normalize_activations": "none", "reshape_activations": "none",
        "metadata": {
            "model_name": "grammar-gpt", "hook_name": site.reads, "onnx_value": site.reads_value,
            **({"hook_name_out": site.writes, "onnx_value_out": site.writes_value} if is_transcoder else {}),
            "hook_head_index": None, "context_size": gpt.CONTEXT, "prepend_bos": False,
        },
    }


def main(steps):
    torch.set_num_threads(1)
    held_out, _ = gpt.write_stories(gpt.HELD_OUT_STORIES, gpt.HELD_OUT_SEED)
    stories, _ = gpt.write_stories(STORIES, TRAIN_SEED, excluded=frozenset(held_out))
    stream = gpt.pack(stories, Tokenizer.load(gpt.OUT / "tokenizer.json"))
    model = load_parameters(gpt.GrammarGpt(), gpt.OUT / "grammar-gpt.onnx")
    activations = collect(model, stream)
    print(f"{len(stream)} tokens", flush=True)
    for site in sites():
        start = time.time()
        torch.manual_seed(WEIGHT_SEED)
        scale = {name: 1 / activations[name].square().mean().sqrt() for name in {site.reads, site.writes}}
        reads, writes = (activations[name] * scale[name] for name in (site.reads, site.writes))
        is_transcoder = site.architecture.endswith("transcoder")
        dictionary, threshold = train(reads, writes, is_transcoder, site.features_per_token, steps)
        folder = OUT / site.folder
        folder.mkdir(parents=True, exist_ok=True)
        tensors = in_units_of_the_model(dictionary, threshold, scale[site.reads], scale[site.writes])
        write_safetensors(tensors, folder / "sae_weights.safetensors")
        (folder / "cfg.json").write_text(json.dumps(configuration(site), indent=2) + "\n")
        print(f"{site.folder}: trained for {time.time() - start:.0f} s", flush=True)
    measure()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2500)
