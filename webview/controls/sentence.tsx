/** A sentence with numbers, whose shares are not parted from their percent signs at the end of a line. */
import type { JSX } from 'preact';

const SHARE = /([^\s(]+ %)/;

export function Sentence({ children }: { children: string }): JSX.Element {
  // Every second part is a share.
  return (
    <>
      {children.split(SHARE).map((part, at) =>
        at % 2 === 0 ? (
          part
        ) : (
          <span key={at} class="unbroken">
            {part}
          </span>
        ),
      )}
    </>
  );
}
