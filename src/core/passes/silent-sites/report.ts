/** What the maps of silence show and say. */
import type { RunFacts } from '../pass.js';
import type { LayerMetric, PassResult, PositionMaps, ResultTable } from '../result.js';
import { count, oneInputCaution, percent } from '../words.js';
import { deadChannels, deadSites, mapsOf, type SiteZeros } from './state.js';

export function report(
  all: readonly SiteZeros[],
  facts: RunFacts,
): Pick<PassResult, 'answer' | 'findings' | 'headlines' | 'layerMetrics' | 'positionMaps' | 'tables'> {
  const maps = new Map(all.map((zeros) => [zeros.layer.value, mapsOf(zeros)]));
  const spread = (layer: string): number => {
    const values = maps.get(layer)?.layer ?? new Float32Array();
    return (
      values.reduce((most, each) => Math.max(most, each), 0) - values.reduce((least, each) => Math.min(least, each), 1)
    );
  };
  const widest = [...all].sort((a, b) => spread(b.layer.value) - spread(a.layer.value))[0];
  const shares = (of: (zeros: SiteZeros) => number | undefined): LayerMetric['values'] =>
    Object.fromEntries(
      all.flatMap((zeros) => {
        const share = of(zeros);
        return share === undefined ? [] : [[zeros.layer.value, share]];
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
      values: shares(deadSites),
    },
    {
      id: 'layer-dead-channels-share',
      label: 'Dead channels',
      definition:
        'Share of the layer’s channels that are exactly 0 at every place on every input; layers whose channels have maps.',
      format: 'share',
      scale: 'sequential',
      values: shares(deadChannels),
    },
    {
      id: 'layer-silence-spread',
      label: 'Unevenness of silence',
      definition: 'Largest less smallest share of zeros among the places of the layer’s map, over channels and inputs.',
      format: 'share',
      scale: 'sequential',
      values: shares(({ layer }) => spread(layer.value)),
    },
  ];
  return {
    answer:
      widest === undefined
        ? 'No rectified feature map of one size was observed: there is no picture to look at.'
        : `Silence is most uneven in ${widest.layer.label}: from ${percent(extreme(maps, widest, Math.min, 1))} to ` +
          `${percent(extreme(maps, widest, Math.max, 0))} of its channels are 0 at a place (${facts.onInputs}). ` +
          `The pages of layers and channels show the maps.${oneInputCaution(facts.inputsSeen)}`,
    ...headlines(all),
    findings: [],
    layerMetrics: metrics.filter(({ values }) => Object.keys(values).length > 0),
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
      '– where feature maps are larger than 32 × 32, or too large for maps of channels.',
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

/** Dead sites of all layers whose every place has a cell of its own. */
function headlines(all: readonly SiteZeros[]): Pick<PassResult, 'headlines'> {
  const counted = all.flatMap((zeros) => {
    const share = deadSites(zeros);
    return share === undefined ? [] : [{ share, sites: zeros.layer.units * zeros.height * zeros.width }];
  });
  const sites = counted.reduce((sum, each) => sum + each.sites, 0);
  if (sites === 0) return {};
  return {
    headlines: [
      {
        id: 'dead-sites',
        label: 'Dead sites',
        definition:
          'Share of sites (channel, row, column; feature maps up to 32 × 32) that are exactly 0 on every input.',
        format: 'share',
        value: counted.reduce((sum, each) => sum + each.share * each.sites, 0) / sites,
      },
    ],
  };
}
