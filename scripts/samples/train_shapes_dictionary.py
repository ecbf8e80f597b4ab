"""Makes the dictionary of the `shapes` sample: a sparse autoencoder of the channels behind its second layer, at every place
of a picture.

Usage: OMP_NUM_THREADS=1 /usr/bin/python3 train_shapes_dictionary.py [STEPS]   (2000 steps, about three minutes on one core)

Reads the network that ships, and writes into media/samples/shapes/dictionaries, in SAELens's layout. It is trained as those
of the language model are (train_dictionaries.py) on pictures that the network was not trained on. Then it states what the
dictionary is worth on the 200 pictures that ship, which neither was trained on, in measured.json: words are those of
measure_dictionaries.py, with places of pictures for tokens and the cross-entropy of a picture's class for that of the next
token. The test test/unit/samples/shapes-dictionary.test.ts measures the same in ONNX Runtime. Needs Debian's
python3-torch, python3-onnx, python3-numpy and python3-pil.
"""

import json
import sys

import torch
from torch.nn import functional as F

import train_shapes as shapes
from draw_shapes import draw_set
from measure_dictionaries import Dictionary
from onnx_parameters import load_parameters
from train_dictionaries import WEIGHT_SEED, in_units_of_the_model, train, write_safetensors

FOLDER = shapes.OUT / "dictionaries"
NAME, VALUE = "layer2.block1", "/layer2/block1/relu2/Relu_output_0"
PICTURES, TRAIN_SEED = 3000, 21
FEATURES, FEATURES_PER_PLACE = 96, 6

# Shapes: B pictures, C channels, N places of all pictures.


def to_places(x):
    """(B, C, H, W) -> (N, C), line by line."""
    return x.permute(0, 2, 3, 1).flatten(0, 2)


def run(model, images, replace=None):
    """Scores (B, 10), and what is at the place of the dictionary, (N, C); `replace` makes another of that, row by row."""
    found = []

    def hook(_, __, output):
        rows = to_places(output)
        found.append(rows)
        if replace is not None:
            batch, _, height, width = output.shape
            return replace(rows).unflatten(0, (batch, height, width)).permute(0, 3, 1, 2)

    handle = model.layer2.block1.register_forward_hook(hook)
    with torch.no_grad():
        scores = torch.cat([model(batch) for batch in images.split(100)])
    handle.remove()
    return scores, torch.cat(found)


def configuration(channels):
    return {
        "architecture": "jumprelu", "d_in": channels, "d_sae": FEATURES, "dtype": "float32", "device": "cpu",
        "apply_b_dec_to_input": True, "normalize_activations": "none", "reshape_activations": "none",
        "metadata": {"model_name": "shapes-resnet", "hook_name": NAME, "onnx_value": VALUE, "hook_head_index": None},
    }


def measure(model, folder):
    pictures, labels = draw_set(shapes.SHIPPED_COUNT, shapes.SHIPPED_SEED)
    images, labels = shapes.prepare(pictures), torch.from_numpy(labels)
    dictionary = Dictionary(folder)
    scores, x = run(model, images)
    features = dictionary.encode(x)
    mean = x.double().mean(0)
    loss = lambda replace: F.cross_entropy(run(model, images, replace)[0], labels).item()
    clean = F.cross_entropy(scores, labels).item()
    spliced, zeros, averaged = (loss(lambda rows: dictionary.decode(dictionary.encode(rows))), loss(torch.zeros_like),
                                loss(lambda rows: mean.float().expand_as(rows)))
    left = (x.double() - dictionary.decode(features)).square().sum() / (x.double() - mean).square().sum()
    return {
        "fvu": left.item(), "l0": (features > 0).sum(1).double().mean().item(),
        "dead_share": (~(features > 0).any(0)).double().mean().item(),
        "cross_entropy": {"spliced": spliced, "zeros": zeros, "mean": averaged},
        "loss_recovered": {"above_zeros": (zeros - spliced) / (zeros - clean),
                           "above_mean": (averaged - spliced) / (averaged - clean)},
    }, {"model": "shapes-resnet.onnx", "data": "images", "pictures": len(images), "places": len(x), "cross_entropy": clean}


def main(steps):
    torch.set_num_threads(1)
    model = load_parameters(shapes.ShapesResNet(), shapes.OUT / "shapes-resnet.onnx")
    pictures, _ = draw_set(PICTURES, TRAIN_SEED)
    x = run(model, shapes.prepare(pictures))[1]
    print(f"{len(x)} places", flush=True)
    torch.manual_seed(WEIGHT_SEED)
    scale = 1 / x.square().mean().sqrt()
    dictionary, threshold = train(x * scale, x * scale, False, FEATURES_PER_PLACE, steps, FEATURES)
    folder = FOLDER / NAME
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(in_units_of_the_model(dictionary, threshold, scale, scale), folder / "sae_weights.safetensors")
    (folder / "cfg.json").write_text(json.dumps(configuration(x.shape[1]), indent=2) + "\n")
    found, about = measure(model, folder)
    stated = {**about, "dictionaries": {NAME: found}}
    rounded = json.loads(json.dumps(stated), parse_float=lambda text: round(float(text), 6))
    (FOLDER / "measured.json").write_text(json.dumps(rounded, indent=2) + "\n")
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
