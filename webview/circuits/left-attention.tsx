/** Layers whose attention cannot be told apart by heads, and why. */
import type { JSX } from 'preact';

interface LeftAttentionProps {
  readonly left: readonly { readonly layer: number; readonly reason: string }[];
  /** What that means for the table above. */
  readonly what?: string;
}

export function LeftAttention({ left, what = '' }: LeftAttentionProps): JSX.Element | null {
  if (left.length === 0) return null;
  const byReason = new Map<string, number[]>();
  for (const { layer, reason } of left) byReason.set(reason, [...(byReason.get(reason) ?? []), layer]);
  return (
    <>
      {[...byReason].map(([reason, layers]) => (
        <p key={reason} class="muted" role="note">
          The heads of layer{layers.length > 1 ? 's' : ''} {layers.join(', ')} are not told apart: {reason} {what}
        </p>
      ))}
    </>
  );
}
