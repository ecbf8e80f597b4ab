/** A colour scale with its ends, its unit and its definition. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Quantity } from '../../src/core/passes/result.js';
import { Help } from '../controls/tooltip.js';
import { formatBrief } from '../format/numbers.js';
import { colormap, type Domain } from '../../src/core/picture/colormap.js';
import { theme } from '../theme/theme.js';

interface LegendProps {
  readonly quantity: Quantity;
  readonly domain: Domain;
  /** Values lie beyond the ends and take the colour of the end. */
  readonly clipped?: boolean;
  readonly note?: string;
}

export function Legend({ quantity, domain, clipped = false, note }: LegendProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = theme.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const { packed } = colormap(quantity.scale, dark);
    const pixels = new ImageData(new Uint8ClampedArray(packed.slice().buffer), packed.length, 1);
    context.putImageData(pixels, 0, 0);
  }, [quantity.scale, dark]);
  const [low, high] = domain;
  const atLow = formatBrief(quantity.format, low);
  const atHigh = formatBrief(quantity.format, high);
  return (
    <div class="legend" role="img" aria-label={`Colours: ${quantity.label}, from ${atLow} to ${atHigh}`}>
      <span class="legend-name">
        {quantity.label} <Help about={quantity.label}>{quantity.definition}</Help>
      </span>
      <span class="legend-end">{clipped && low < 0 ? `≤ ${atLow}` : atLow}</span>
      <canvas ref={canvas} class="legend-scale" width={256} height={1} />
      <span class="legend-end">{clipped ? `≥ ${atHigh}` : atHigh}</span>
      {note && <span class="legend-note">{note}</span>}
    </div>
  );
}
