"""Small repairs of what the exporter writes, so that the samples read like the networks they are. No values change."""

import numpy as np
from onnx import numpy_helper


def split_shared_initializers(model):
    """Gives each parameter its own initializer again.

    The exporter stores parameters with equal values once and adds an Identity for the others. The offsets of two
    normalizations that are added together get the same gradients from the same start, so they do stay equal.
    """
    graph = model.graph
    initializers = {initializer.name: initializer for initializer in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Identity" and node.input[0] in initializers]:
        copy = graph.initializer.add()
        copy.CopyFrom(initializers[node.input[0]])
        copy.name = node.output[0]
        graph.node.remove(node)


def make_reshapes_constant(model):
    """Replaces a Reshape's computed target by a constant with 0 ("as in the input") for each computed dimension.

    Right only where every computed dimension is a batch or sequence length that stays at its place, as in this
    project's models. What computed those lengths is removed when nothing else uses it.
    """
    graph = model.graph
    producer = {output: node for node in graph.node for output in node.output}
    for reshape in [node for node in graph.node if node.op_type == "Reshape"]:
        concat = producer[reshape.input[1]]
        dimensions = []
        for part in concat.input:
            node = producer[part]
            is_constant = node.op_type == "Constant"
            dimensions.append(int(numpy_helper.to_array(node.attribute[0].t)[0]) if is_constant else 0)
        target = numpy_helper.from_array(np.array(dimensions, np.int64), reshape.name + "/shape")
        graph.initializer.append(target)
        reshape.input[1] = target.name
    remove_unused_nodes(model)


def remove_unused_nodes(model):
    graph = model.graph
    used = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)
