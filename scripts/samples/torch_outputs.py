"""Runs the samples in torch, with the parameters that their ONNX files hold, for verify_samples.mjs to compare with.

Usage: /usr/bin/python3 torch_outputs.py OUTPUTS.json
"""

import json
import sys

import torch

import train_grammar_gpt as gpt
import train_shapes as shapes
from onnx_parameters import load_parameters


def case(model, file, name, values):
    with torch.no_grad():
        logits = model(values)
    return {"model": str(file.relative_to(file.parents[1])), "input": name, "type": str(values.dtype)[len("torch."):],
            "shape": list(values.shape), "values": values.flatten().tolist(), "logits": logits.flatten().tolist()}


def main(path):
    torch.manual_seed(0)
    shapes_file, gpt_file = shapes.OUT / "shapes-resnet.onnx", gpt.OUT / "grammar-gpt.onnx"
    shapes_model = load_parameters(shapes.ShapesResNet(), shapes_file)
    gpt_model = load_parameters(gpt.GrammarGpt(), gpt_file)
    side = shapes.SIDE_PX
    cases = [case(shapes_model, shapes_file, "image", torch.randn(batch, 3, side, side)) for batch in (1, 2, 7)]
    cases += [case(gpt_model, gpt_file, "input_ids", torch.randint(0, gpt.VOCABULARY_SIZE, shape))
              for shape in ((1, 1), (3, 17), (2, gpt.CONTEXT))]
    with open(path, "w") as file:
        json.dump(cases, file)


if __name__ == "__main__":
    main(sys.argv[1])
