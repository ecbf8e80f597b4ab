/** How much a circuit explains, and what must be known before it is read. */
import type { JSX } from 'preact';
import { Badge } from '../controls/fields.js';
import { Icon } from '../controls/icon.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber, formatSeconds, formatShare } from '../format/numbers.js';
import type { FoundCircuit } from '../state/circuits.js';

/** Of the identity, relative to the sizes: what single precision may leave (methods section 0). */
const TOLERANCE = 1e-4;
const LIKELY_SHOWN = 5;

export function Scores({ found: { answer } }: { found: FoundCircuit }): JSX.Element {
  const { replacement, completeness, residual, active, leftOut, layersWithout, likely, seconds, data, synthetic } =
    answer;
  return (
    <>
      <p class="muted">
        {data}, in {formatSeconds(seconds)}. {synthetic && <Badge tone="warning">random inputs</Badge>} Likely next:{' '}
        {likely
          .slice(0, LIKELY_SHOWN)
          .map(({ text, probability }) => `${text} ${formatShare(probability)}`)
          .join(', ')}
        .
      </p>
      <div class="feature-figures circuit-scores">
        <Score
          label="through features"
          value={formatShare(replacement)}
          help="Replacement score: of the influence that reaches tokens and errors, the share that reaches tokens. The rest goes through what transcoders miss."
        />
        <Score
          label="explained inputs"
          value={formatShare(completeness)}
          help="Completeness score: of what makes up the nodes, weighted by their influence, the share that is not errors."
        />
        <Score
          label="does not add up"
          value={formatNumber(residual)}
          help="The largest difference between a target’s value and the sum of its edges, biases and features that are no nodes, relative to their sizes. Single precision leaves up to 0.0001."
        />
        <Score
          label="active features"
          value={formatCount(active)}
          help={`Features above zero at some token; ${formatCount(leftOut)} of them are no nodes, the least influential ones.`}
        />
      </div>
      {residual > TOLERANCE && (
        <p class="feature-warning" role="note">
          <Icon name="warning" class="icon-warning" /> The parts do not add up to the targets: do not rely on this
          circuit.
        </p>
      )}
      {layersWithout.length > 0 && (
        <p class="feature-warning" role="note">
          <Icon name="warning" class="icon-warning" /> {withoutTranscoder(layersWithout)}
        </p>
      )}
    </>
  );
}

function withoutTranscoder(layers: readonly number[]): string {
  return layers.length === 1
    ? `Layer ${layers[0]} has no transcoder: all that its MLP writes counts as error.`
    : `Layers ${layers.join(', ')} have no transcoder: all that their MLPs write counts as error.`;
}

function Score({ label, value, help }: { label: string; value: string; help: string }): JSX.Element {
  return (
    <div class="figure">
      <span class="figure-value">{value}</span>
      <span class="figure-label muted">
        {label} <Help about={label}>{help}</Help>
      </span>
    </div>
  );
}
