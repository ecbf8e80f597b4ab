/**
 * Cantor’s pairing: how circuit-tracer and its front end number the features of all layers, and find the layer again.
 * Source: github.com/safety-research/circuit-tracer, circuit_tracer/frontend/graph_models.py, `Node.feature_node`.
 */
export function cantorPair(layer: number, feature: number): number {
  const sum = layer + feature;
  return (sum * (sum + 1)) / 2 + feature;
}
