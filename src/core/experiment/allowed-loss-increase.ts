/** How much worse a changed network may get: p of PPL-p% (methods C2), which a person may choose. */

/** A share: 0.01 is 1 %. */
export const DEFAULT_ALLOWED_LOSS_INCREASE = 0.01;
/** As people state it, in percent: below, single precision decides; above, perplexity has doubled. */
export const ALLOWED_PERCENT = { least: 0.01, most: 100 } as const;

/** Whether a number of percent can be searched for. */
export function isAllowedPercent(percent: number): boolean {
  return percent >= ALLOWED_PERCENT.least && percent <= ALLOWED_PERCENT.most;
}

const digits = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });

/** 0.01 as "1 %". */
export function allowedText(allowed: number): string {
  return `${digits.format(100 * allowed)} %`;
}
