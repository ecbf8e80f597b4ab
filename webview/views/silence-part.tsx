/** Where in the picture a layer, and one of its channels, are silent: chosen on the page of the pass. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { singular } from '../../src/core/passes/words.js';
import type { PassSummary } from '../../src/protocol/inspection.js';
import { NumberField } from '../controls/number-field.js';
import { Select } from '../controls/select.js';
import { formatCount } from '../format/numbers.js';
import { layers } from '../state/metrics.js';
import { selection } from '../state/selection.js';
import { SilenceMap } from '../unit/silence-map.js';

/** Nothing for other passes, and where no layer is a picture. */
export function SilencePart({ found }: { found: PassSummary }): JSX.Element | null {
  const [chosen, setChosen] = useState<string>();
  const [channel, setChannel] = useState<number>();
  const valuesOf = (id: string): Readonly<Record<string, number>> =>
    found.layerMetrics.find((metric) => metric.id === id)?.values ?? {};
  const spread = valuesOf('layer-silence-spread');
  const mapped = layers.value.filter(({ value }) => spread[value] !== undefined);
  const { layer: selected, unit } = selection.value;
  const [widest] = [...mapped].sort((a, b) => (spread[b.value] ?? 0) - (spread[a.value] ?? 0));
  const layer =
    mapped.find(({ value }) => value === chosen) ?? mapped.find(({ value }) => value === selected) ?? widest;
  if (layer === undefined) return null;
  const word = singular(layer.unitWord);
  const shown = Math.min(layer.units - 1, channel ?? (layer.value === selected ? unit : undefined) ?? 0);
  const hasChannels = valuesOf('layer-dead-channels-share')[layer.value] !== undefined;
  return (
    <section class="silence-part" aria-label="Maps of silence">
      <div class="button-row">
        <Select
          label="Layer"
          value={layer.value}
          choices={mapped.map(({ value, label }) => ({ value, label }))}
          onChange={setChosen}
        />
        {hasChannels && (
          <NumberField
            label={`Channel, of ${formatCount(layer.units)}`}
            value={shown}
            minimum={0}
            maximum={layer.units - 1}
            onChange={setChannel}
          />
        )}
      </div>
      <div class="silence-maps">
        <SilenceMap key={layer.value} layer={layer} />
        {hasChannels ? (
          <SilenceMap key={`${layer.value} ${shown}`} layer={layer} unit={shown} />
        ) : (
          <p class="note">This layer is too large to keep a map of every {word}: the one of all together is shown.</p>
        )}
      </div>
    </section>
  );
}
