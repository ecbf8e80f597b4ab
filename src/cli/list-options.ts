/** What the command line asks of lists of features, from its options. */
import { EXPORT_FORMATS, type ListOptions } from './feature-lists.js';
import type { WrongOption } from './steering-options.js';

interface ListValues {
  readonly list?: string | undefined;
  readonly names?: string | undefined;
  readonly layer?: string | undefined;
  readonly export?: string | undefined;
  readonly out?: string | undefined;
}

/** @returns the option that cannot be what it was given, where there is one. */
export function listOptions({ list, names, layer, out, ...values }: ListValues): ListOptions | WrongOption {
  const numbered = layer === undefined ? undefined : Number(layer);
  if (numbered !== undefined && !(Number.isSafeInteger(numbered) && numbered >= 0))
    return { option: '--layer', value: layer ?? '', hint: 'Layers count from 0.' };
  if (names !== undefined && names !== 'keep' && names !== 'replace')
    return { option: '--names', value: names, hint: 'It is keep or replace.' };
  if (names !== undefined && list === undefined)
    return { option: '--names', value: names, hint: 'It goes with --list.' };
  const format = EXPORT_FORMATS.find((each) => each === values.export);
  if (values.export !== undefined && format === undefined)
    return { option: '--export', value: values.export, hint: `The formats are ${EXPORT_FORMATS.join(', ')}.` };
  if (format !== undefined && out === undefined)
    return { option: '--export', value: format, hint: 'Say where to with --out.' };
  return {
    ...(list === undefined ? {} : { list }),
    ...(names === undefined ? {} : { names }),
    ...(numbered === undefined ? {} : { layer: numbered }),
    ...(format === undefined || out === undefined ? {} : { export: { format, path: out } }),
  };
}
