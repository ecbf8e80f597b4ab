/** Zeros by place of a feature map, counted while a run goes on. */
import type { ObservedLayer } from '../../graph/layers.js';
import type { ObservedBatch } from '../../rewrite/observation.js';
import { createCounts, mergeCounts, type Counts } from '../../summary/counts.js';
import type { PositionMaps } from '../result.js';

/** Sites of a layer's map, and cells of the maps of all channels together: 8 bytes each while a run goes on. */
const MOST_SITES = 2 ** 18;
const MOST_CELLS = 2 ** 20;
/** Sites of a layer whose channels have maps: each is copied out of the engine and looked at, batch by batch. */
const MOST_CHANNEL_SITES = 2 ** 18;
/** Cells along a side of a channel's map. */
const CHANNEL_SIDE = 32;

/** What is counted of one layer. */
export interface SiteZeros {
  readonly layer: ObservedLayer;
  readonly height: number;
  readonly width: number;
  readonly inputs: Counts;
  /** By place: zeros over channels and inputs. */
  readonly sites: Counts;
  /** Undefined where channels have no maps. Most of a state: all of a run share them. */
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
export function mappedLayers(layers: readonly ObservedLayer[]): {
  readonly mapped: readonly ObservedLayer[];
  readonly withChannels: ReadonlySet<string>;
} {
  const mapped = layers.filter((layer) => layer.family === 'rectifier' && sizeOf(layer) !== undefined);
  const withChannels = new Set<string>();
  let left = MOST_CELLS;
  for (const layer of mapped) {
    const [height, width] = sizeOf(layer) as readonly [number, number];
    if (layer.units * height * width > MOST_CHANNEL_SITES) continue;
    left -= layer.units * Math.min(height, CHANNEL_SIDE) * Math.min(width, CHANNEL_SIDE);
    if (left >= 0) withChannels.add(layer.value);
  }
  return { mapped, withChannels };
}

export function createSiteZeros(layer: ObservedLayer, withChannels: boolean, first?: SiteZeros): SiteZeros {
  const [height, width] = sizeOf(layer) as readonly [number, number];
  return {
    layer,
    height,
    width,
    inputs: createCounts(1),
    sites: createCounts(height * width),
    channels: withChannels ? (first?.channels ?? createCells(layer.units, height, width)) : undefined,
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

export function foldSites({ layer, inputs, sites, channels }: SiteZeros, batch: ObservedBatch): void {
  const rows = batch.indices.length;
  inputs[0] = (inputs[0] as number) + rows;
  if (channels === undefined) {
    const { data } = batch.get(layer.value, 'zero-count-by-position');
    for (let row = 0, at = 0; row < rows; row++) {
      for (let place = 0; place < sites.length; place++, at++)
        sites[place] = (sites[place] as number) + (data[at] as number);
    }
    return;
  }
  const { data } = batch.get(layer.value, 'zero-count-by-site');
  const { zeros, cellOf, places } = channels;
  for (let unit = 0, at = 0; unit < layer.units; unit++) {
    const first = unit * places.length;
    for (let place = 0; place < cellOf.length; place++, at++) {
      const count = data[at] as number;
      const cell = first + (cellOf[place] as number);
      zeros[cell] = (zeros[cell] as number) + count;
      sites[place] = (sites[place] as number) + count;
    }
  }
}

export function mergeSites(into: SiteZeros, from: SiteZeros): void {
  mergeCounts(into.sites, from.sites);
  mergeCounts(into.inputs, from.inputs);
  if (into.channels === undefined || from.channels === undefined || into.channels === from.channels) return;
  mergeCounts(into.channels.zeros, from.channels.zeros);
}

/** Shares of zeros: of the layer by place, and of each channel by cell. */
export function mapsOf({ layer, height, width, inputs, sites, channels }: SiteZeros): PositionMaps {
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
export function deadSites({ inputs, channels }: SiteZeros): number | undefined {
  if (channels === undefined || channels.places.length !== channels.cellOf.length) return undefined;
  const seen = inputs[0] as number;
  return channels.zeros.filter((zeros) => zeros === seen).length / channels.zeros.length;
}

export function deadChannels({ layer, inputs, channels }: SiteZeros): number | undefined {
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
