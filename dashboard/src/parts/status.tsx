/** States as a sign, a word and a colour; each alone is sufficient. */
import type { Severity, Verdict } from "../rows.ts";
import { type Tone, wordingOfVerdict } from "../verdict.ts";

const SIGNS: Readonly<Record<Tone, string>> = {
  good: "✓",
  bad: "✕",
  warn: "!",
  wait: "◷",
  off: "–",
  person: "✎",
};

export function Chip({ tone, children, title, sign = SIGNS[tone] }: {
  readonly tone: Tone;
  readonly children: string;
  readonly title?: string;
  readonly sign?: string;
}) {
  return (
    <span class={`chip ${tone}`} title={title}>
      <span class="sign" aria-hidden="true">{sign}</span>
      {children}
    </span>
  );
}

export function VerdictChip({ verdict }: { readonly verdict: Verdict }) {
  const { label, tone, sign } = wordingOfVerdict(verdict);
  return <Chip tone={tone} sign={sign}>{label}</Chip>;
}

export const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = {
  critical: "bad",
  warning: "warn",
  info: "wait",
};
