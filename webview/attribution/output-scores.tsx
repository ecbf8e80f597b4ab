/** One output by several methods: as maps or coloured texts beside each other, or as bars in one chart. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { OutputAttribution } from '../../src/protocol/attribution.js';
import { Badge, Spinner } from '../controls/fields.js';
import { Help } from '../controls/tooltip.js';
import { formatReading, formatShare } from '../format/numbers.js';
import { dataKey } from '../linear/data-key.js';
import {
  outputName,
  outputWord,
  positionCount,
  positionDims,
  positionName,
  positionWord,
  reachOf,
} from '../linear/ends.js';
import { formatTogether } from '../linear/equation.js';
import { MapFrame } from '../linear/map/map-frame.js';
import type { ImageLayout, MapPicture } from '../linear/map/map-picture.js';
import { scaleWords } from '../linear/map/pattern-view.js';
import { SignedMap } from '../linear/map/signed-map.js';
import { systemFoot, type System } from '../linear/system.js';
import { ValueBars } from '../linear/value-bars.js';
import { loadPreview } from '../state/examples.js';
import { useResource } from '../state/resource.js';
import { TokenExample } from '../unit/token-example.js';
import { GAP_REASONS, METHOD_NAMES, METHOD_SENTENCES, type ScoreKind } from './methods.js';

/** What one method says of one output. */
export interface Scored {
  readonly kind: ScoreKind;
  readonly notes: readonly string[];
  readonly found: OutputAttribution;
}

interface OutputScoresProps {
  readonly system: System;
  readonly scores: readonly Scored[];
}

export function OutputScores({ system, scores }: OutputScoresProps): JSX.Element {
  const { layout } = system.description.from;
  switch (layout.kind) {
    case 'image':
      return <ScoreMaps system={system} scores={scores} layout={layout} />;
    case 'sequence':
      return <ScoreTexts system={system} scores={scores} positions={layout.positions} />;
    case 'vector':
      return <ScoreBars system={system} scores={scores} />;
  }
}

function ScoreMaps({ system, scores, layout }: OutputScoresProps & { readonly layout: ImageLayout }): JSX.Element {
  const [cell, set] = useState<number>();
  return (
    <div class="map-grid">
      {scores.map((scored) => (
        <ScoreMap key={scored.kind} system={system} scored={scored} layout={layout} pointed={{ cell, set }} />
      ))}
    </div>
  );
}

interface ScoreMapProps {
  readonly system: System;
  readonly scored: Scored;
  readonly layout: ImageLayout;
  readonly pointed: { readonly cell: number | undefined; readonly set: (cell: number | undefined) => void };
}

/** Each map has its own scale, written under it: methods differ in size by more than colours can show. */
function ScoreMap({ system, scored, layout, pointed }: ScoreMapProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { scores } = scored.found;
  const picture = useMemo(
    (): MapPicture => ({ width: layout.width, height: layout.height, planes: [scores], colors: 'signed' }),
    [layout, scores],
  );
  const reach = reachOf([scores]);
  const title = titleOf(system, scored);
  return (
    <MapFrame
      title={title}
      heading={METHOD_NAMES[scored.kind]}
      canvas={canvas}
      saved={{
        title,
        foot: `${systemFoot(system)}, ${scaleWords(picture, reach)}`,
        values: scores,
        dims: positionDims(layout),
      }}
    >
      <SignedMap
        label={title}
        picture={picture}
        reach={reach}
        reading={(at) => ({ value: formatReading('number', scores[at] ?? NaN), place: positionName(layout, at) })}
        pointed={pointed}
        canvas={canvas}
      />
      <p class="note">{scaleWords(picture, reach)}</p>
      <ScoreWords system={system} scored={scored} />
    </MapFrame>
  );
}

