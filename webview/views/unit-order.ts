/** Units in the order of their index, or largest value first (units without a value last). */
export function unitOrder(values: Float32Array | undefined, units: number, by: 'index' | 'value'): Uint32Array {
  const order = Uint32Array.from({ length: units }, (_, unit) => unit);
  if (by === 'index' || values === undefined) return order;
  const key = (unit: number): number => {
    const value = values[unit] ?? NaN;
    return Number.isNaN(value) ? -Infinity : value;
  };
  return order.sort((a, b) => (key(a) === key(b) ? a - b : key(b) > key(a) ? 1 : -1));
}
