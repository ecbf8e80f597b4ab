/** Numbers as a terminal shows them. */

export const percent = (share: number | undefined): string => `${((share ?? NaN) * 100).toFixed(2)} %`;
export const number = (value: number | undefined): string => Number((value ?? NaN).toPrecision(4)).toString();

/** "1 token", "2,048 tokens". */
export const counted = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en-US')} ${value === 1 ? one : many}`;
