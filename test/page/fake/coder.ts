/** What the fake host says of its dictionary: one question is open until it is answered. */
import type { Answers, CoderDescription } from '../../../src/protocol/dictionary.js';

let said: Answers = {};

export function coderDescription(answers: Answers | undefined): CoderDescription {
  if (answers !== undefined) said = answers;
  const decisions = [
    {
      what: 'Architecture',
      value: 'transcoder',
      because: '“cfg.json” beside it says architecture: transcoder.',
    },
    { what: 'Subtracted from the input', value: 'nothing', because: 'SAELens’s transcoders subtract nothing.' },
  ];
  const k = said.k;
  if (k === undefined) {
    return {
      state: 'open',
      equation: [],
      decisions,
      isAnswered: false,
      questions: [
        {
          switch: 'k',
          text: 'How many features fire for each token (k)? It usually stands as “k” in the configuration beside the file.',
          least: 1,
          whole: true,
        },
      ],
    };
  }
  return {
    state: 'resolved',
    equation: [
      { what: 'Encoder', formula: 'h = x W_enc + b_enc' },
      { what: 'Features', formula: `f = the ${k} largest of ReLU(h), else 0` },
      { what: 'Output', formula: 'x̂ = f W_dec + b_dec' },
    ],
    decisions: [...decisions, { what: 'Activation', value: `the ${k} largest, of ReLU`, because: 'You said so.' }],
    questions: [],
    isAnswered: true,
  };
}
