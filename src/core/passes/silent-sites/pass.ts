import type { ObservedLayer } from '../../graph/layers.js';
import type { Observation, ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import type { Pass, RunFacts } from '../pass.js';
import type { LayerMetric, PassResult, PositionMaps, ResultTable } from '../result.js';
import { mergePerLayer, perLayer, type PerLayer } from '../units.js';
import { count, oneInputCaution, percent } from '../words.js';

const VERSION = 1;
/** Sites of a layer's map, and cells of the maps of all channels together: 8 bytes each while a run goes on. */
const MOST_SITES = 2 ** 18;
const MOST_CELLS = 2 ** 20;
/** Cells along a side of a channel's map. */
const CHANNEL_SIDE = 32;

/** Where in the picture channels are silent: zeros by site, methods C1 (sites and channels told apart). */
export const silentSites: Pass<PerLayer<SiteZeros>> = {
  id: 'silent-sites',
  version: VERSION,
  title: 'Silent sites of pictures',
  question: 'Where in the picture are channels silent?',
  method:
    'A site is one channel at one place of a feature map; a channel is all of its sites. The layer’s map shows at every place ' +
    'the share of its sites there that are exactly 0, over channels and inputs; a channel’s map the share of inputs on which ' +
    'the channel is exactly 0 there (places are put together where a map is larger than 32 × 32). A site is dead where it is 0 ' +
    'on every input, a channel where all of its sites are. Only functions that are exactly 0 somewhere. Source: methods C1.',
  applies: ({ layers }) =>
    layers.some(({ family }) => family === 'rectifier')
      ? { applies: true }
      : { applies: false, reason: 'No activation function of this model is exactly 0 anywhere.' },
  plan: (layers) => {
    const { mapped, withChannels } = mappedLayers(layers);
    return mapped.flatMap(({ value }): Observation[] => [
      { layer: value, kind: 'zero-count-by-position' },
      ...(withChannels.has(value) ? [{ layer: value, kind: 'values' as const }] : []),
    ]);
  },
  start(layers) {
    const { mapped, withChannels } = mappedLayers(layers);
    return perLayer(mapped, (layer) => createSiteZeros(layer, withChannels.has(layer.value)));
  },
  fold(state, batch) {
    for (const zeros of state.values()) foldSites(zeros, batch);
  },
  merge: (state, other) =>
    mergePerLayer(state, other, (into, from) => {
      mergeCounts(into.sites, from.sites);
      mergeCounts(into.inputs, from.inputs);
      if (into.channels !== undefined && from.channels !== undefined) {
        for (let cell = 0; cell < from.channels.zeros.length; cell++)
          into.channels.zeros[cell] = (into.channels.zeros[cell] as number) + (from.channels.zeros[cell] as number);
      }
    }),
  finish: (state, facts) => resultOf(state, facts),
};

interface SiteZeros {
  readonly layer: ObservedLayer;
  readonly height: number;
  readonly width: number;
  readonly inputs: Counts;
  /** By place: zeros over channels and inputs. */
  readonly sites: Counts;
  readonly channels: ChannelCells | undefined;
}

interface ChannelCells {
  readonly height: number;
  readonly width: number;
  /** Row-major [channels, height, width]. */
  readonly zeros: Uint32Array;
  /** Cell of each place, and how many places each cell has. */
  readonly cellOf: Int32Array;
  readonly places: Int32Array;
}

function sizeOf({ shape, unitAxes, positionAxes, exampleAxis }: ObservedLayer): readonly [number, number] | undefined {
  if (positionAxes.length !== 2 || unitAxes.length !== 1) return undefined;
  const axes = positionAxes.map(
    (axis) => shape[exampleAxis !== undefined && axis > exampleAxis ? axis - 1 : axis] ?? -1,
  );
  const [height = -1, width = -1] = axes;
  return height > 1 && width > 1 && height * width <= MOST_SITES ? [height, width] : undefined;
}

/** Pictures of one size; channels have maps of their own as long as memory for them lasts, the first layers first. */
function mappedLayers(layers: readonly ObservedLayer[]): {
  readonly mapped: readonly ObservedLayer[];
  readonly withChannels: ReadonlySet<string>;
} {
  const mapped = layers.filter((layer) => layer.family === 'rectifier' && sizeOf(layer) !== undefined);
  const withChannels = new Set<string>();
  let left = MOST_CELLS;
  for (const layer of mapped) {
    const [height, width] = sizeOf(layer) as readonly [number, number];
    left -= layer.units * Math.min(height, CHANNEL_SIDE) * Math.min(width, CHANNEL_SIDE);
    if (left >= 0) withChannels.add(layer.value);
  }
  return { mapped, withChannels };
}

function createSiteZeros(layer: ObservedLayer, withChannels: boolean): SiteZeros {
  const [height, width] = sizeOf(layer) as readonly [number, number];
  return {
    layer,
    height,
    width,
    inputs: createCounts(1),
    sites: createCounts(height * width),
    channels: withChannels ? createCells(layer.units, height, width) : undefined,
  };
}

function createCells(units: number, height: number, width: number): ChannelCells {
  const [rows, columns] = [Math.min(height, CHANNEL_SIDE), Math.min(width, CHANNEL_SIDE)];
  const places = new Int32Array(rows * columns);
  const cellOf = Int32Array.from({ length: height * width }, (_, place) => {
    const row = Math.floor((Math.floor(place / width) * rows) / height);
    const cell = row * columns + Math.floor(((place % width) * columns) / width);
    places[cell] = (places[cell] as number) + 1;
    return cell;
  });
  return { height: rows, width: columns, zeros: new Uint32Array(units * rows * columns), cellOf, places };
}

function foldSites({ layer, inputs, sites, channels }: SiteZeros, batch: ObservedBatch): void {
  const { data } = batch.get(layer.value, 'zero-count-by-position');
  const rows = batch.indices.length;
  inputs[0] = (inputs[0] as number) + rows;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let place = 0; place < sites.length; place++, at++)
      sites[place] = (sites[place] as number) + (data[at] as number);
  }
  if (channels === undefined) return;
  const { data: values, layout } = batch.get(layer.value, 'values');
  if (layout === undefined) return;
  const { zeros, cellOf, places } = channels;
  const { exampleStride, unitOffsets, positionOffsets } = layout;
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < layer.units; unit++) {
      const first = row * exampleStride + (unitOffsets[unit] as number);
      const into = unit * places.length;
      for (let place = 0; place < cellOf.length; place++) {
        if (values[first + (positionOffsets[place] as number)] !== 0) continue;
        const cell = into + (cellOf[place] as number);
        zeros[cell] = (zeros[cell] as number) + 1;
      }
    }
  }
}

