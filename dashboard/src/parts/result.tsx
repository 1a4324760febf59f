/** What became of an action, in the place where it was asked for. */
import { useEffect, useRef } from "preact/hooks";
import type { Done } from "../act.ts";

/** Takes the focus when it appears. */
export function Result({ done }: { readonly done: Done }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [done]);
  return (
    <div
      ref={box}
      tabIndex={-1}
      role="status"
      class={`notice result ${done.isGood ? "good" : "bad"}`}
    >
      <p class="notice-title">
        <span aria-hidden="true">{done.isGood ? "✓ " : "✕ "}</span>
        {done.text}
      </p>
      {done.lines.length === 0
        ? null
        : <ul>{done.lines.map((line) => <li key={line}>{line}</li>)}</ul>}
    </div>
  );
}

export function failure(error: unknown): Done {
  return {
    isGood: false,
    text: error instanceof Error ? error.message : String(error),
    lines: [],
  };
}
