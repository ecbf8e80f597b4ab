/** What the fake host says of the tokens that a feature got its value from. */
import type { HostApi } from '../../../src/protocol/page-api.js';
import { noise } from './random.js';

const WORDS = [' the', ' of', '\n', ' dog', ' runs', 'ing', ',', ' cat', ' a', '<b>'];
const [HEADS, TOKENS] = [8, 128];

export function fakeSourceTokens(): Pick<HostApi, 'sourceTokens'> {
  return {
    async sourceTokens({ feature, prompt, position }) {
      const tokens =
        prompt.kind === 'text'
          ? (prompt.text.match(/ ?[^ ]+/g) ?? [prompt.text])
          : Array.from({ length: TOKENS }, (_, at) => WORDS[Math.floor(10 * noise(feature, at, 11))] ?? '');
      const byHead = new Float32Array(HEADS * tokens.length);
      const attention = new Float32Array(HEADS * tokens.length);
      for (let head = 0; head < HEADS; head++) {
        for (let at = 0; at <= position; at++) {
          const near = noise(feature, head, at) ** 8 / (1 + Math.abs(position - at - 3 - head) / 4);
          attention[head * tokens.length + at] = near;
          byHead[head * tokens.length + at] = 2 * near * (noise(head, feature) - 0.3);
        }
      }
      const whole = byHead.reduce((sum, each) => sum + each, 0);
      return {
        feature,
        position,
        tokens,
        name: 'the text',
        synthetic: false,
        heads: HEADS,
        sharing: 1,
        byHead,
        attention,
        padding: 0,
        constants: -0.12,
        preActivation: whole - 0.12,
        residual: 3e-8,
      };
    },
  };
}