function mapsOf({ layer, height, width, inputs, sites, channels }: SiteZeros): PositionMaps {
  const seen = inputs[0] as number;
  return {
    height,
    width,
    layer: Float32Array.from(sites, (zeros) => zeros / (seen * layer.units)),
    ...(channels === undefined
      ? {}
      : {
          units: {
            height: channels.height,
            width: channels.width,
            values: Float32Array.from(
              channels.zeros,
              (zeros, cell) => zeros / (seen * (channels.places[cell % channels.places.length] as number)),
            ),
          },
        }),
  };
}

/** Dead sites as a share of all, where every place has a cell of its own. */
function deadSites({ inputs, channels }: SiteZeros): number | undefined {
  if (channels === undefined || channels.places.length !== channels.cellOf.length) return undefined;
  const seen = inputs[0] as number;
  return channels.zeros.filter((zeros) => zeros === seen).length / channels.zeros.length;
}

function deadChannels({ layer, inputs, channels }: SiteZeros): number | undefined {
  if (channels === undefined) return undefined;
  const { zeros, places, cellOf } = channels;
  let dead = 0;
  for (let unit = 0; unit < layer.units; unit++) {
    let sum = 0;
    for (let cell = 0; cell < places.length; cell++) sum += zeros[unit * places.length + cell] as number;
    if (sum === cellOf.length * (inputs[0] as number)) dead++;
  }
  return dead / layer.units;
}

