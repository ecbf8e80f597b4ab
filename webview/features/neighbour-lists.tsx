/** Units and features that a feature is made of, or goes together with, as lists and as one table. */
import type { ComponentChildren, JSX } from 'preact';
import type { FeatureNeighbours, FeatureOverview, PlaceWords } from '../../src/protocol/features.js';
import { TextButton } from '../controls/button.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { ui } from '../state/interface-state.js';
import { BarList, type Bar } from './bar-list.js';

interface NeighbourListsProps {
  readonly overview: FeatureOverview;
  readonly found: FeatureNeighbours;
}

export function NeighbourLists({ overview, found }: NeighbourListsProps): JSX.Element {
  const { feature, warnings, tokens } = found;
  const { placeWords } = overview;
  const where = overview.synthetic ? `${placeWords.many} of random inputs` : placeWords.many;
  return (
    <>
      {warnings.map((warning) => (
        <p key={warning} class="note">
          {warning}
        </p>
      ))}
      <div class="effect-columns">
        {listsOf(found, placeWords).map(({ id, title, definition, bars, reach, none }) => (
          <BarList
            key={id}
            title={title}
            help={<Help about={title}>{definition}</Help>}
            bars={bars}
            none={none}
            {...(reach === undefined ? {} : { reach })}
          />
        ))}
      </div>
      <div class="frame-head">
        <span class="muted">
          Over {formatCount(tokens)} {where}, on {overview.data}.
        </span>
        <span class="spacer-flex" />
        <TableTools title={`feature-${feature}-neighbours`} table={() => asText(found, placeWords)} />
      </div>
    </>
  );
}

interface List {
  readonly id: string;
  readonly title: string;
  readonly definition: ComponentChildren;
  readonly bars: readonly Bar[];
  /** Of numbers that cannot pass 1. */
  readonly reach?: number;
  readonly none: string;
}

function listsOf(
  { alignment, units, features, nearest, together, unitWords }: FeatureNeighbours,
  { one, many }: PlaceWords,
): readonly List[] {
  const { reads, writes } = unitWords;
  const basis =
    ' Single dimensions of a residual stream mean little: nothing in the model prefers them. Neurons of an MLP do.';
  const aligned = (word: string, entries: typeof alignment.reads): Bar[] =>
    entries.map(({ unit, value, share }) => ({
      key: String(unit),
      label: `${word} ${unit}`,
      value,
      hint: `${formatNumber(value)}, ${formatShare(share)} of the sum of all sizes`,
    }));
  const near = (entries: typeof nearest.encoder): Bar[] =>
    entries.map(({ feature, cosine }) => ({
      key: String(feature),
      label: <FeatureLink feature={feature} />,
      value: cosine,
    }));
  const nothing = 'None.';
  return [
    {
      id: 'writes',
      title: 'Writes most to',
      definition: `Neuron alignment: the largest entries, by size, of its row of the decoder, in the basis of the value that it writes.${basis}`,
      bars: aligned(writes, alignment.writes),
      none: nothing,
    },
    {
      id: 'reads',
      title: 'Reads most from',
      definition: `The largest entries, by size, of its row of the encoder, in the basis of the value that it reads.${basis}`,
      bars: aligned(reads, alignment.reads),
      none: nothing,
    },
    {
      id: 'units',
      title: `Correlated ${reads}s`,
      definition: `Pearson correlation over all ${many} between its activation and each ${reads} of the value that it reads, the largest by size.`,
      bars: units.map(({ unit, pearson, cosine }) => ({
        key: String(unit),
        label: `${reads} ${unit}`,
        value: pearson,
        hint: `Pearson ${formatNumber(pearson)}, cosine ${formatNumber(cosine)}`,
      })),
      reach: 1,
      none: nothing,
    },
    {
      id: 'features',
      title: 'Correlated features',
      definition: `Pearson correlation over all ${many} between its activation and that of each other feature.`,
      bars: features.map(({ feature, pearson, cosine }) => ({
        key: String(feature),
        label: <FeatureLink feature={feature} />,
        value: pearson,
        hint: `Pearson ${formatNumber(pearson)}, cosine ${formatNumber(cosine)}`,
      })),
      reach: 1,
      none: nothing,
    },
    {
      id: 'together',
      title: 'Fires together with',
      definition: `Jaccard index: ${many} at which both are above 0, of those at which either is. Only features that fire at ${one === 'input' ? 'one' : `a ${one}`} where it does.`,
      bars: together.map(({ feature, jaccard, both, either }) => ({
        key: String(feature),
        label: <FeatureLink feature={feature} />,
        value: jaccard,
        hint: `Both at ${formatCount(both)} ${many}, either at ${formatCount(either)}`,
      })),
      reach: 1,
      none: `No other feature fires at its ${many}.`,
    },
    {
      id: 'decoder',
      title: 'Nearest by decoder',
      definition: 'Cosine between its row of the decoder and that of each other feature: what they write.',
      bars: near(nearest.decoder),
      reach: 1,
      none: nothing,
    },
    {
      id: 'encoder',
      title: 'Nearest by encoder',
      definition: 'Cosine between its row of the encoder and that of each other feature: what they read.',
      bars: near(nearest.encoder),
      reach: 1,
      none: nothing,
    },
  ];
}

function FeatureLink({ feature }: { feature: number }): JSX.Element {
  return <TextButton onClick={() => (ui.feature.value = feature)}>feature {feature}</TextButton>;
}

function asText(
  { alignment, units, features, nearest, together, unitWords }: FeatureNeighbours,
  { many }: PlaceWords,
): TextTable {
  const row = (list: string, what: string, measure: string, value: number): string[] => [
    list,
    what,
    measure,
    formatExact(value),
  ];
  return {
    header: ['list', 'of', 'measure', 'value'],
    rows: [
      ...alignment.writes.map(({ unit, value }) => row('writes to', `${unitWords.writes} ${unit}`, 'weight', value)),
      ...alignment.reads.map(({ unit, value }) => row('reads from', `${unitWords.reads} ${unit}`, 'weight', value)),
      ...units.map(({ unit, pearson }) => row('correlated', `${unitWords.reads} ${unit}`, 'Pearson', pearson)),
      ...features.map(({ feature, pearson }) => row('correlated', `feature ${feature}`, 'Pearson', pearson)),
      ...together.flatMap(({ feature, jaccard, both, either }) => [
        row('fires together', `feature ${feature}`, 'Jaccard', jaccard),
        row('fires together', `feature ${feature}`, `${many} of both`, both),
        row('fires together', `feature ${feature}`, `${many} of either`, either),
      ]),
      ...nearest.decoder.map(({ feature, cosine }) =>
        row('nearest by decoder', `feature ${feature}`, 'cosine', cosine),
      ),
      ...nearest.encoder.map(({ feature, cosine }) =>
        row('nearest by encoder', `feature ${feature}`, 'cosine', cosine),
      ),
    ],
  };
}
