/** A button that asks for confirmation, starts a run and shows its result. */
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import type { Done } from "../act.ts";
import { failure, Result } from "./result.tsx";

export interface ActionProps {
  readonly name: string;
  /** Explains the effect before the confirmation. */
  readonly question: ComponentChildren;
  readonly confirm: string;
  readonly act: () => Promise<Done>;
  readonly after: () => Promise<void>;
}

export function Action({ name, question, confirm, act, after }: ActionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [done, setDone] = useState<Done | null>(null);
  const id = useId();

  async function carryOut(event: Event) {
    event.preventDefault();
    dialog.current?.close();
    setBusy(true);
    setDone(null);
    const result = await act().catch(failure);
    setBusy(false);
    setDone(result);
    await after();
  }

  return (
    <div class="action">
      <button type="button" disabled={isBusy} onClick={() => dialog.current?.showModal()}>
        {isBusy ? `${name} …` : name}
      </button>
      <dialog ref={dialog} aria-labelledby={`${id}-title`}>
        <form method="dialog" onSubmit={(event) => void carryOut(event)}>
          <h2 id={`${id}-title`}>{name}?</h2>
          <p>{question}</p>
          <p class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>Leave it</button>
            <button type="submit" class="primary">{confirm}</button>
          </p>
        </form>
      </dialog>
      {done === null ? null : <Result done={done} />}
    </div>
  );
}