function resultOf(state: PerLayer<SiteZeros>, facts: RunFacts): PassResult {
  const all = [...state.values()];
  const maps = new Map(all.map((zeros) => [zeros.layer.value, mapsOf(zeros)]));
  const spread = (layer: string): number => {
    const values = maps.get(layer)?.layer ?? new Float32Array();
    return (
      values.reduce((most, each) => Math.max(most, each), 0) - values.reduce((least, each) => Math.min(least, each), 1)
    );
  };
  const widest = [...all].sort((a, b) => spread(b.layer.value) - spread(a.layer.value))[0];
  const sites = Object.fromEntries(
    all.flatMap((zeros) => {
      const dead = deadSites(zeros);
      return dead === undefined ? [] : [[zeros.layer.value, dead]];
    }),
  );
  const metrics: LayerMetric[] = [
    {
      id: 'layer-dead-sites',
      label: 'Dead sites',
      definition:
        'Share of the layer’s sites (channel, row, column) that are exactly 0 on every input; feature maps up to 32 × 32.',
      format: 'share',
      scale: 'sequential',
      values: sites,
    },
    {
      id: 'layer-silence-spread',
      label: 'Unevenness of silence',
      definition: 'Largest less smallest share of zeros among the places of the layer’s map, over channels and inputs.',
      format: 'share',
      scale: 'sequential',
      values: Object.fromEntries(all.map(({ layer }) => [layer.value, spread(layer.value)])),
    },
  ];
  return {
    pass: 'silent-sites',
    passVersion: VERSION,
    answer:
      widest === undefined
        ? 'No rectified feature map of one size was observed: there is no picture to look at.'
        : `Silence is most uneven in ${widest.layer.label}: from ${percent(extreme(maps, widest, Math.min, 1))} to ` +
          `${percent(extreme(maps, widest, Math.max, 0))} of its channels are 0 at a place (${facts.onInputs}). ` +
          `The pages of layers and channels show the maps.${oneInputCaution(facts.inputsSeen)}`,
    findings: [],
    layerMetrics: metrics.filter(({ values }) => Object.keys(values).length > 0),
    unitMetrics: [],
    exampleMetrics: [],
    curves: [],
    positionMaps: Object.fromEntries(maps),
    ...(all.length === 0 ? {} : { tables: [tableOf(all, maps, facts)] }),
  };
}

function extreme(
  maps: ReadonlyMap<string, PositionMaps>,
  { layer }: SiteZeros,
  of: (a: number, b: number) => number,
  start: number,
): number {
  return (maps.get(layer.value)?.layer ?? new Float32Array()).reduce((found, each) => of(found, each), start);
}

function tableOf(all: readonly SiteZeros[], maps: ReadonlyMap<string, PositionMaps>, facts: RunFacts): ResultTable {
  return {
    id: 'silent-sites',
    title: 'Sites and channels',
    definition:
      `Sites: channels × rows × columns. Dead: exactly 0 ${facts.onInputs} (${count(facts.inputsSeen)} inputs). ` +
      '– where feature maps are larger than 32 × 32, or memory for maps of channels went to earlier layers.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'channels', label: 'Channels', format: 'count' },
      { id: 'sites', label: 'Sites', format: 'count' },
      { id: 'dead-channels', label: 'Dead channels', format: 'share' },
      { id: 'dead-sites', label: 'Dead sites', format: 'share' },
      { id: 'least', label: 'Least silent place', format: 'share' },
      { id: 'most', label: 'Most silent place', format: 'share' },
    ],
    rows: all.map((zeros) => ({
      cells: [
        zeros.layer.label,
        zeros.layer.units,
        zeros.layer.units * zeros.height * zeros.width,
        deadChannels(zeros) ?? '–',
        deadSites(zeros) ?? '–',
        extreme(maps, zeros, Math.min, 1),
        extreme(maps, zeros, Math.max, 0),
      ],
    })),
  };
}
