/** Numbers as a terminal shows them. */

/** 0 and 100 % only where it is all: what rounds to them says that it is near. */
export function percent(share = NaN): string {
  if (share > 0 && share < 0.00005) return '< 0.01 %';
  if (share < 1 && share >= 0.99995) return '> 99.99 %';
  return `${(share * 100).toFixed(2)} %`;
}

export const number = (value: number | undefined): string => Number((value ?? NaN).toPrecision(4)).toString();

/** "1 token", "2,048 tokens". */
export const counted = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en-US')} ${value === 1 ? one : many}`;
