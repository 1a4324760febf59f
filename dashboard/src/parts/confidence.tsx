/** The confidence of a match's events, as a bar and as text. */
import { count, percent } from "../format.ts";

const LEVELS = ["high", "medium", "low"] as const;

export function Confidence(split: { readonly [level in typeof LEVELS[number]]: number }) {
  const total = split.high + split.medium + split.low;
  if (total === 0) return <span class="quiet">–</span>;
  const present = LEVELS.filter((level) => split[level] > 0);
  const text = present.map((level) => `${count(split[level])} ${level}`).join(", ");
  return (
    <span class="confidence" title={`${text}: events by the confidence of their attribution`}>
      <span class="bar" aria-hidden="true">
        {present.map((level) => (
          <span key={level} class={level} style={{ flexGrow: split[level] / total }} />
        ))}
      </span>
      <span class="bar-text">
        {present.length === 1 ? `all ${present[0]}` : `${percent(split.high / total)} high`}
        <span class="visually-hidden">: {text}</span>
      </span>
    </span>
  );
}
