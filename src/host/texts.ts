/** Sentences that the extension host shows. */
import type { Problem } from '../core/errors.js';
import type { RunProgress } from '../protocol/inspection.js';

const count = new Intl.NumberFormat('en');

/** "Weights are missing. (model.onnx, tensor w) Put the file beside the model." */
export function problemText(problem: Problem): string {
  const place = problem.place === undefined || problem.message.includes(problem.place) ? '' : ` (${problem.place})`;
  return `${problem.message}${place}${problem.remedy === undefined ? '' : ` ${problem.remedy}`}`;
}

/** "about 12 s left", "about 3 min left". */
export function timeLeftText(seconds: number): string {
  if (seconds < 1) return 'less than 1 s left';
  if (seconds < 90) return `about ${count.format(Math.ceil(seconds))} s left`;
  if (seconds < 5400) return `about ${count.format(Math.round(seconds / 60))} min left`;
  return `about ${count.format(Math.round(seconds / 3600))} h left`;
}

/** "Running: 120 of 200 inputs, about 12 s left". */
export function progressText(progress: RunProgress): string {
  const parts: string[] = [];
  const { unit, done, planned } = progress;
  if (planned > 0) {
    parts.push(
      unit === 'bytes'
        ? `${count.format(done / 1e6)} of ${count.format(planned / 1e6)} MB`
        : `${count.format(done)} of ${count.format(planned)} ${unit}`,
    );
  }
  if (progress.secondsLeft !== undefined) parts.push(timeLeftText(progress.secondsLeft));
  return parts.length === 0 ? `${progress.phase}…` : `${progress.phase}: ${parts.join(', ')}`;
}
