/** Tokens coloured by their votes, once for each output; bars where the positions have no text. */
import type { JSX } from 'preact';
import type { Vote } from '../../../src/protocol/linear.js';
import { Spinner } from '../../controls/fields.js';
import { loadPreview } from '../../state/examples.js';
import { useResource } from '../../state/resource.js';
import { TokenExample } from '../../unit/token-example.js';
import { dataKey } from '../data-key.js';
import { outputName, positionDims } from '../ends.js';
import { MapFrame } from '../map/map-frame.js';
import { systemFoot, type System } from '../system.js';
import { VoteEquation } from '../vote-equation.js';
import { VoteBars } from './vote-bars.js';

interface VoteTextsProps {
  readonly system: System;
  readonly votes: readonly Vote[];
  readonly reach: number;
}

export function VoteTexts({ system, votes, reach }: VoteTextsProps): JSX.Element {
  const { description, request } = system;
  const { layout } = description.from;
  const preview = useResource(() => loadPreview(request.example), [dataKey.value, request.example]);
  if (preview.loading) return <Spinner label="Reading the text" />;
  const shown = preview.value;
  const positions = layout.kind === 'sequence' ? layout.positions : 0;
  if (shown?.kind !== 'tokens' || shown.tokens.length !== positions) return <VoteBars system={system} votes={votes} />;
  return (
    <div class="vote-texts">
      {votes.map((vote) => {
        const title = `Votes for ${outputName(description, vote.output)}`;
        return (
          <MapFrame
            key={vote.output}
            title={title}
            saved={{ title, foot: systemFoot(system), values: vote.votes, dims: positionDims(layout) }}
          >
            <TokenExample
              tokens={shown.tokens}
              activations={{ shape: [positions], values: vote.votes }}
              reach={reach}
              signed
            />
            <VoteEquation vote={vote} description={description} />
          </MapFrame>
        );
      })}
    </div>
  );
}
