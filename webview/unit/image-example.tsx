import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ExamplePreview } from '../../src/core/dataset/dataset.js';
import { logDefect } from '../state/log.js';
import { drawActivationMap, type Activations } from './activation-map.js';

/** Smaller pictures are shown with sharp pixels. */
const SHARP_BELOW_PX = 96;

interface ImageExampleProps {
  readonly image: Extract<ExamplePreview, { kind: 'image' }>;
  readonly activations: Activations | undefined;
  readonly reach: number;
}

export function ImageExample({ image, activations, reach }: ImageExampleProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let gone = false;
    // A copy with a buffer of its own: Blob takes no shared memory.
    createImageBitmap(new Blob([image.bytes.slice()], { type: image.mime }))
      .then((bitmap) => {
        if (!gone && canvas.current) draw(canvas.current, bitmap, activations, reach);
        bitmap.close();
      })
      .catch(logDefect);
    return () => {
      gone = true;
    };
  }, [image, activations, reach]);
  return <canvas ref={canvas} class="example-canvas" role="img" aria-label={image.name} />;
}

function draw(
  canvas: HTMLCanvasElement,
  bitmap: ImageBitmap,
  activations: Activations | undefined,
  reach: number,
): void {
  const ratio = window.devicePixelRatio;
  const side = Math.round(canvas.clientWidth * ratio);
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = side / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const place = [(side - width) / 2, (side - height) / 2, width, height] as const;
  context.imageSmoothingEnabled = bitmap.width >= SHARP_BELOW_PX;
  context.drawImage(bitmap, ...place);
  if (activations) drawActivationMap(context, activations, reach, place);
}
