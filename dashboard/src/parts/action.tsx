/** A button that asks for confirmation, executes the action and shows the result. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Done } from "../act.ts";

export interface ActionProps {
  readonly name: string;
  /** Explains the effect before the confirmation. */
  readonly question: ComponentChildren;
  readonly confirm: string;
  readonly isPossible?: boolean;
  /** The label of the required reason field. */
  readonly reasonFor?: string;
  readonly act: (reason: string) => Promise<Done>;
  readonly after: () => Promise<void>;
}

const REASON_CHARACTERS_MAX = 1_000;

export function Action(
  { name, question, confirm, isPossible = true, reasonFor, act, after }: ActionProps,
) {
  const dialog = useRef<HTMLDialogElement>(null);
  const result = useRef<HTMLDivElement>(null);
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [done, setDone] = useState<Done | null>(null);
  const id = useId();

  useEffect(() => {
    if (done !== null) result.current?.focus();
  }, [done]);

  async function carryOut(event: Event) {
    event.preventDefault();
    dialog.current?.close();
    setBusy(true);
    setDone(null);
    const result = await act(reason.trim()).catch((error: unknown): Done => ({
      isGood: false,
      text: error instanceof Error ? error.message : String(error),
      lines: [],
    }));
    setBusy(false);
    setReason("");
    setDone(result);
    await after();
  }

  return (
    <div class="action">
      <button
        type="button"
        disabled={isBusy || !isPossible}
        onClick={() => dialog.current?.showModal()}
      >
        {isBusy ? `${name} …` : name}
      </button>
      <dialog ref={dialog} aria-labelledby={`${id}-title`}>
        <form method="dialog" onSubmit={(event) => void carryOut(event)}>
          <h2 id={`${id}-title`}>{name}?</h2>
          <p>{question}</p>
          {reasonFor === undefined ? null : (
            <label>
              {reasonFor}
              <textarea
                required
                rows={3}
                maxLength={REASON_CHARACTERS_MAX}
                value={reason}
                onInput={(event) => setReason(event.currentTarget.value)}
              />
            </label>
          )}
          <p class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>Leave it</button>
            <button
              type="submit"
              class="primary"
              disabled={reasonFor !== undefined && reason.trim() === ""}
            >
              {confirm}
            </button>
          </p>
        </form>
      </dialog>
      {done === null ? null : (
        <div
          ref={result}
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
      )}
    </div>
  );
}
