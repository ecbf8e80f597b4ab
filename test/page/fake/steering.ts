/** What the fake host says of a text, and of features changed on it. */
import type { HostApi } from '../../../src/protocol/page-api.js';
import type { PromptFeature, PromptSource } from '../../../src/protocol/steering.js';
import { noise } from './random.js';

const FEATURES = 24;

function tokensOf(prompt: PromptSource): string[] {
  const text = prompt.kind === 'text' ? prompt.text : 'The dog runs in the park.';
  return text.match(/ ?[^ ]+/g) ?? [text];
}

export function fakeSteeringQuestions(): Pick<HostApi, 'promptFacts' | 'prompt' | 'steer'> {
  return {
    promptFacts: async () => ({ inputs: 256 }),
    async prompt({ prompt, token, most }) {
      const tokens = tokensOf(prompt);
      const features = Array.from({ length: FEATURES }, (_, feature): PromptFeature => {
        const activations = Float32Array.from(tokens, (_each, at) =>
          noise(feature, at, 7) < 0.6 ? 0 : 4 * noise(feature, at),
        );
        const strongest = activations.reduce((best, value, at) => (value > (activations[best] ?? 0) ? at : best), 0);
        const at = token ?? strongest;
        return {
          feature,
          activations,
          token: at,
          activation: activations[at] ?? 0,
          density: 0.2 * noise(feature, 3),
          maximum: 5,
          effect: noise(feature, 4) - 0.5,
        };
      }).filter(({ activation }) => activation > 0);
      return {
        tokens,
        name: 'the text',
        synthetic: false,
        notes: [],
        features: features.slice(0, most),
        firing: features.length,
        predicted: tokens.map((_, at) => ({ text: ' the', probability: noise(at, 5) })),
      };
    },
    async steer({ prompt, interventions, at, continuation }) {
      const tokens = tokensOf(prompt);
      const choices = [' the', ' a', ' dog', '.'].map((text, index) => ({
        index,
        text,
        probability: { before: 0.5 / (index + 1), after: 0.2 + 0.1 * index },
        score: { before: 4 - index, after: 2 + index / 2 },
      }));
      const written = (word: string) => ({ tokens: Array.from({ length: continuation?.tokens ?? 0 }, () => word) });
      return {
        tokens,
        name: 'the text',
        synthetic: false,
        notes: [],
        features: interventions.map(({ feature }) => ({
          feature,
          before: new Float32Array(tokens.length),
          after: new Float32Array(tokens.length).fill(2),
        })),
        predicts: 'next token',
        at: at ?? tokens.length - 1,
        followed: { index: 2, text: ' dog', logProbability: { before: -1.25, after: -2 } },
        choices,
        divergence: Float64Array.from({ length: Math.max(tokens.length, (at ?? 0) + 1) }, (_, place) =>
          noise(place, 6),
        ),
        ...(continuation === undefined
          ? {}
          : { continuation: { original: written(' dog'), steered: written(' cat') } }),
      };
    },
  };
}
