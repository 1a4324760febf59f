/** Calls functions in process with streamed bodies, and measures how much of them was read. */
import type { Stack } from "../../../local/stack/stack.ts";
import { type Credential, isWellNamed, type OptionsPlan } from "./options.ts";

export interface Called {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- a test reads what it expects and fails if it is not there
  readonly said: any;
  readonly bytesTaken: number;
}

export async function callWith(stack: Stack, plan: OptionsPlan): Promise<Called> {
  return await callInProcess(stack, plan.functionName, headersOf(stack, plan.credential), [
    plan.body,
  ]);
}

/** Yields `chunks` one by one, each on demand. */
export async function callInProcess(
  stack: Stack,
  functionName: string,
  headers: Record<string, string>,
  chunks: Iterable<Uint8Array>,
): Promise<Called> {
  const left = chunks[Symbol.iterator]();
  let bytesTaken = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = left.next();
      if (next.done) return controller.close();
      bytesTaken += next.value.byteLength;
      controller.enqueue(next.value);
    },
  }, { highWaterMark: 0 });
  const response = await stack.functions.handle(
    new Request(`${stack.ready.functions_url}/${functionName}`, { method: "POST", headers, body }),
  );
  return { status: response.status, said: await response.json(), bytesTaken };
}

function headersOf({ ready }: Stack, credential: Credential): Record<string, string> {
  switch (credential) {
    case "secret key":
      return { apikey: ready.secret_key };
    case "publishable key":
      return { apikey: ready.publishable_key };
    case "wrong key":
      return { apikey: `${ready.secret_key}x` };
    case "none":
      return {};
  }
}

/** The defects in the answer to a body; empty if there is none. */
export function faultsInCall(plan: OptionsPlan, called: Called): string[] {
  const text = new TextDecoder().decode(plan.body.slice(0, 2_000));
  return faults(plan, text, called).map((fault) => `${plan.functionName} ${fault}: ${text}`);
}

function faults(plan: OptionsPlan, text: string, { status, said, bytesTaken }: Called): string[] {
  if (plan.credential !== "secret key") {
    return status === 401 && bytesTaken === 0
      ? []
      : [`answered ${status} to ${plan.credential}, and took ${bytesTaken} bytes`];
  }
  if (status !== 200) {
    const isClear = [400, 409, 413].includes(status) && typeof said.code === "string" &&
      said.message.length < 600;
    return isClear ? [] : [`answered ${status} ${JSON.stringify(said)}`];
  }
  if (plan.functionName === "braze-webhook" && plan.members === null) {
    return said.received === said.rejected ? [] : [`took ${JSON.stringify(said)}`];
  }
  const isUsual = plan.members === null && /^[\ufeff\s]*\{\s*\}\s*$/.test(text);
  if (!isUsual && !isWellNamed(plan)) return ["ran with options that it cannot have understood"];
  if (said.outcome === "failed") return [`failed: ${JSON.stringify(said)}`];
  const wantsDryRun = plan.members?.some(([name]) => name === '"dry_run"') === true &&
    !text.includes('"dry_run":false');
  return wantsDryRun && said.dry_run !== true ? ["ran in earnest"] : [];
}
