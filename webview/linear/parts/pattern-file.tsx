import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../../src/core/errors.js';
import { Button } from '../../controls/button.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { loadPattern } from '../load-pattern.js';
import type { ImageLayout } from '../map/map-picture.js';

interface PatternFileProps {
  readonly layout: ImageLayout;
  readonly onLoad: (values: Float32Array) => void;
}

/** Loads a pattern from a picture or a NumPy array of the output's size. */
export function PatternFile({ layout, onLoad }: PatternFileProps): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [failed, setFailed] = useState<Problem>();
  const load = async (file: File): Promise<void> => {
    setFailed(undefined);
    try {
      onLoad(await loadPattern(file, layout));
    } catch (error) {
      setFailed(asProblem(error));
    }
  };
  return (
    <>
      <Button onClick={() => field.current?.click()}>Load a picture or .npy…</Button>
      <input
        ref={field}
        class="visually-hidden"
        type="file"
        accept=".npy,image/png,image/jpeg"
        aria-label="File of the pattern"
        tabIndex={-1}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          // The same file may be chosen again, after it was changed.
          if (file) void load(file);
          event.currentTarget.value = '';
        }}
      />
      {failed && <ProblemBox problem={failed} action="Dismiss" onAction={() => setFailed(undefined)} />}
    </>
  );
}
