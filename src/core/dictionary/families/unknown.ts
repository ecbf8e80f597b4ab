/** Dictionaries of no known family: what names and shapes do not tell is asked for, never guessed. */
import type { Coder } from '../coder.js';
import type { Facts } from '../facts.js';
import {
  between,
  decideActivation,
  decideSubtracted,
  matrix,
  optionalVector,
  relu,
  skipOf,
  topK,
  vector,
  type Chosen,
} from './parts.js';

export async function unknownFamily(facts: Facts): Promise<Coder | undefined> {
  const axes = axesOf(facts);
  const subtracts = subtractedOf(facts);
  const chosen = await activationOf(facts);
  if (axes === undefined || subtracts === undefined || chosen === undefined) return undefined;
  decideActivation(facts, chosen);
  const encoder = matrix(facts, 'W_enc', axes.encoder);
  const decoder = matrix(facts, 'W_dec', axes.decoder);
  const [encoderBias, added] = [optionalVector(facts, 'b_enc'), optionalVector(facts, 'b_dec')];
  return {
    ...between(facts, encoder, decoder),
    ...(encoderBias === undefined ? {} : { encoderBias }),
    ...(subtracts ? { subtracted: vector(facts, 'b_dec') } : {}),
    ...(added === undefined ? {} : { added: { vector: added } }),
    activation: chosen.activation,
    ...skipOf(facts, 'W_skip', { transposed: true }),
  };
}

/** Which axis the features are on; where a matrix is square, only a person knows. */
function axesOf(facts: Facts): { readonly encoder: number; readonly decoder: number } | undefined {
  const { features } = facts.dictionary;
  const axisOf = (name: string): number | undefined => {
    const [first, second] = facts.tensor(name)?.dims ?? [];
    return first === second ? undefined : first === features ? 0 : 1;
  };
  const [encoder, decoder] = [axisOf('W_enc'), axisOf('W_dec')];
  if (encoder !== undefined && decoder !== undefined) {
    facts.decide(
      'Orientation',
      'as their shapes have it',
      `There are ${features} features, and that many on one axis only.`,
    );
    return { encoder, decoder };
  }
  const answer = facts.ask({
    switch: 'orientation',
    text: `W_enc is ${features} × ${features}: its shape does not tell inputs from features. Is a column or a row what a feature reads?`,
    choices: [
      { value: 'columns', text: 'A column (as SAELens stores it): h = x W_enc, and rows of W_dec are what is written' },
      {
        value: 'rows',
        text: 'A row (as layers of PyTorch store it): h = x W_encᵀ, and columns of W_dec are what is written',
      },
      {
        value: 'rows-rows',
        text: 'A row of W_enc, and a row of W_dec is what is written (as circuit-tracer stores them)',
      },
    ],
  });
  if (answer === undefined) return undefined;
  const axes = { encoder: answer.value === 'columns' ? 1 : 0, decoder: answer.value === 'rows' ? 1 : 0 };
  facts.decide(
    'Orientation',
    `features on axis ${axes.encoder + 1} of W_enc and ${axes.decoder + 1} of W_dec`,
    answer.because,
  );
  return axes;
}

function subtractedOf(facts: Facts): boolean | undefined {
  const decide = (subtracts: boolean, because: string): boolean => {
    decideSubtracted(facts, subtracts ? 'b_dec' : undefined, because);
    return subtracts;
  };
  const { inputWidth, outputWidth } = facts.dictionary;
  if (!facts.has('b_dec')) return decide(false, 'There is no “b_dec”.');
  if (inputWidth !== outputWidth)
    return decide(false, `“b_dec” is ${outputWidth} wide, the input ${inputWidth}: it cannot be subtracted.`);
  const stated = facts.stated('apply_b_dec_to_input');
  if (typeof stated?.value === 'boolean') return decide(stated.value, stated.because);
  const answer = facts.ask({
    switch: 'subtract',
    text: 'Is “b_dec” subtracted from the input before the encoder? Shapes do not tell, and no configuration beside the file says so; the code that trained it does.',
    choices: [
      { value: 'yes', text: 'Yes: h = (x − b_dec) W_enc + b_enc' },
      { value: 'no', text: 'No: h = x W_enc + b_enc' },
    ],
  });
  return answer && decide(answer.value === 'yes', answer.because);
}

async function activationOf(facts: Facts): Promise<Chosen | undefined> {
  const name = ['threshold', 'activation_function.threshold', 'log_threshold', 'log_jumprelu_threshold'].find(
    facts.has,
  );
  if (name !== undefined) {
    const exponential = name.startsWith('log_');
    const below = exponential ? 0 : (await facts.numbers(name)).filter((value) => !(value >= 0)).length;
    const activation = { kind: 'jumprelu', threshold: vector(facts, name, exponential) } as const;
    const because = `The file has “${name}”.`;
    if (below === 0)
      return {
        activation: { ...activation, relu: false },
        because: `${because} None is negative, so that a further ReLU changes nothing.`,
      };
    const answer = facts.ask({
      switch: 'activation',
      text: `${below} of its thresholds are below 0. Is there a ReLU as well, so that features never are?`,
      choices: [
        { value: 'with-relu', text: 'Yes (as in SAELens): ReLU(h) where h > θ' },
        { value: 'without-relu', text: 'No (as in Gemma Scope and circuit-tracer): h where h > θ' },
      ],
    });
    return (
      answer && {
        activation: { ...activation, relu: answer.value === 'with-relu' },
        because: `${because} ${answer.because}`,
      }
    );
  }
  if (facts.has('b_gate') && facts.has('r_mag') && facts.has('b_mag')) {
    return {
      activation: {
        kind: 'gated',
        gateBias: vector(facts, 'b_gate'),
        magnitudeScale: vector(facts, 'r_mag'),
        magnitudeBias: vector(facts, 'b_mag'),
      },
      because: 'It has “b_gate”, “r_mag” and “b_mag”.',
    };
  }
  const answer = facts.ask({
    switch: 'activation',
    text: 'Which activation function has it? The file has no threshold, and no configuration beside it says which.',
    choices: [
      { value: 'relu', text: 'ReLU' },
      { value: 'topk', text: 'The k largest of ReLU' },
    ],
  });
  if (answer === undefined) return undefined;
  return answer.value === 'topk' ? topK(facts, facts.stated('k'), { relu: true }) : relu(answer.because);
}
