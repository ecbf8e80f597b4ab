import type { JSX } from 'preact';
import type { ExamplePreview } from '../../src/core/dataset/dataset.js';
import type { Activations } from './activation-map.js';
import { ArrayExample } from './array-example.js';
import { ImageExample } from './image-example.js';
import { TokenExample } from './token-example.js';

interface ExamplePictureProps {
  readonly preview: ExamplePreview;
  readonly activations: Activations | undefined;
  /** The |activation| with the strongest colour. */
  readonly reach: number;
}

/** What a person sees of one input, with what a unit did on it. */
export function ExamplePicture({ preview, activations, reach }: ExamplePictureProps): JSX.Element {
  switch (preview.kind) {
    case 'image':
      return <ImageExample image={preview} activations={activations} reach={reach} />;
    case 'tokens':
      return <TokenExample tokens={preview.tokens} activations={activations} reach={reach} />;
    case 'array':
      return <ArrayExample values={preview.values} dims={preview.dims} activations={activations} reach={reach} />;
  }
}
