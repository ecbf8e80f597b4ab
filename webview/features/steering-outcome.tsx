/** What the network says with features changed, beside what it says as it is. */
import type { JSX } from 'preact';
import type { ContinuationText, SteeredChoice, SteeringAnswer } from '../../src/protocol/steering.js';
import { IconButton } from '../controls/button.js';
import { Badge } from '../controls/fields.js';
import { Table, type Column } from '../controls/table.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { copyText } from '../state/exports.js';
import { visible } from '../format/words.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

const STOPPED: Readonly<Record<NonNullable<ContinuationText['stopped']>, string>> = {
  'end of text': 'It ends here.',
  'context full': 'The context is full.',
};

export function SteeringOutcome({ answer }: { answer: SteeringAnswer }): JSX.Element {
  const { tokens, at, predicts, choices, divergence, continuation, noContinuation, synthetic } = answer;
  const place =
    predicts === 'class' ? 'of the class' : `after token ${tokenNumber(at)}, “${visible(tokens[at] ?? '')}”`;
  return (
    <div class="steering-outcome" role="status">
      <div class="frame-head">
        <h4 class="frame-title">Prediction {place}</h4>
        <Help about="KL">
          Kullback-Leibler divergence of the prediction with the changes from the one without, Σ p ln(p / q) over all{' '}
          {predicts === 'class' ? 'classes' : 'tokens'}, in nats: 0 where nothing changed.
        </Help>
        <span>KL {formatNumber(divergence[at] ?? NaN)} nats</span>
        {synthetic && <Badge tone="warning">random inputs</Badge>}
        <span class="spacer-flex" />
        <TableTools title="steered-prediction" table={() => asText(answer)} />
      </div>
      <Table
        name="steered-choices"
        label="Most probable before and after"
        columns={columnsOf(predicts)}
        rows={choices}
        rowKey={({ index }) => String(index)}
      />
      {continuation && (
        <div class="continuations">
          <Continuation title="Written on, as it is" text={continuation.original} />
          <Continuation title="With the changes" text={continuation.steered} />
        </div>
      )}
      {noContinuation !== undefined && <p class="note">{noContinuation}</p>}
    </div>
  );
}

function Continuation({ title, text: { tokens, stopped } }: { title: string; text: ContinuationText }): JSX.Element {
  return (
    <section>
      <div class="frame-head">
        <h4 class="frame-title">{title}</h4>
        <span class="spacer-flex" />
        <IconButton icon="copy" label={`Copy: ${title}`} onClick={() => void copyText(tokens.join(''))} />
      </div>
      <p class="tokens">{tokens.join('')}</p>
      {stopped !== undefined && <p class="note">{STOPPED[stopped]}</p>}
    </section>
  );
}

const columnsOf = (predicts: SteeringAnswer['predicts']): readonly Column<SteeredChoice>[] => [
  {
    id: 'text',
    label: predicts === 'class' ? 'Class' : 'Token',
    sortBy: ({ text }) => text,
    cell: ({ text }) => <span class="feature-token">{visible(text)}</span>,
  },
  ...(['before', 'after'] as const).map((when): Column<SteeredChoice> => ({
    id: `probability-${when}`,
    label: `Probability ${when}`,
    numeric: true,
    sortBy: ({ probability }) => probability[when],
    cell: ({ probability }) => formatShare(probability[when]),
  })),
  ...(['before', 'after'] as const).map((when): Column<SteeredChoice> => ({
    id: `score-${when}`,
    label: `Logit ${when}`,
    numeric: true,
    sortBy: ({ score }) => score[when],
    cell: ({ score }) => formatNumber(score[when]),
  })),
];

function asText({ choices }: SteeringAnswer): TextTable {
  return {
    header: ['index', 'token or class', 'probability before', 'probability after', 'logit before', 'logit after'],
    rows: choices.map(({ index, text, probability, score }) => [
      String(index),
      text,
      ...[probability.before, probability.after, score.before, score.after].map(formatExact),
    ]),
  };
}
