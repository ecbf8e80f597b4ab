/** What patches did, beside what was estimated, and how well both agree. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Estimate, EstimateKind, PatchDirection, PatchingAnswer } from '../../src/protocol/attribution.js';
import { Legend } from '../charts/legend.js';
import { Select } from '../controls/select.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber } from '../format/numbers.js';
import { dataKey } from '../linear/data-key.js';
import { reachOf } from '../linear/ends.js';
import { formatTogether } from '../linear/equation.js';
import { systemFoot, type System } from '../linear/system.js';
import { loadPreview } from '../state/examples.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { EffectHeatmap } from './effect-heatmap.js';
import { EffectTable } from './effect-table.js';
import { named } from './node-list.js';
import { differences, partName, siteAt, type TokenPair } from './part-names.js';
import { inputNumber } from '../../src/core/told-numbers.js';

const ESTIMATES: Readonly<Record<EstimateKind, string>> = {
  corrupt: 'Derivative at the corrupt run',
  clean: 'Derivative at the clean run',
  mean: 'Mean of both',
};

interface PatchedViewProps {
  readonly system: System;
  readonly answer: PatchingAnswer;
  readonly corrupt: number;
  readonly direction: PatchDirection;
  /** Named. */
  readonly metric: string;
}

export function PatchedView({ system, answer, corrupt, direction, metric }: PatchedViewProps): JSX.Element {
  const clean = system.request.example;
  const tokens = useTokens(clean, corrupt);
  const { effects, normalised, estimates } = answer;
  const estimate = estimates.find(({ kind }) => kind === ui.patchEstimate.value) ?? estimates[0];
  const inNormalised = ui.patchNormalised.value && normalised !== undefined;
  const span = answer.clean - answer.corrupt;
  const scaled = useMemo(
    () => (inNormalised ? estimate?.effects.map((effect) => effect / span) : estimate?.effects),
    [estimate, inNormalised, span],
  );
  const shown = inNormalised ? normalised : effects;
  const reach = useMemo(() => reachOf([shown]), [shown]);
  const foot = `${systemFoot(system)}; clean input ${inputNumber(clean)}, corrupt input ${inputNumber(corrupt)}; ${metric}`;
  const what = direction === 'denoise' ? 'clean values into the corrupt run' : 'corrupt values into the clean run';
  const unit = inNormalised ? 'as a share of clean − corrupt' : `in units of ${metric}`;
  return (
    <>
      <Metrics answer={answer} metric={metric} tokens={tokens} />
      {answer.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      <div class="part-tools">
        {normalised !== undefined && (
          <Select
            label="Effects"
            value={inNormalised ? 'normalised' : 'raw'}
            choices={[
              { value: 'normalised', label: 'Normalised: clean is 1, corrupt is 0' },
              { value: 'raw', label: 'As they are' },
            ]}
            onChange={(value) => (ui.patchNormalised.value = value === 'normalised')}
          />
        )}
        {estimates.length > 0 && (
          <Select
            label="Estimate"
            value={estimate?.kind ?? 'corrupt'}
            choices={estimates.map(({ kind }) => ({ value: kind, label: ESTIMATES[kind] }))}
            onChange={(value) =>
              (ui.patchEstimate.value = estimates.find(({ kind }) => kind === value)?.kind ?? 'corrupt')
            }
          />
        )}
      </div>
      <Legend
        quantity={{
          id: 'effect',
          label: `Effect, ${unit}`,
          definition:
            'The metric with one part patched, less the metric of the run it was put into. Estimates have the same colours, and the strongest where they lie beyond.',
          format: 'number',
          scale: 'diverging',
        }}
        domain={[-reach, reach]}
        clipped
      />
      <div class="effect-maps">
        <EffectHeatmap
          title={`Patched: ${what}`}
          definition="Measured: one run for each cell, with only this part of this value put in."
          foot={foot}
          answer={answer}
          values={shown}
          reach={reach}
          tokens={tokens}
        />
        {estimate && scaled && (
          <EffectHeatmap
            title={`Estimated: ${what}`}
            definition="Attribution patching: the difference of both runs times the derivative of the metric, for all cells at once."
            foot={`${foot}; ${ESTIMATES[estimate.kind].toLowerCase()}`}
            answer={answer}
            values={scaled}
            reach={reach}
            tokens={tokens}
          />
        )}
      </div>
      {estimate ? (
        <AgreementText answer={answer} estimate={estimate} tokens={tokens} />
      ) : (
        <p class="note">There is no estimate: {answer.estimatesDeclined}</p>
      )}
      <Missing answer={answer} />
      <EffectTable answer={answer} estimate={estimate} tokens={tokens} />
    </>
  );
}

function useTokens(clean: number, corrupt: number): TokenPair | undefined {
  const previews = useResource(
    () => Promise.all([loadPreview(clean), loadPreview(corrupt)]),
    [dataKey.value, clean, corrupt],
  );
  return useMemo(() => {
    const [one, other] = previews.value ?? [];
    return one?.kind === 'tokens' && other?.kind === 'tokens'
      ? { clean: one.tokens, corrupt: other.tokens }
      : undefined;
  }, [previews.value]);
}

/** Positions that a sentence names. */
const NAMED_POSITIONS = 12;

function Metrics({
  answer,
  metric,
  tokens,
}: {
  answer: PatchingAnswer;
  metric: string;
  tokens: TokenPair | undefined;
}): JSX.Element {
  const [clean, corrupt] = formatTogether([answer.clean, answer.corrupt]);
  const changed =
    tokens === undefined || tokens.clean.length !== tokens.corrupt.length ? undefined : differences(tokens);
  return (
    <>
      <p class="equation">
        {metric}: clean <strong>{clean}</strong>, corrupt <strong>{corrupt}</strong>
      </p>
      {changed && (
        <p class="note">
          The inputs differ in {formatCount(changed.length)} of {formatCount(tokens?.clean.length ?? 0)} tokens
          {changed.length > 0 && changed.length <= NAMED_POSITIONS && `: ${changed.join(', ')}`}. What is found depends
          on this choice.
        </p>
      )}
      {answer.normalised === undefined && (
        <p class="note">The metric is the same for both inputs: there is nothing to restore or to destroy.</p>
      )}
    </>
  );
}

function AgreementText({
  answer,
  estimate,
  tokens,
}: {
  answer: PatchingAnswer;
  estimate: Estimate;
  tokens: TokenPair | undefined;
}): JSX.Element {
  const { correlation, largest, count } = estimate.agreement;
  const place = largest && siteAt(answer, largest.at);
  return (
    <p class="agreement">
      Patches and estimates of {formatCount(count)} parts:{' '}
      {correlation === undefined ? (
        'one of both is the same everywhere, so that there is no correlation'
      ) : (
        <>
          correlation <strong>{formatNumber(correlation)}</strong>
        </>
      )}
      {largest && place && (
        <>
          ; the estimate is most off, by <strong>{formatNumber(largest.deviation)}</strong>, at {place.site.label},{' '}
          {partName(place.site, place.part, tokens)}
        </>
      )}
      .{' '}
      <Help about="Agreement">
        Pearson’s correlation over all parts: 1 where the estimate is the effect up to a factor. Estimates are linear:
        they know nothing of what saturates or closes on the way, and are noisy for early layers.
      </Help>
    </p>
  );
}

function Missing({ answer }: { answer: PatchingAnswer }): JSX.Element | null {
  const { leftOut, cut } = answer;
  if (leftOut.length + cut.length === 0) return null;
  return (
    <p class="note">
      {leftOut.length > 0 && (
        <>Not patched: {leftOut.map(({ label, reason }) => `${label} (${reason})`).join(', ')}. </>
      )}
      {cut.length > 0 && <>Estimates do not go through {named(cut)}.</>}
    </p>
  );
}
