/** Inputs of the fake models: little pictures of shapes, and sentences. */
import type { ExamplePreview } from '../../../src/core/dataset/dataset.js';
import type { LayerSummary } from '../../../src/core/passes/result.js';
import type { ExampleDetail } from '../../../src/protocol/inspection.js';
import type { FakeNetwork } from './network.js';
import { noise } from './random.js';

const SHAPES = ['circle', 'square', 'triangle', 'star', 'cross', 'ring', 'heart', 'spiral'];
const SIZE = 64;
const WORDS = 'the small red fox sees a tall tree and the old dog near the river runs home , then sleeps . '.split(' ');

export async function previewOf(network: FakeNetwork, index: number): Promise<ExamplePreview> {
  if (network.fileName.includes('<')) {
    const markup = '<script>window.hacked=1</script>';
    return { kind: 'tokens', name: markup, label: markup, tokens: [markup, ' plain'], ids: [0, 1] };
  }
  if (network.kind === 'text') {
    const tokens = Array.from({ length: 28 }, (_, position) => `${position > 0 ? ' ' : ''}${wordAt(index, position)}`);
    return { kind: 'tokens', name: `line ${index + 1} of corpus.txt`, tokens, ids: tokens.map((_, at) => at) };
  }
  const shape = SHAPES[index % 8] ?? 'circle';
  const name = `${shape}_${String(Math.floor(index / 8)).padStart(3, '0')}.png`;
  return { kind: 'image', name, label: shape, mime: 'image/png', bytes: await draw(index), width: SIZE, height: SIZE };
}

export function activationsOf(
  network: FakeNetwork,
  layer: LayerSummary,
  unit: number,
  index: number,
  peak: number,
): ExampleDetail['activations'] {
  if (network.kind === 'text') {
    const values = Float32Array.from({ length: 28 }, (_, position) => {
      const liked = Math.floor(noise(unit, 5) * WORDS.length);
      return wordAt(index, position) === WORDS[liked] ? peak : peak * 0.25 * noise(unit, index, position);
    });
    return { shape: [28], values };
  }
  const side = layer.shape[1];
  if (side === undefined) return { shape: [], values: Float32Array.of(peak) };
  const [cx, cy] = centre(index);
  const values = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const distance = Math.hypot(
        (x + 0.5) / side - cx - 0.12 * (noise(unit, 1) - 0.5),
        (y + 0.5) / side - cy - 0.3 * (noise(unit, 2) - 0.5),
      );
      values[y * side + x] = peak * Math.max(0, Math.exp(-((distance / 0.14) ** 2)) - 0.04);
    }
  }
  return { shape: [side, side], values };
}

function wordAt(index: number, position: number): string {
  return WORDS[(index * 3 + position) % WORDS.length] ?? '';
}

function centre(index: number): readonly [number, number] {
  return [0.38 + 0.24 * noise(index, 1), 0.38 + 0.24 * noise(index, 2)];
}

async function draw(index: number): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('No canvas');
  const hue = Math.floor(360 * noise(index, 3));
  context.fillStyle = `hsl(${(hue + 150) % 360} 25% ${18 + 60 * noise(index, 4)}%)`;
  context.fillRect(0, 0, SIZE, SIZE);
  const [x, y] = centre(index);
  context.translate(x * SIZE, y * SIZE);
  context.rotate(2 * noise(index, 5));
  context.fillStyle = `hsl(${hue} 70% 55%)`;
  context.strokeStyle = context.fillStyle;
  context.lineWidth = 6;
  const radius = 12 + 8 * noise(index, 6);
  const corners = [0, 4, 3, 10, 4, 0, 5, 6][index % 8] ?? 0;
  context.beginPath();
  if (corners === 0) context.arc(0, 0, radius, 0, 2 * Math.PI);
  for (let corner = 0; corner < corners; corner++) {
    const angle = (2 * Math.PI * corner) / corners;
    const reach = corners === 10 && corner % 2 === 1 ? radius / 2 : radius;
    context.lineTo(reach * Math.cos(angle), reach * Math.sin(angle));
  }
  context.closePath();
  if (index % 8 === 5) context.stroke();
  else context.fill();
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new Uint8Array(await blob.arrayBuffer());
}
