/** Votes of two inputs for each output, and the first minus the second. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { SystemDescription, Vote } from '../../../src/protocol/linear.js';
import { withBothTokens } from '../end-tokens.js';
import { outputName, outputWord, positionCount, positionDims, positionName, positionWord, reachOf } from '../ends.js';
import type { ImageLayout } from '../map/map-picture.js';
import { VoteMap } from '../map/vote-map.js';
import { systemFoot, type System } from '../system.js';
import { ValueBars } from '../value-bars.js';
import { VoteEquation } from '../vote-equation.js';
import { VoteLegend } from './vote-legend.js';
import { inputNumber } from '../../../src/core/told-numbers.js';

export interface ComparedProps {
  readonly first: System;
  readonly second: System;
  readonly ours: readonly Vote[];
  readonly theirs: readonly Vote[];
}

export function CompareVotes(props: ComparedProps): JSX.Element {
  const { first, second, ours, theirs } = props;
  const { layout } = first.description.from;
  const told = useMemo(() => withBothTokens(first.description, second.description), [first, second]);
  const differences = useMemo(() => ours.map(({ votes }, index) => minus(votes, theirs[index]?.votes)), [ours, theirs]);
  const reach = useMemo(
    () => reachOf([...ours.map(({ votes }) => votes), ...theirs.map(({ votes }) => votes), ...differences]),
    [ours, theirs, differences],
  );
  return (
    <>
      {layout.kind === 'image' && <VoteLegend system={first} reach={reach} />}
      {ours.map((vote, index) => {
        const other = theirs[index];
        const difference = differences[index];
        if (other === undefined || difference === undefined) return null;
        return (
          <section key={vote.output} class="compared" aria-label={outputName(told, vote.output)}>
            <h3>{outputName(told, vote.output)}</h3>
            {layout.kind === 'image' ? (
              <ComparedMaps
                {...props}
                layout={layout}
                vote={vote}
                other={other}
                difference={difference}
                reach={reach}
              />
            ) : (
              <ComparedBars {...props} told={told} vote={vote} other={other} difference={difference} />
            )}
          </section>
        );
      })}
    </>
  );
}

interface OneProps extends ComparedProps {
  readonly vote: Vote;
  readonly other: Vote;
  readonly difference: Float32Array;
}

function ComparedMaps(props: OneProps & { readonly layout: ImageLayout; readonly reach: number }): JSX.Element {
  const { first, second, vote, other, difference, layout, reach } = props;
  const [cell, set] = useState<number>();
  const name = outputName(first.description, vote.output);
  const shared = { layout, reach, pointed: { cell, set } };
  const [a, b] = [first, second].map(({ request }) => inputNumber(request.example)) as [number, number];
  return (
    <div class="map-grid">
      <VoteMap
        {...shared}
        heading={`Input ${a}`}
        title={`Input ${a}: votes for ${name}`}
        foot={systemFoot(first)}
        values={vote.votes}
      >
        <VoteEquation vote={vote} description={first.description} />
      </VoteMap>
      <VoteMap
        {...shared}
        heading={`Input ${b}`}
        title={`Input ${b}: votes for ${name}`}
        foot={systemFoot(second)}
        values={other.votes}
      >
        <VoteEquation vote={other} description={second.description} />
      </VoteMap>
      <VoteMap
        {...shared}
        heading={`Input ${a} minus input ${b}`}
        title={`Votes for ${name}, input ${a} minus input ${b}`}
        foot={`${systemFoot(first)} minus input ${b}`}
        values={difference}
      />
    </div>
  );
}

interface BarsProps extends OneProps {
  /** The first system, whose positions are told by the tokens of both inputs. */
  readonly told: SystemDescription;
}

function ComparedBars({ first, second, told, vote, other, difference }: BarsProps): JSX.Element {
  const { description } = first;
  const { layout } = told.from;
  const word = positionWord(layout);
  const rows = useMemo(
    () => Array.from({ length: positionCount(layout) }, (_, position) => positionName(layout, position)),
    [layout],
  );
  const [a, b] = [first, second].map(({ request }) => inputNumber(request.example)) as [number, number];
  const series = useMemo(
    () => [
      { label: `input ${a}`, values: vote.votes },
      { label: `input ${b}`, values: other.votes },
      { label: 'difference', values: difference },
    ],
    [vote, other, difference],
  );
  const title = `Votes for ${outputName(told, vote.output)} by ${word}`;
  return (
    <>
      <ValueBars
        title={title}
        foot={`${systemFoot(first)} and input ${b}`}
        row={word}
        rows={rows}
        series={series}
        valueLabel={`vote, in units of the ${outputWord(description)}`}
        saved={{ title, foot: systemFoot(first), values: difference, dims: positionDims(layout) }}
      />
      <div class="equations">
        <div>
          <h4>Input {a}</h4>
          <VoteEquation vote={vote} description={description} />
        </div>
        <div>
          <h4>Input {b}</h4>
          <VoteEquation vote={other} description={second.description} />
        </div>
      </div>
    </>
  );
}

function minus(ours: Float32Array, theirs: Float32Array | undefined): Float32Array {
  return ours.map((value, index) => value - (theirs?.[index] ?? NaN));
}
