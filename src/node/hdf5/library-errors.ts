/** What the HDF5 library writes about an error, as a reason in a few words. */

const MAXIMUM_CHARACTERS = 200;

/**
 * The library prints the calls that failed, outermost first: “#003: …/H5HG.c line 288 in H5HG__read(): bad header”.
 * The innermost says what is wrong.
 */
export function problemText(lines: readonly string[]): string {
  let reason: string | undefined;
  for (const line of lines) {
    const call = /^\s*#(\d+): .* in \w+\(\): (.+)$/.exec(line);
    // The first error: later ones follow from it.
    if (call?.[1] === '000' && reason !== undefined) break;
    if (call?.[2] !== undefined) reason = call[2];
  }
  return (reason ?? lines[0] ?? '').trim().slice(0, MAXIMUM_CHARACTERS);
}
