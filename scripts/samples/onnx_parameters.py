"""Gives a torch module the parameters that its ONNX file holds."""

import onnx
import torch
from onnx import numpy_helper


def load_parameters(model, path):
    """Initializers are named as the module's parameters are."""
    state = {initializer.name: torch.from_numpy(numpy_helper.to_array(initializer).copy())
             for initializer in onnx.load(path).graph.initializer}
    missing, _ = model.load_state_dict(state, strict=False)
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    return model.eval()
