/** The equation of a coder as a person reads it, one step a line, with the names that its tensors have in the file. */
import { displayText } from '../display-text.js';
import type { Coder, Vector } from './coder.js';

export interface EquationLine {
  /** What is computed: "Input", "Encoder", "Features", "Output". */
  readonly what: string;
  readonly formula: string;
}

export function equationLines(coder: Coder): readonly EquationLine[] {
  const lines: EquationLine[] = [];
  const add = (what: string, formula: string): void => void lines.push({ what, formula });
  const { normalisation, subtracted, encoderBias, glu, decoderNorm, skip } = coder;
  const input = normalisedText(coder);
  if (coder.reads.places > 1) add('x', `what it reads at ${coder.reads.places} places, side by side`);
  if (normalisation.kind !== 'none' || subtracted !== undefined)
    add('Input', `x₁ = ${input}${subtracted === undefined ? '' : ` − ${named(subtracted)}`}`);
  const x = lines.some(({ what }) => what === 'Input') ? 'x₁' : 'x';
  const bias = encoderBias === undefined ? '' : ` + ${named(encoderBias)}`;
  add('Encoder', `h = ${x} W_enc${bias}`);
  if (glu !== undefined) add('Gate', `h ← h · sigmoid(${x} W_gate + ${named(glu.bias)})`);
  if (decoderNorm.use !== 'none') {
    add(
      'Norms',
      decoderNorm.over === 'each place' ? 'n = sum over places of ‖row of W_dec at that place‖' : 'n = ‖row of W_dec‖',
    );
    add('', 'h ← h · n');
  }
  add('Features', `f = ${activationText(coder)}`);
  if (decoderNorm.use === 'ranks') add('', 'f ← f / n');
  const decoded = decoderNorm.use === 'scales' ? '(f / n) W_dec' : 'f W_dec';
  add(
    'Output',
    `x̂ = ${denormalisedText(coder, `${decoded}${addedText(coder)}`)}${skip === undefined ? '' : ` + x ${tensorName(skip.tensor.name)}${skip.transposed ? 'ᵀ' : ''}`}`,
  );
  if (coder.writes.places > 1) add('x̂', `what it writes at ${coder.writes.places} places, side by side`);
  return lines;
}

function normalisedText({ normalisation }: Coder): string {
  switch (normalisation.kind) {
    case 'none':
      return 'x';
    case 'unit-norm':
      return 'x √d / ‖x‖';
    case 'layer-norm':
      return '(x − mean(x)) / (std(x) + 1e-5)';
    case 'scale':
      return `${short(normalisation.input)} x`;
    case 'standardise':
      return `(x − ${named(normalisation.mean)}) ${named(normalisation.scale)}`;
  }
}

function denormalisedText({ normalisation }: Coder, inner: string): string {
  switch (normalisation.kind) {
    case 'none':
      return inner;
    case 'unit-norm':
      return normalisation.undone ? `(${inner}) ‖x‖ / √d` : inner;
    case 'layer-norm':
      return normalisation.undone ? `(${inner}) std(x) + mean(x)` : inner;
    case 'scale':
      return normalisation.output === 1 ? inner : `${short(normalisation.output)} (${inner})`;
    case 'standardise':
      return `(${inner}) / (${named(normalisation.scale)} + 1e-8) + ${named(normalisation.mean)}`;
  }
}

function addedText({ added, writes }: Coder): string {
  if (added === undefined) return '';
  const place = added.place === undefined || writes.places === 1 ? '' : ` (place ${added.place} only)`;
  return ` + ${named(added.vector)}${place}`;
}

function activationText({ activation }: Coder): string {
  switch (activation.kind) {
    case 'relu':
      return 'ReLU(h)';
    case 'jumprelu': {
      const { threshold, relu } = activation;
      const limit = typeof threshold === 'number' ? short(threshold) : named(threshold);
      return `${relu ? 'ReLU(h)' : 'h'} where h > ${limit}, else 0`;
    }
    case 'topk': {
      const { k, relu, magnitude } = activation;
      return `the ${k} largest of ${magnitude ? '|h|, with their signs' : relu ? 'ReLU(h)' : 'h'}, else 0`;
    }
    case 'groupmax':
      return `the largest of ReLU(h) in each of ${activation.groups} groups, else 0`;
    case 'gated':
      return `ReLU(exp(${named(activation.magnitudeScale)}) h + ${named(activation.magnitudeBias)}) where h + ${named(activation.gateBias)} > 0, else 0`;
  }
}

const named = ({ tensor, exponential }: Vector): string =>
  exponential === true ? `exp(${tensorName(tensor.name)})` : tensorName(tensor.name);

const tensorName = (name: string): string => displayText(name, 60);

const short = (value: number): string => String(Number(value.toPrecision(6)));
