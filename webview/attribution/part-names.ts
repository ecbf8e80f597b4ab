/** How the parts of patched values are named, and where they lie among the columns of the heatmap. */
import type { PatchedSite, PatchingAnswer } from '../../src/protocol/attribution.js';
import { visible } from '../format/words.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

/** Tokens of both inputs, where they are texts. */
export interface TokenPair {
  readonly clean: readonly string[];
  readonly corrupt: readonly string[];
}

export function partName({ parts, count }: PatchedSite, part: number, tokens: TokenPair | undefined): string {
  switch (parts.kind) {
    case 'whole':
      return 'whole';
    case 'positions': {
      const start = parts.starts[part] ?? 0;
      const end = part + 1 < count ? (parts.starts[part + 1] ?? start + 1) : parts.size;
      const isOne = end - start === 1;
      const place = isOne ? String(tokenNumber(start)) : `${tokenNumber(start)} to ${tokenNumber(end - 1)}`;
      if (tokens?.clean.length !== parts.size) return `${isOne ? 'position' : 'positions'} ${place}`;
      const [clean, corrupt] = [tokens.clean, tokens.corrupt].map((all) => all.slice(start, end).join('')) as [
        string,
        string,
      ];
      const one = `${isOne ? 'token' : 'tokens'} ${place} “${visible(clean)}”`;
      return clean === corrupt ? one : `${one}, “${visible(corrupt)}” in the corrupt input`;
    }
    case 'grid':
      return `row ${Math.floor(part / parts.columns)}, column ${part % parts.columns} of ${parts.rows} × ${parts.columns}`;
  }
}

export interface EffectRow {
  readonly site: PatchedSite;
  readonly part: number;
  /** Place among the effects. */
  readonly at: number;
}

export function effectRows({ sites }: PatchingAnswer): readonly EffectRow[] {
  return sites.flatMap((site) =>
    Array.from({ length: site.count }, (_, part) => ({ site, part, at: site.first + part })),
  );
}

export function siteAt({ sites }: PatchingAnswer, at: number): EffectRow | undefined {
  const site = sites.find(({ first, count }) => at >= first && at < first + count);
  return site && { site, part: at - site.first, at };
}

/** Positions at which two texts of the same length are not the same. */
export function differences({ clean, corrupt }: TokenPair): readonly number[] {
  return clean.flatMap((token, at) => (token === corrupt[at] ? [] : [at]));
}
