/** How many ascending values are below a threshold. */
export function countBelow(ascending: ArrayLike<number>, threshold: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}
