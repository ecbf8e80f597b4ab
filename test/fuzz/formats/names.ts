import type { Random } from '../random.js';

/** Names that no one should choose, and some do. */
const ODD: readonly string[] = [
  '',
  ' ',
  '.',
  '/',
  '__proto__',
  'constructor',
  'toString',
  'weight',
  'a.b.c',
  'a/b',
  '..',
  '\u202egnp.exe',
  '<b>bold</b>',
  '"quoted"',
  '\\',
  '\n',
  '\0',
  'ü',
  '権重',
  '😀',
  '\ud800',
  '0',
  '-1',
  'x'.repeat(300),
];

/** Different names, odd ones among them. */
export function oddNames(random: Random, count: number): string[] {
  const names = new Set<string>();
  for (let index = 0; names.size < count; index++) {
    const base = random.chance(0.4) ? random.pick(ODD) : `layers.${index}.weight`;
    names.add(names.has(base) ? `${base}${index}` : base);
  }
  return [...names];
}

/** Shapes of few elements: of no axes, with axes of zero, of many axes of one. */
export function oddShape(random: Random): number[] {
  const kind = random.below(6);
  if (kind === 0) return [];
  if (kind === 1) return [random.below(5), 0, random.below(1000)];
  if (kind === 2) return Array.from({ length: random.between(1, 20) }, () => 1);
  return Array.from({ length: random.between(1, 4) }, () => random.between(1, 5));
}
