"""The statistics of Model Inspector's passes, computed in PyTorch with forward hooks, for comparison.

Usage: torch_hooks.py resnet18|gpt2 THREADS. Runs one batch per line read from standard input and answers with a line.
"""
import math
import sys

import torch
from torch import nn

SAMPLES_PER_LAYER = 12_000


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()

    def forward(self, x):
        return self.relu2(self.conv2(self.relu1(self.conv1(x))) + self.shortcut(x))


def resnet18():
    layers, width = [nn.Conv2d(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, outputs in enumerate([64, 128, 256, 512]):
        for block in range(2):
            layers.append(Block(width, outputs, 2 if block == 0 and stage > 0 else 1))
            width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class Gelu(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2, self.heads = nn.LayerNorm(width), nn.LayerNorm(width), heads
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), Gelu(), nn.Linear(4 * width, width))

    def forward(self, x):
        batch, length, width = x.shape
        query, key, value = (
            part.view(batch, length, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        scores = query @ key.transpose(2, 3) / math.sqrt(width / self.heads)
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        mixed = torch.softmax(scores.masked_fill(~mask, -1e4), -1) @ value
        x = x + self.project(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class Gpt2(nn.Module):
    def __init__(self, layers=12, width=768, heads=12, vocabulary=50257):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(1024, width)
        self.layers = nn.Sequential(*[Layer(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        return self.head(self.norm(self.layers(self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1])))))


def statistics(value, unit_axis, relu):
    """Per example and unit: sum, sum of squares, minimum, maximum, zeros (and Σ|h| where h may be negative); a sample."""
    axes = tuple(axis for axis in range(1, value.dim()) if axis != unit_axis)
    found = [value.sum(axes), value.square().sum(axes), value.amin(axes), value.amax(axes), (value == 0).sum(axes)]
    if not relu:
        found.append(value.abs().sum(axes))
    flat = value.movedim(unit_axis, 1).flatten(2)
    step = max(1, math.ceil(flat[0].numel() / SAMPLES_PER_LAYER))
    found.append(flat[:, :, step // 2 :: step].clone())
    return found


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    is_picture = name == "resnet18"
    model = (resnet18() if is_picture else Gpt2()).eval()
    inputs = torch.randn(8, 3, 224, 224) if is_picture else torch.randint(0, 50257, (1, 128))
    seen = {}
    for label, module in model.named_modules():
        if isinstance(module, (nn.ReLU, Gelu)):
            relu = isinstance(module, nn.ReLU)
            module.register_forward_hook(
                lambda _m, _i, output, label=label, relu=relu: seen.__setitem__(
                    label, statistics(output, 1 if is_picture else 2, relu)
                )
            )
    with torch.inference_mode():
        for _ in sys.stdin:
            model(inputs)
            print(len(seen), flush=True)


main()
