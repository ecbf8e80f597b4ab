/** What the measured places of a dictionary say to those who mean to run it: where, and how the value is taken there. */
import { VARIANTS, type Variant } from '../../dictionary/attach/sites.js';
import type { PassResult } from '../result.js';
import { NOTABLE_FACTOR, SITES_TABLE } from './tables.js';

export interface FittingPlace {
  /** Values of the model as it is. */
  readonly reads: string;
  readonly writes: string;
  /** How what it reads is taken; what it gives back, too, where that is the same value. */
  readonly variant: Variant;
  readonly fvu: number;
}

/** Where it fits best of all that was measured. */
export function bestPlace(fit: PassResult | undefined): FittingPlace | undefined {
  return placesOf(fit)[0];
}

/** How a value that was named is taken: as it is, unless the dictionary fits a variant of it clearly better. */
export function fittingVariant(fit: PassResult | undefined, reads: string): Variant {
  const places = placesOf(fit).filter((place) => place.reads === reads);
  const asItIs = places.find(({ variant }) => variant === 'as it is');
  const [best] = places;
  if (best === undefined || (asItIs !== undefined && asItIs.fvu <= NOTABLE_FACTOR * best.fvu)) return 'as it is';
  return best.variant;
}

/** Best first. */
function placesOf(fit: PassResult | undefined): readonly FittingPlace[] {
  const table = fit?.tables?.find(({ id }) => id === SITES_TABLE);
  const column = (id: string): number => table?.columns.findIndex((each) => each.id === id) ?? -1;
  const [taken, fvu] = [column('variant'), column('fvu')];
  return (table?.rows ?? []).flatMap(({ cells, values: [reads, writes] = [] }) => {
    const variant = VARIANTS.find((each) => each === cells[taken]);
    return reads === undefined || writes === undefined || variant === undefined
      ? []
      : [{ reads, writes, variant, fvu: Number(cells[fvu]) }];
  });
}
