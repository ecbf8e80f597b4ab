/** Inputs on which a feature fires: the strongest, and some of every strength. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { placeText } from '../../src/core/dictionary/attach/layout.js';
import { shownPosition } from '../../src/core/features/excerpts.js';
import type { Excerpt, FeatureDetail, FeatureOverview, Layout } from '../../src/protocol/features.js';
import { Legend } from '../charts/legend.js';
import { IconButton, TextButton } from '../controls/button.js';
import { PlainTable } from '../controls/plain-table.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { useExportable } from '../state/exports.js';
import { Excerpts, strength } from './excerpts.js';
import { inputNumber, tokenNumber } from '../../src/core/told-numbers.js';

const FIRST_SHOWN = 8;

interface FeatureExamplesProps {
  readonly overview: FeatureOverview;
  readonly detail: FeatureDetail;
}

export function FeatureExamples({ overview, detail }: FeatureExamplesProps): JSX.Element {
  const [all, setAll] = useState(false);
  const [asTable, setAsTable] = useState(false);
  const { top, intervals } = detail;
  const { layout } = overview;
  const { one, many } = overview.placeWords;
  const reach = top[0] === undefined ? 1 : strength(top[0]) || 1;
  const shown = all ? top : top.slice(0, FIRST_SHOWN);
  const fired = intervals.reduce((sum, { count }) => sum + count, 0);
  const title = `feature-${detail.feature}-examples`;
  const table = (): TextTable => examplesTable(detail, layout);
  const touched = useExportable(csvFile(title, table));
  const isText = overview.topTokens !== undefined;
  return (
    <div class="feature-examples" onPointerDown={touched} onFocusCapture={touched}>
      <section>
        <div class="frame-head">
          <h3 class="frame-title">Strongest examples</h3>
          <Help about="Strongest examples">
            The inputs in which its largest activation is highest, each {isText ? 'around' : 'with'} the place of that.{' '}
            {isText &&
              'Every token is coloured by the feature’s activation there; point at one, or choose it, for what the feature does there.'}
            {layout.kind === 'heads' &&
              ` An example is of one head: the colours are what the feature is at the ${layout.patches === undefined ? 'tokens' : 'patches'} of that head. `}
            {layout.kind === 'patches' &&
              ` The colours are its activations at all ${layout.height} × ${layout.width} patches, the frame is around the strongest; a token that is no patch has none. What lies outside the frame may count, too: the network has looked further around before.`}
            {layout.kind === 'grid' &&
              `The colours are its activations at all ${layout.height} × ${layout.width} places, the frame is around the strongest. What lies outside the frame may count, too: the network has looked further around before.`}
          </Help>
          <span class="spacer-flex" />
          <IconButton
            icon="table"
            label={asTable ? 'Show as examples' : 'Show as a table'}
            pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          />
          <TableTools title={title} table={table} />
        </div>
        {asTable ? (
          <PlainTable table={table()} label="Examples as a table" />
        ) : (
          <>
            <Legend
              quantity={{
                id: 'activation',
                label: 'Activation',
                definition: `f of this feature at ${one === 'input' ? 'an' : 'a'} ${one}.`,
                format: 'number',
                scale: 'sequential',
              }}
              domain={[0, reach]}
            />
            <Excerpts detail={detail} excerpts={shown} layout={layout} reach={reach} />
            {shown.length < top.length && <TextButton onClick={() => setAll(true)}>All {top.length}</TextButton>}
          </>
        )}
      </section>
      {!asTable && (
        <section>
          <div class="frame-head">
            <h3 class="frame-title">Examples by activation interval</h3>
            <Help about="Examples by activation interval">
              Intervals of equal width in activation (not quantiles), strongest first, each with up to three examples
              drawn at random from all of its {many}. The share is of the {many} at which the feature fires.
            </Help>
          </div>
          {intervals.map(({ from, to, count, examples }) => (
            <div key={from} class="activation-interval">
              <h4>
                {formatNumber(from)} to {formatNumber(to)}:{' '}
                <span class="muted">
                  {formatCount(count)} {count === 1 ? one : many}, {formatShare(count / fired)}
                </span>
              </h4>
              <Excerpts detail={detail} excerpts={examples} layout={layout} reach={reach} />
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

/** Every token of every example, or the place of each, for people who do not see the colours, and for files. */
function examplesTable({ top, intervals }: FeatureDetail, layout: Layout): TextTable {
  const rowsOf = (group: string, excerpt: Excerpt): string[][] => {
    const { input, inputName, position, at, tokens, activations } = excerpt;
    if (tokens === undefined)
      return [
        [
          group,
          String(inputNumber(input)),
          inputName,
          placeText(position, layout),
          '',
          formatExact(activations[at] ?? NaN),
        ],
      ];
    return tokens.map((token, index) => {
      const place = shownPosition(excerpt, index, layout);
      return [
        group,
        String(inputNumber(input)),
        inputName,
        layout.kind === 'heads' ? placeText(place, layout) : String(tokenNumber(place)),
        token,
        formatExact(activations[index] ?? NaN),
      ];
    });
  };
  return {
    header: ['examples', 'input number', 'name', 'token number', 'token', 'activation'],
    rows: [
      ...top.flatMap((excerpt) => rowsOf('strongest', excerpt)),
      ...intervals.flatMap(({ from, to, examples }) =>
        examples.flatMap((excerpt) => rowsOf(`${formatExact(from)} to ${formatExact(to)}`, excerpt)),
      ),
    ],
  };
}
