import type { JSX } from 'preact';
import { colorAt, colormap, cssColor, textOn } from '../../src/core/picture/colormap.js';
import { formatNumber } from '../format/numbers.js';
import { visible } from '../format/words.js';
import { theme } from '../theme/theme.js';
import type { Activations } from './activation-map.js';

/** Weaker activations leave the text as it is. */
const COLOURED_FROM = 0.08;

interface TokenExampleProps {
  readonly tokens: readonly string[];
  readonly activations: Activations | undefined;
  readonly reach: number;
  /** Values have a sign, even where none here is negative. */
  readonly signed?: boolean;
}

/** Text whose tokens are coloured by the unit's activation on them. */
export function TokenExample({ tokens, activations, reach, signed = false }: TokenExampleProps): JSX.Element {
  const values = activations?.values.length === tokens.length ? activations.values : undefined;
  const styleOf = tokenStyles(values, reach, signed);
  return (
    <p class="tokens">
      {tokens.map((token, index) => {
        const value = values?.[index];
        if (value === undefined) return <span key={index}>{token}</span>;
        return (
          <span key={index} class="token" style={styleOf(value)} title={`${visible(token)}  ${formatNumber(value)}`}>
            {token}
          </span>
        );
      })}
    </p>
  );
}

/** How a token is coloured by its value; what is weak is not. */
export function tokenStyles(
  values: Activations['values'] | undefined,
  reach: number,
  signed = false,
): (value: number) => JSX.CSSProperties | undefined {
  const isSigned = signed || values?.some((value) => value < 0) === true;
  const map = colormap(isSigned ? 'diverging' : 'sequential', theme.value.dark);
  return (value) => {
    const strength = Math.min(1, Math.max(-1, value / reach));
    if (Math.abs(strength) < COLOURED_FROM) return undefined;
    const color = colorAt(map, map.scale === 'diverging' ? (strength + 1) / 2 : strength);
    return { backgroundColor: cssColor(color), color: textOn(color) };
  };
}
