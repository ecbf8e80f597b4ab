/** An image beside one map of votes for each output, all on one scale, with one pointer. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Vote } from '../../../src/protocol/linear.js';
import { formatReading } from '../../format/numbers.js';
import { ui } from '../../state/interface-state.js';
import { outputName, outputWord, positionDims, positionName } from '../ends.js';
import { MapFrame } from '../map/map-frame.js';
import { pictureOf, type ImageLayout, type MapPicture } from '../map/map-picture.js';
import { cellText, scaleWords } from '../map/pattern-view.js';
import { SignedMap } from '../map/signed-map.js';
import { systemFoot, type System } from '../system.js';
import { VoteEquation } from '../vote-equation.js';

interface VoteMapsProps {
  readonly system: System;
  readonly votes: readonly Vote[];
  readonly reach: number;
}

export function VoteMaps({ system, votes, reach }: VoteMapsProps): JSX.Element | null {
  const { from } = system.description;
  const { layout, values } = from;
  const [cell, set] = useState<number>();
  const input = useMemo(
    () => (layout.kind === 'image' ? pictureOf(layout, values, 'together', 'plain') : undefined),
    [layout, values],
  );
  if (layout.kind !== 'image' || input === undefined) return null;
  const shared = { system, layout, input, pointed: { cell, set } };
  return (
    <div class="map-grid">
      <InputMap {...shared} />
      {votes.map((vote) => (
        <VoteMap key={vote.output} {...shared} vote={vote} reach={reach} />
      ))}
    </div>
  );
}

interface SharedProps {
  readonly system: System;
  readonly layout: ImageLayout;
  readonly input: MapPicture;
  readonly pointed: { readonly cell: number | undefined; readonly set: (cell: number | undefined) => void };
}

function InputMap({ system, layout, input, pointed }: SharedProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { from } = system.description;
  const title = `Input: ${from.label}`;
  return (
    <MapFrame
      title={title}
      definition="The numbers that went in, from the darkest to the brightest; in colour where there are three channels."
      canvas={canvas}
      saved={{
        title,
        foot: systemFoot(system),
        values: from.values,
        dims: [layout.channels, layout.height, layout.width],
      }}
    >
      <SignedMap
        label={title}
        picture={input}
        reach={1}
        reading={(at) => ({ value: cellText(input, at), place: positionName(layout, at) })}
        pointed={pointed}
        canvas={canvas}
      />
    </MapFrame>
  );
}

interface VoteMapProps extends SharedProps {
  readonly vote: Vote;
  readonly reach: number;
}

function VoteMap({ system, layout, input, pointed, vote, reach }: VoteMapProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { description } = system;
  const name = outputName(description, vote.output);
  const title = `Votes for ${name}`;
  const picture = useMemo(
    (): MapPicture => ({ width: layout.width, height: layout.height, planes: [vote.votes], colors: 'signed' }),
    [layout, vote],
  );
  const word = outputWord(description);
  return (
    <MapFrame
      title={title}
      canvas={canvas}
      saved={{
        title,
        foot: `${systemFoot(system)}, ${scaleWords(picture, reach)}`,
        values: vote.votes,
        dims: positionDims(layout),
      }}
    >
      <SignedMap
        label={title}
        picture={picture}
        reach={reach}
        closeUp
        under={ui.linearOverlay.value ? input : undefined}
        reading={(at) => ({
          value: formatReading('number', vote.votes[at] ?? NaN),
          place: `${word === 'logit' ? 'to the logit' : 'to the output'} at ${positionName(layout, at)}`,
        })}
        pointed={pointed}
        canvas={canvas}
      />
      <VoteEquation vote={vote} description={description} />
    </MapFrame>
  );
}
