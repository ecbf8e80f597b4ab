/** Which tokens a feature got its value from at one token: what attention read from each (direct feature attribution). */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SourceTokensAnswer, SourceTokensRequest } from '../../src/protocol/source-tokens.js';
import {
  distanceText,
  headSums,
  headText,
  largestBySize,
  tokenSums,
} from '../../src/core/features/told-source-tokens.js';
import { TextButton } from '../controls/button.js';
import { Badge, Spinner } from '../controls/fields.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { visible } from '../format/words.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { gathered } from '../state/features.js';
import { useResource } from '../state/resource.js';
import { BarList } from './bar-list.js';
import { SourceRow } from './source-row.js';

const HEADS_SHOWN = 6;

/** Asks at once. */
export function SourceTokens({ feature, prompt, position }: SourceTokensRequest): JSX.Element {
  const answer = useResource(
    (signal) => host.sourceTokens({ feature, prompt, position }, signal),
    [gathered.value.overview, feature, JSON.stringify(prompt), position],
  );
  return (
    <div class="source-tokens">
      {answer.loading && <Spinner label="Reading what attention read" />}
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.value && <Told answer={answer.value} />}
    </div>
  );
}

/** Asks when the person says so; nothing where tokens cannot be told apart. @param children what the button says. */
export function AskSourceTokens({
  children,
  ...asked
}: SourceTokensRequest & { readonly children: ComponentChildren }): JSX.Element | null {
  const [wanted, setWanted] = useState(false);
  if (!hasSourceTokens()) return null;
  if (wanted) return <SourceTokens {...asked} />;
  return (
    <TextButton
      title="Split the feature’s value by the tokens that attention read, and by its heads"
      onClick={() => setWanted(true)}
    >
      {children}
    </TextButton>
  );
}

/** Whether the features that are shown can be split by the tokens that attention read. */
export function hasSourceTokens(): boolean {
  const { overview } = gathered.value;
  return overview?.placeWords.one === 'token' && overview.noSourceTokens === undefined;
}

function Told({ answer }: { answer: SourceTokensAnswer }): JSX.Element {
  const { feature, tokens, position, preActivation, synthetic } = answer;
  const sums = tokenSums(answer);
  const strongest = largestBySize(sums);
  const title = `feature-${feature}-source-tokens-${position}`;
  return (
    <>
      <div class="frame-head">
        <p>
          Most from <code>{visible(tokens[strongest] ?? '')}</code>, {distanceText(strongest, position)}:{' '}
          <strong>{signed(sums[strongest] as number)}</strong> of {formatNumber(preActivation)} at{' '}
          <code>{visible(tokens[position] ?? '')}</code>. {synthetic && <Badge tone="warning">random inputs</Badge>}
        </p>
        <span class="spacer-flex" />
        <TableTools title={title} table={() => asText(answer, sums)} />
      </div>
      <SourceRow answer={answer} sums={sums} />
      <Heads answer={answer} />
      <Completeness answer={answer} sums={sums} />
    </>
  );
}

function Heads({ answer }: { answer: SourceTokensAnswer }): JSX.Element {
  const { tokens, position, sharing, byHead, attention } = answer;
  const all = headSums(answer);
  const shown = all.slice(0, HEADS_SHOWN);
  const rest = all.slice(HEADS_SHOWN);
  const told = shown.map(({ head, total, strongest }) => {
    const at = head * tokens.length + strongest;
    const attends = attention === undefined ? '' : `, to which it attends with ${formatShare(attention[at] as number)}`;
    return {
      key: String(head),
      label: (
        <>
          {headText(head, sharing)} <span class="muted">from</span> <code>{visible(tokens[strongest] ?? '')}</code>
        </>
      ),
      value: total,
      hint: `${headText(head, sharing)}: ${signed(total)} from all tokens, most from “${visible(tokens[strongest] ?? '')}”, ${distanceText(strongest, position)}: ${signed(byHead[at] as number)}${attends}`,
    };
  });
  return (
    <div>
      <BarList
        title="Through which heads"
        help={
          <Help about="Through which heads">
            What each head hands over from all tokens together, and the token that it got most of it from.
            {sharing > 1 &&
              ` ${sharing} heads of queries share the values of one (grouped-query attention) and are counted together.`}
          </Help>
        }
        bars={told}
      />
      {rest.length > 0 && (
        <p class="muted">
          {rest.length} more {rest.length === 1 ? 'head' : 'heads'}:{' '}
          {signed(rest.reduce((sum, { total }) => sum + total, 0))}
        </p>
      )}
    </div>
  );
}

function Completeness({ answer, sums }: { answer: SourceTokensAnswer; sums: Float64Array }): JSX.Element {
  const { constants, padding, preActivation, residual } = answer;
  const total = sums.reduce((sum, each) => sum + each, 0);
  return (
    <p class="note">
      All tokens {signed(total)}
      {padding !== 0 && <>, padding {signed(padding)}</>}, biases {signed(constants)}: together{' '}
      <strong>{formatNumber(total + padding + constants)}</strong>. The dictionary itself computes{' '}
      {formatNumber(preActivation)}.{' '}
      <Help about="Sum of all parts">
        The completeness identity: tokens and biases make up the pre-activation, which is what goes into the feature’s
        activation function; a feature that fires as it stands has it as its activation. It holds but for{' '}
        {formatNumber(residual)} of the parts’ sizes. Biases: those of the output projection and of the encoder.
      </Help>
    </p>
  );
}

/** “+1.2”, “−0.3”. */
function signed(value: number): string {
  return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** By token: through all heads, and through each. */
function asText(
  { tokens, heads, byHead, sharing, position, constants, padding }: SourceTokensAnswer,
  sums: Float64Array,
): TextTable {
  const names = Array.from({ length: heads }, (_, head) => headText(head, sharing));
  const blank = names.map(() => '');
  return {
    header: ['position', 'token', 'explained', 'from it', ...names],
    rows: [
      ...tokens.map((token, at) => [
        String(at),
        token,
        at === position ? 'yes' : '',
        formatExact(sums[at] as number),
        ...names.map((_, head) => formatExact(byHead[head * tokens.length + at] as number)),
      ]),
      ['', 'padding', '', formatExact(padding), ...blank],
      ['', 'biases', '', formatExact(constants), ...blank],
    ],
  };
}
