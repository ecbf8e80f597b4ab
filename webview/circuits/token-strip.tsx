/** The text of a circuit: tokens are shaded by how much of the node that is pointed at comes directly from nodes at them. */
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { Help } from '../controls/tooltip.js';
import { formatShare } from '../format/numbers.js';
import { visible } from '../format/words.js';

interface TokenStripProps {
  readonly tokens: readonly string[];
  /** What the pointer is over, and else what is looked at. */
  readonly hovered: Signal<number | undefined>;
  readonly selected: number | undefined;
  readonly positionOf: (node: number) => number;
  readonly sharesOf: (node: number) => Float64Array;
}

/** Of the colour, where all of it comes from one token: the text stays readable. */
const STRONGEST_PERCENT = 75;

export function TokenStrip({ tokens, hovered, selected, positionOf, sharesOf }: TokenStripProps): JSX.Element {
  const node = hovered.value ?? selected;
  const shares = node === undefined ? undefined : sharesOf(node);
  const own = node === undefined ? undefined : positionOf(node);
  return (
    <div class="circuit-tokens">
      <p class="tokens" role="group" aria-label="Tokens of the text">
        {tokens.map((token, at) => {
          const share = shares?.[at] ?? 0;
          const percent = Math.round(STRONGEST_PERCENT * share);
          const backgroundColor = `color-mix(in srgb, var(--vscode-charts-blue) ${percent}%, transparent)`;
          return (
            <span
              key={at}
              class={`token ${at === own ? 'circuit-own-token' : ''}`}
              style={percent === 0 ? undefined : { backgroundColor }}
              title={`${visible(token)}${shares === undefined ? '' : `  ${formatShare(share)} of it`}`}
            >
              {visible(token)}
            </span>
          );
        })}
      </p>
      <Help about="Shading of tokens">
        The share of all edges into the node, by their sizes, that come from nodes at this token: its embedding, and
        features and errors there. The token of the node itself is framed.
      </Help>
    </div>
  );
}
