/** What the readers of lists share. */

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function passedOver(count: number): readonly string[] {
  if (count === 0) return [];
  return [`${count.toLocaleString('en-US')} ${count === 1 ? 'entry names' : 'entries name'} no feature.`];
}
