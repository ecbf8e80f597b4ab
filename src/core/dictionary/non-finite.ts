/** NaN and infinite numbers in a dictionary: features made with them would look like features. */
import { breather } from '../breathe.js';
import { displayText } from '../display-text.js';
import { problem } from '../errors.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { storedNumbers } from '../tensor/stored-type.js';
import { elementCount } from '../tensor/tensor.js';
import type { Coder, Vector } from './coder.js';

const CHUNK_ELEMENTS = 2 ** 20;

/** Every vector. @throws ProblemError `malformed-model` that names the tensor and the first bad number. */
export async function checkVectors(coder: Coder): Promise<void> {
  for (const { tensor } of vectorsOf(coder)) await checkFinite(tensor);
}

/** Every matrix, part by part; takes as long as reading the file. @param onRead told of numbers read, of all. */
export async function checkMatrices(
  coder: Coder,
  signal?: AbortSignal,
  onRead?: (done: number, all: number) => void,
): Promise<void> {
  const { encoder, decoder, glu, skip } = coder;
  const tensors = [encoder.tensor, decoder.tensor, glu?.encoder.tensor, skip?.tensor].filter(
    (each) => each !== undefined,
  );
  const all = tensors.reduce((sum, { dims }) => sum + elementCount(dims), 0);
  let done = 0;
  for (const tensor of tensors) {
    await checkFinite(tensor, signal, (count) => {
      done += count;
      onRead?.(done, all);
    });
  }
}

function vectorsOf({ encoderBias, subtracted, added, activation, normalisation, glu }: Coder): readonly Vector[] {
  const { kind } = activation;
  const vectors = [
    encoderBias,
    subtracted,
    added?.vector,
    glu?.bias,
    ...(kind === 'jumprelu' && typeof activation.threshold !== 'number' ? [activation.threshold] : []),
    ...(kind === 'gated' ? [activation.gateBias, activation.magnitudeScale, activation.magnitudeBias] : []),
    ...(normalisation.kind === 'standardise' ? [normalisation.mean, normalisation.scale] : []),
  ];
  return vectors.filter((each) => each !== undefined);
}

async function checkFinite(
  tensor: WeightTensor,
  signal?: AbortSignal,
  onRead?: (count: number) => void,
): Promise<void> {
  const { values, dims, name } = tensor;
  if (values === undefined) return;
  const pause = breather(signal);
  const elements = elementCount(dims);
  for (let first = 0; first < elements; first += CHUNK_ELEMENTS) {
    const count = Math.min(CHUNK_ELEMENTS, elements - first);
    const numbers = storedNumbers(values.type, await values.read(first, count));
    for (let i = 0; i < count; i++)
      if (!Number.isFinite(numbers[i])) throw notFinite(name, first + i, numbers[i] ?? NaN);
    onRead?.(count);
    await pause();
  }
}

function notFinite(name: string, index: number, value: number): Error {
  const shown = displayText(name, 100);
  return problem(
    'malformed-model',
    `The tensor “${shown}” holds ${Number.isNaN(value) ? 'NaN' : value} (element ${index}): nothing computed with it means anything.`,
    {
      place: `tensor “${shown}”`,
      remedy: 'Training diverged or the file is damaged: take an earlier checkpoint, or download it again.',
    },
  );
}
