/** The plain values of a JSON text, whatever its form: for configurations that tools leave beside and in files. */

/** Keys of nested objects are joined: "trainer.dict_class". */
export interface KeyedValue {
  readonly key: string;
  readonly value: string | number | boolean;
}

const MAXIMUM_DEPTH = 4;
export const MAXIMUM_VALUES = 2000;
const MAXIMUM_TEXT = 200;

/** Texts are shortened; what is no JSON has no values. */
export function jsonValues(text: string): readonly KeyedValue[] {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return [];
  }
  const found: KeyedValue[] = [];
  const walk = (value: unknown, key: string, depth: number): void => {
    if (found.length >= MAXIMUM_VALUES) return;
    if (typeof value === 'number' || typeof value === 'boolean') found.push({ key, value });
    else if (typeof value === 'string') found.push({ key, value: value.slice(0, MAXIMUM_TEXT) });
    else if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < MAXIMUM_DEPTH) {
      for (const [name, inner] of Object.entries(value)) walk(inner, key === '' ? name : `${key}.${name}`, depth + 1);
    }
  };
  walk(root, '', 0);
  return found;
}