function ScoreTexts({ system, scores, positions }: OutputScoresProps & { readonly positions: number }): JSX.Element {
  const { request } = system;
  const preview = useResource(() => loadPreview(request.example), [dataKey.value, request.example]);
  if (preview.loading) return <Spinner label="Reading the text" />;
  const shown = preview.value;
  if (shown?.kind !== 'tokens' || shown.tokens.length !== positions) {
    return <ScoreBars system={system} scores={scores} />;
  }
  return (
    <div class="score-texts">
      {scores.map((scored) => {
        const title = titleOf(system, scored);
        const values = scored.found.scores;
        return (
          <MapFrame
            key={scored.kind}
            title={title}
            heading={METHOD_NAMES[scored.kind]}
            saved={{ title, foot: systemFoot(system), values, dims: [positions] }}
          >
            <TokenExample
              tokens={shown.tokens}
              activations={{ shape: [positions], values }}
              reach={reachOf([values])}
              signed
            />
            <ScoreWords system={system} scored={scored} />
          </MapFrame>
        );
      })}
    </div>
  );
}

function ScoreBars({ system, scores }: OutputScoresProps): JSX.Element | null {
  const { description } = system;
  const { layout } = description.from;
  const word = positionWord(layout);
  const rows = useMemo(
    () => Array.from({ length: positionCount(layout) }, (_, position) => positionName(layout, position)),
    [layout],
  );
  const series = useMemo(
    () => scores.map(({ kind, found }) => ({ label: METHOD_NAMES[kind], values: found.scores })),
    [scores],
  );
  const [first] = scores;
  if (first === undefined) return null;
  const title = `What each ${word} gave to ${outputName(description, first.found.output)}`;
  const values = Float32Array.from(scores.flatMap(({ found }) => [...found.scores]));
  return (
    <>
      <ValueBars
        title={title}
        definition="One bar for each method."
        foot={systemFoot(system)}
        row={word}
        rows={rows}
        series={series}
        valueLabel={`in units of the ${outputWord(description)}`}
        saved={{ title, foot: systemFoot(system), values, dims: [scores.length, rows.length] }}
      />
      <div class="equations">
        {scores.map((scored) => (
          <div key={scored.kind}>
            <h4>{METHOD_NAMES[scored.kind]}</h4>
            <ScoreWords system={system} scored={scored} />
          </div>
        ))}
      </div>
    </>
  );
}

function titleOf({ description }: System, { kind, found }: Scored): string {
  return `${METHOD_NAMES[kind]}: ${outputName(description, found.output)}`;
}

/** Gaps beyond this share of what is shared out are told as a warning. */
const LARGE_GAP = 0.05;

/** How the scores add up, and what the method is. */
function ScoreWords({ system, scored }: { readonly system: System; readonly scored: Scored }): JSX.Element {
  const { kind, found, notes } = scored;
  const { sum, biasSum, gap, value, reference } = found;
  const integrated = kind === 'integrated-gradients';
  const [scores, biases, left, output, baseline] = formatTogether([sum, biasSum, gap, value, reference]);
  const whole = Math.abs(value - reference);
  const share = whole === 0 ? 0 : Math.abs(gap) / whole;
  const word = outputWord(system.description);
  return (
    <div class="vote-equation">
      <p class="equation">
        {kind === 'votes' ? 'votes' : 'scores'} <strong>{scores}</strong>
        {!integrated && (
          <>
            {' '}
            + biases <strong>{biases}</strong>
          </>
        )}{' '}
        + gap <strong>{left}</strong> = {word} <strong>{output}</strong>
        {integrated && (
          <>
            {' '}
            − at the baseline <strong>{baseline}</strong>
          </>
        )}
      </p>
      <p class="note">
        {METHOD_SENTENCES[kind]} {notes.join(' ')} <Gap share={share} reason={GAP_REASONS[kind]} />
      </p>
    </div>
  );
}

function Gap({ share, reason }: { share: number; reason: ComponentChildren }): JSX.Element {
  return (
    <span class="gap">
      {share > LARGE_GAP && <Badge tone="warning">{formatShare(share)} unexplained</Badge>}{' '}
      <Help about="Gap">{reason}</Help>
    </span>
  );
}
