import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FoldedSystems } from '../../../src/protocol/linear.js';
import { formatCount } from '../../format/numbers.js';
import { openedModel } from '../../state/session.js';
import { withoutTokens } from '../end-tokens.js';
import { outputName, outputWord, positionCount, positionName, positionWord, reachOf } from '../ends.js';
import { VoteMap } from '../map/vote-map.js';
import type { System } from '../system.js';
import { ValueBars } from '../value-bars.js';
import { BiasShares } from './bias-shares.js';
import { FoldedTable } from './folded-table.js';
import { OpenUnits } from './open-units.js';
import { VoteLegend } from './vote-legend.js';
import { inputNumber } from '../../../src/core/told-numbers.js';

interface FoldedViewProps {
  readonly system: System;
  readonly folded: FoldedSystems;
}

export function FoldedView({ system: ofOne, folded }: FoldedViewProps): JSX.Element {
  const system = useMemo(() => ({ ...ofOne, description: withoutTokens(ofOne.description) }), [ofOne]);
  const { description } = system;
  const { from } = description;
  const foot = `${openedModel.peek()?.overview.fileName ?? 'model'}, mean over ${formatCount(folded.inputs)} inputs, ${from.label} → ${description.to.label}`;
  const word = outputWord(description);
  const rows = useMemo(() => folded.layers.map(({ label }) => label), [folded]);
  const ledgers = useMemo(
    () =>
      folded.outputs.map(({ output, meanLedger }) => ({ label: outputName(description, output), values: meanLedger })),
    [folded, description],
  );
  return (
    <>
      {folded.failed.length > 0 && (
        <div class="note">
          {folded.failed.length === 1 ? 'One input' : `${formatCount(folded.failed.length)} inputs`} gave no system:
          <ul>
            {folded.failed.map(({ example, reason }) => (
              <li key={example}>
                input {inputNumber(example)}: {reason}
              </li>
            ))}
          </ul>
        </div>
      )}
      <MeanVotes system={system} folded={folded} foot={foot} />
      <BiasShares description={description} folded={folded} foot={foot} />
      {rows.length > 0 && (
        <ValueBars
          title="Mean biases by layer"
          definition="What each layer’s biases added, as the mean over the inputs."
          foot={foot}
          row="layer"
          rows={rows}
          series={ledgers}
          valueLabel={`added to the ${word}, mean`}
        />
      )}
      <OpenUnits />
      <FoldedTable description={description} folded={folded} />
    </>
  );
}

function MeanVotes({ system, folded, foot }: FoldedViewProps & { readonly foot: string }): JSX.Element {
  const { description } = system;
  const { layout } = description.from;
  const reach = useMemo(() => reachOf(folded.outputs.map(({ meanVotes }) => meanVotes)), [folded]);
  const names = useMemo(
    () => Array.from({ length: positionCount(layout) }, (_, position) => positionName(layout, position)),
    [layout],
  );
  const series = useMemo(
    () =>
      folded.outputs.map(({ output, meanVotes }) => ({ label: outputName(description, output), values: meanVotes })),
    [folded, description],
  );
  if (layout.kind !== 'image') {
    return (
      <ValueBars
        title={`Mean votes by ${positionWord(layout)}`}
        definition="The mean over the inputs, place by place."
        foot={foot}
        row={positionWord(layout)}
        rows={names}
        series={series}
        valueLabel={`mean vote, in units of the ${outputWord(description)}`}
      />
    );
  }
  return (
    <>
      <VoteLegend system={system} reach={reach} label={`Mean vote, in units of the ${outputWord(description)}`} />
      <div class="map-grid">
        {folded.outputs.map(({ output, meanVotes }) => (
          <VoteMap
            key={output}
            title={`Mean votes for ${outputName(description, output)}`}
            layout={layout}
            values={meanVotes}
            reach={reach}
            foot={foot}
          />
        ))}
      </div>
    </>
  );
}
