/** From which tokens features on the outputs of attention got their values, as lines of text. */
import { onOneLine } from '../core/display-text.js';
import { problem } from '../core/errors.js';
import { distanceText, headSums, headText, tokenSums } from '../core/features/told-source-tokens.js';
import type { FeatureDetail, FeatureOverview } from '../protocol/features.js';
import type { SourceTokensAnswer } from '../protocol/source-tokens.js';
import type { WorkerApi } from '../protocol/worker-api.js';
import { number } from './numbers.js';

const EXAMPLES = 5;
const SHOWN = 5;

/** At its strongest examples. @throws ProblemError `not-applicable` where tokens cannot be told apart. */
export async function sourceTokensOf(
  inspection: Pick<WorkerApi, 'sourceTokens'>,
  { noSourceTokens, placeWords }: FeatureOverview,
  { feature, top }: FeatureDetail,
): Promise<readonly SourceTokensAnswer[]> {
  const why = noSourceTokens ?? (placeWords.one === 'token' ? undefined : 'Its inputs are no texts.');
  if (why !== undefined)
    throw problem('not-applicable', `From which tokens features got their values cannot be said. ${why}`, {
      remedy: 'Leave out --source-tokens, or name a value that attention gives: --reads.',
    });
  const found: SourceTokensAnswer[] = [];
  for (const { input, position } of top.slice(0, EXAMPLES))
    found.push(await inspection.sourceTokens({ feature, prompt: { kind: 'input', input }, position }));
  return found;
}

export function sourceTokenLines(answer: SourceTokensAnswer): string[] {
  const { tokens, position, name, sharing, padding, constants, preActivation, residual } = answer;
  const sums = tokenSums(answer);
  const order = [...sums.keys()]
    .filter((at) => sums[at] !== 0)
    .sort((a, b) => Math.abs(sums[b] as number) - Math.abs(sums[a] as number));
  const from = order
    .slice(0, SHOWN)
    .map((at) => `“${tokens[at] ?? ''}” ${number(sums[at])} (${distanceText(at, position)})`);
  const heads = headSums(answer)
    .slice(0, SHOWN)
    .map(({ head, total }) => `${headText(head, sharing)} ${number(total)}`);
  const all = sums.reduce((sum, each) => sum + each, 0);
  return [
    onOneLine(
      `  At “${tokens[position] ?? ''}”, position ${position} of ${name}: ${number(preActivation)} before the activation function`,
    ),
    onOneLine(`    From: ${from.join(', ')}`),
    `    Through: ${heads.join(', ')}`,
    `    All tokens ${number(all)}${padding === 0 ? '' : ` + padding ${number(padding)}`} + biases ${number(constants)}: together that value, but for ${number(residual)} of the parts’ sizes`,
  ];
}
