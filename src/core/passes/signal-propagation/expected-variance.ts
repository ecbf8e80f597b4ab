/**
 * The analytic line of NF-ResNets (Brock, De, Smith 2021; methods F): a block adds α · branch, whose variance is kept
 * at 1, so that the variance grows by α² per block; a transition normalises its input, which sets the variance back
 * to 1 before it adds.
 */
export function expectedVariances(
  blocks: readonly { readonly branchFactor: number; readonly transition: boolean }[],
): number[] {
  let variance = 1;
  return blocks.map(({ branchFactor, transition }) => {
    if (transition) variance = 1;
    variance += branchFactor ** 2;
    return variance;
  });
}
