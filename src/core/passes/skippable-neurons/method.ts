/** Rises with every change of what is computed. */
export const VERSION = 8;

/** How it is computed, for people: paragraphs. */
export const METHOD = [
  'A neuron’s output is its activation times its outgoing weights, n = a W. At each token (of a picture: each position) the neurons with |n| below a threshold are skipped: their activation is set to 0, and the changed network runs over the inputs.',
  'CETT is what a layer loses by it: the length of the sum of the skipped outputs over the length of the sum of all (Zhang et al. 2024, “ReLU² Wins”). Each layer’s threshold is the highest of 65,536 before its mean CETT first exceeds a target, over a sample of up to 1,024 tokens spread evenly over the inputs; CETT can fall again behind it, where neurons cancel, and that is not used.',
  'One target holds for all layers. The largest is searched that keeps the loss within p = 1 %, or what the setting Allowed Loss Increase (on the command line --allowed-loss-increase) says instead (PPL-p%; Luo et al. 2024, “Sparsing Law”), each step one run of the changed network over all inputs: the answer keeps to it, and a target that skips at most 0.25 % of the entries more was measured not to. The interval is the middle 95 % of the loss over 200 resamples of the inputs.',
  'Beside it: one threshold on |activation| for all layers (FAT-ε; on a ReLU that is FATReLU), one share of every layer (CATS; Lee et al. 2024), the k largest of every layer at every token (top-k), and, on ReLUs, a shifted ReLU. Where all functions are smooth (GELU, SiLU), also a FATReLU in their place, without training the network anew: at T = 0 a plain ReLU (“ReLU Strikes Back”, “ProSparse”). Thresholds come from the same sample.',
  'In convolutional blocks a neuron is a channel at a position. Where the convolution behind it is larger than 1 × 1, the outputs of neurons do not add up position by position: there CETT counts them as orthogonal, √(Σ skipped |n|² / Σ |n|²), with |W| over the whole kernel. What is lost is measured with the changed network all the same.',
  'Without MLP blocks the smallest activations of every layer are set to 0, the same share of each. A layer resists where less than half of what all layers skip together is skipped of it. Weights and operations saved are estimates from sizes; no skipping kernel was run.',
].join('\n\n');
