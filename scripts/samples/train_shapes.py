"""Makes the `shapes` sample: draws the pictures, trains a small residual network on them and exports it as ONNX.

Usage: OMP_NUM_THREADS=1 /usr/bin/python3 train_shapes.py [EPOCHS]     (10 epochs, about nine minutes on one core)

Writes into media/samples/shapes. Needs Debian's python3-torch, python3-onnx, python3-numpy and python3-pil.
"""

import csv
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from draw_shapes import CLASSES, SIDE_PX, draw_set
from onnx_tidy import split_shared_initializers

OUT = Path(__file__).resolve().parents[2] / "media" / "samples" / "shapes"
TRAIN_COUNT, TEST_COUNT, SHIPPED_COUNT = 24000, 4000, 200
TRAIN_SEED, TEST_SEED, SHIPPED_SEED, WEIGHT_SEED = 1, 2, 3, 4
MEAN, STD = [0.49, 0.49, 0.49], [0.27, 0.27, 0.27]
WIDTHS = [16, 32, 48]
BATCH_SIZE, WEIGHT_DECAY = 64, 0.05


class Block(nn.Module):
    """relu(x + bn(conv(relu(bn(conv(x)))))), with a 1x1 convolution on the shortcut where the shape changes."""

    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut = None
        if stride != 1 or channels_in != channels_out:
            self.shortcut = Shortcut(channels_in, channels_out, stride)
        self.relu2 = nn.ReLU()

    def forward(self, x):  # (B, C_in, H, W) -> (B, C_out, H / stride, W / stride)
        branch = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(branch + (x if self.shortcut is None else self.shortcut(x)))


class Shortcut(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)

    def forward(self, x):
        return self.bn(self.conv(x))


class Stem(nn.Module):
    def __init__(self, channels_out):
        super().__init__()
        self.conv = nn.Conv2d(3, channels_out, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):  # (B, 3, 48, 48) -> (B, C, 24, 24)
        return self.pool(self.relu(self.bn(self.conv(x))))


class Layer(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.block0 = Block(channels_in, channels_out, stride)
        self.block1 = Block(channels_out, channels_out, 1)

    def forward(self, x):
        return self.block1(self.block0(x))


class ShapesResNet(nn.Module):
    """Prepared pictures (B, 3, 48, 48) -> class scores (B, 10)."""

    def __init__(self):
        super().__init__()
        self.stem = Stem(WIDTHS[0])
        self.layer1 = Layer(WIDTHS[0], WIDTHS[0], 1)  # (B, 16, 24, 24)
        self.layer2 = Layer(WIDTHS[0], WIDTHS[1], 2)  # (B, 32, 12, 12)
        self.layer3 = Layer(WIDTHS[1], WIDTHS[2], 2)  # (B, 48, 6, 6)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(WIDTHS[2], len(CLASSES))

    def forward(self, image):
        features = self.layer3(self.layer2(self.layer1(self.stem(image))))
        return self.fc(self.flatten(self.pool(features)))


def prepare(pictures):
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32, as the recipe says: (pixel / 255 - mean) / std."""
    values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return (values - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


def turned_and_shifted(images, generator):
    """A random quarter turn, mirroring and shift of a whole batch (B, 3, H, W); none of them changes the class."""
    draw = lambda low, high: int(torch.randint(low, high, (1,), generator=generator))
    images = torch.rot90(images, draw(0, 4), (2, 3))
    if draw(0, 2):
        images = images.flip(3)
    padded = F.pad(images, (3, 3, 3, 3), mode="replicate")
    top, left = draw(0, 7), draw(0, 7)
    return padded[:, :, top : top + SIDE_PX, left : left + SIDE_PX]


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        guesses = torch.cat([model(batch).argmax(1) for batch in images.split(500)])
    return float((guesses == labels).float().mean())


def train(model, images, labels, epochs, peak_learning_rate):
    generator = torch.Generator().manual_seed(WEIGHT_SEED)
    steps_per_epoch = len(images) // BATCH_SIZE
    optimizer = torch.optim.AdamW(model.parameters(), peak_learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak_learning_rate, epochs * steps_per_epoch,
                                                   pct_start=0.2)
    start = time.time()
    for epoch in range(epochs):
        model.train()
        loss_sum = 0.0
        order = torch.randperm(len(images), generator=generator)[: steps_per_epoch * BATCH_SIZE]
        for picked in order.split(BATCH_SIZE):
            loss = F.cross_entropy(model(turned_and_shifted(images[picked], generator)), labels[picked])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: training loss {loss_sum / steps_per_epoch:.4f}, "
              f"{time.time() - start:.0f} s", flush=True)


def export(model, path):
    """Writes the network with its BatchNormalization nodes kept, in inference mode."""
    model.eval()
    torch.onnx.export(
        model, torch.zeros(2, 3, SIDE_PX, SIDE_PX), path, opset_version=17,
        input_names=["image"], output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    exported = onnx.load(path)
    split_shared_initializers(exported)
    onnx.checker.check_model(exported, full_check=True)
    onnx.save(exported, path)
    assert sum(node.op_type == "BatchNormalization" for node in exported.graph.node) == 15
    assert all(attribute.i == 0 for node in exported.graph.node if node.op_type == "BatchNormalization"
               for attribute in node.attribute if attribute.name == "training_mode")


def write_pictures(pictures, labels):
    folder = OUT / "images"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index, (picture, label) in enumerate(zip(pictures, labels)):
        name = f"{CLASSES[label]}_{index // len(CLASSES):03d}.png"
        Image.fromarray(picture).save(folder / name, optimize=True)
        rows.append((name, CLASSES[label]))
    with open(OUT / "labels.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "label"), *sorted(rows)])
    (OUT / "classes.txt").write_text("\n".join(CLASSES) + "\n")


def write_recipe():
    recipe = {
        "version": 1,
        "inputs": {"image": {"source": "images", "path": "images", "resize": "stretch", "channels": "rgb",
                             "layout": "nchw", "scale": 1 / 255, "mean": MEAN, "std": STD}},
        "labels": {"path": "labels.csv", "classes": "classes.txt"},
    }
    (OUT / "shapes-resnet.inspect.json").write_text(json.dumps(recipe, indent=2) + "\n")


def main(epochs):
    torch.set_num_threads(1)
    torch.manual_seed(WEIGHT_SEED)
    pictures, labels = draw_set(TRAIN_COUNT, TRAIN_SEED)
    test_pictures, test_labels = draw_set(TEST_COUNT, TEST_SEED)
    shipped_pictures, shipped_labels = draw_set(SHIPPED_COUNT, SHIPPED_SEED)
    write_pictures(shipped_pictures, shipped_labels)
    write_recipe()
    images, test_images, shipped_images = prepare(pictures), prepare(test_pictures), prepare(shipped_pictures)
    labels, test_labels, shipped_labels = map(torch.from_numpy, (labels, test_labels, shipped_labels))

    linear = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE_PX * SIDE_PX, len(CLASSES)))
    train(linear, images, labels, epochs=3, peak_learning_rate=0.001)
    print(f"a linear classifier: test accuracy {accuracy(linear, test_images, test_labels):.4f}")

    model = ShapesResNet()
    train(model, images, labels, epochs, peak_learning_rate=0.004)
    print(f"{sum(p.numel() for p in model.parameters())} parameters; "
          f"test accuracy {accuracy(model, test_images, test_labels):.4f} on {TEST_COUNT} pictures, "
          f"{accuracy(model, shipped_images, shipped_labels):.4f} on the {SHIPPED_COUNT} shipped ones")
    export(model, str(OUT / "shapes-resnet.onnx"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
