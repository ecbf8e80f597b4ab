/** Features that fire on a text, in the order that was asked for. */
import type { JSX } from 'preact';
import type { PromptAnswer, PromptFeature } from '../../src/protocol/steering.js';
import { TextButton } from '../controls/button.js';
import { Table, type Column } from '../controls/table.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { ui } from '../state/interface-state.js';
import { openedModel } from '../state/session.js';
import { visible } from '../format/words.js';
import { withFeature } from './steering-choices.js';

export function PromptTable({ answer, feature }: { answer: PromptAnswer; feature: number | undefined }): JSX.Element {
  const { features, tokens, noEffects } = answer;
  const title = `${openedModel.value?.overview.fileName ?? 'model'}-features-on-text`;
  return (
    <section class="feature-table">
      <div class="frame-head">
        {noEffects !== undefined && <span class="note">No direct effects: {noEffects}</span>}
        <span class="spacer-flex" />
        <TableTools title={title} table={() => asText(answer)} />
      </div>
      <Table
        name="prompt-features"
        label="Features that fire on the text"
        columns={columnsOf(tokens)}
        rows={features}
        rowKey={(row) => String(row.feature)}
        selected={(row) => row.feature === feature}
        onSelect={(row) => (ui.feature.value = row.feature)}
      />
    </section>
  );
}

function columnsOf(tokens: readonly string[]): readonly Column<PromptFeature>[] {
  return [
    {
      id: 'feature',
      label: 'Feature',
      numeric: true,
      sortBy: ({ feature }) => feature,
      cell: ({ feature }) => feature,
    },
    {
      id: 'activation',
      label: 'Activation',
      numeric: true,
      help: (
        <Help about="Activation">At the token that is named behind; of several, the one that the order rests on.</Help>
      ),
      sortBy: ({ activation }) => activation,
      cell: ({ activation }) => formatNumber(activation),
    },
    {
      id: 'token',
      label: 'On',
      sortBy: ({ token }) => token,
      cell: ({ token }) => <span class="feature-token">{visible(tokens[token] ?? '')}</span>,
    },
    {
      id: 'density',
      label: 'Density',
      numeric: true,
      help: (
        <Help about="Density">
          Share of the tokens of your inputs at which the feature is above 0: the rarer, the smaller.
        </Help>
      ),
      sortBy: ({ density }) => density,
      cell: ({ density }) => formatShare(density),
    },
    {
      id: 'effect',
      label: 'Direct effect',
      numeric: true,
      help: (
        <Help about="Direct effect">
          On the logit of the token that is predicted there, less its mean over all tokens: activation × (⟨W_dec, W_U of
          that token⟩ − mean ⟨W_dec, W_U⟩). Direct: past everything that comes after, and without the final
          normalisation.
        </Help>
      ),
      sortBy: ({ effect }) => effect ?? NaN,
      cell: ({ effect }) => (effect === undefined ? '' : formatNumber(effect)),
    },
    {
      id: 'steer',
      label: '',
      sortBy: ({ feature }) => feature,
      cell: ({ feature, maximum }) => (
        <TextButton
          title={`Change feature ${feature}`}
          onClick={() => (ui.steering.value = withFeature(ui.steering.value, feature, maximum))}
        >
          Change
        </TextButton>
      ),
    },
  ];
}

function asText({ features, tokens }: PromptAnswer): TextTable {
  return {
    header: ['feature', 'activation', 'token', 'text', 'density', 'largest on the inputs', 'direct effect', ...tokens],
    rows: features.map(({ feature, activation, token, density, maximum, effect, activations }) => [
      String(feature),
      formatExact(activation),
      String(token + 1),
      tokens[token] ?? '',
      formatExact(density),
      formatExact(maximum),
      effect === undefined ? '' : formatExact(effect),
      ...Array.from(activations, formatExact),
    ]),
  };
}
