/** Posts bodies to the webhook concurrently, and finds events that were lost, duplicated or altered. */
import { createHash } from "node:crypto";
import type { Stack } from "../../../local/stack/stack.ts";
import type { Body, Part } from "./bodies.ts";
import type { Origin, Specimen } from "./events.ts";
import { isNamed, losses, type Stored, wrongFields } from "./ground_truth.ts";

export interface Answered {
  readonly status: number;
  readonly said: Readonly<Record<string, number>>;
}

export async function postToWebhook(stack: Stack, body: Body): Promise<Answered> {
  const response = await stack.functions.handle(
    new Request(`${stack.ready.functions_url}/braze-webhook`, {
      method: "POST",
      headers: { ...body.headers, authorization: `Bearer ${stack.ready.webhook_secret}` },
      body: body.sent as BodyInit,
    }),
  );
  return { status: response.status, said: await response.json() };
}

/** Every defect after `bodies` were answered; empty if there is none. */
export async function faultsOf(
  stack: Stack,
  bodies: readonly Body[],
  answers: readonly Answered[],
  origin: Origin,
): Promise<string[]> {
  const parts = bodies.flatMap((body) => body.parts);
  const stored = await storedOf(stack, parts.map(({ specimen }) => specimen));
  const kept = await keptOf(stack, [...bodies, ...parts].map(({ bytes }) => bytes));
  const faults = answers.flatMap(faultsInAnswer);
  for (const body of bodies) {
    const isKeptWhole = kept.has(digest(body.bytes));
    if (body.parts.length === 0 && !isKeptWhole) faults.push(`nonsense is not kept: ${show(body)}`);
    for (const part of body.parts) {
      const rows = stored.get(part.specimen.mark) ?? [];
      const isKept = isKeptWhole || kept.has(digest(part.bytes)) ||
        rows.length === 0 && await isKeptWithoutPartition(stack, part);
      const now = stack.timeline.now();
      const found = faultsInPart(
        part,
        rows,
        { isKept, isList: body.isList },
        origin,
        now,
      );
      faults.push(...found.map((what) => `${what}: ${part.specimen.text}, in ${show(body)}`));
    }
  }
  const recorded = answers.reduce((sum, { said }) => sum + (said.recorded ?? 0), 0);
  const rows = [...stored.values()].reduce((sum, { length }) => sum + length, 0);
  if (recorded !== rows) faults.push(`${recorded} are said to be recorded, ${rows} are stored`);
  return faults;
}

function faultsInAnswer({ status, said }: Answered): string[] {
  const { received = NaN, recorded = NaN, duplicates = NaN, rejected = NaN } = said;
  if (status !== 200) return [`answered ${status} ${JSON.stringify(said)}`];
  return received === recorded + duplicates + rejected ? [] : [`counts ${JSON.stringify(said)}`];
}

function faultsInPart(
  { specimen, isWhole }: Part,
  rows: readonly Stored[],
  { isKept, isList }: { readonly isKept: boolean; readonly isList: boolean },
  origin: Origin,
  now: Date,
): string[] {
  const [row] = rows;
  if (rows.length > 1) return [`stored ${rows.length} times`];
  if (row === undefined) {
    if (isList && isWhole && specimen.mutations === null) return ["good, and not stored"];
    // An event with the name of another one may count as its repetition.
    return isKept || !isNamed(specimen) ? [] : ["neither stored nor kept"];
  }
  if (!isWhole) return [];
  const lost = specimen.mutations === null ? losses(specimen, row) : [];
  return [
    ...lost.map((what) => `stored without ${what}`),
    ...wrongFields(specimen, row, origin, now).map((what) => `stored, but ${what}`),
  ];
}

async function storedOf({ sql }: Stack, specimens: readonly Specimen[]) {
  const rows = await sql<Stored[]>`
    select
      input.mark, event.event_id, event.external_user_id, event.device_id, event.campaign_id, event.dispatch_id,
      event.send_id, event.match_id::text, event.ledger_id, event.sent_at, event.time_kind,
      event.correlation_method, event.confidence, event.raw_payload = input.text::jsonb as is_same
    from unnest(${specimens.map(({ mark }) => mark)}::text[], ${
    specimens.map(({ text }) => text)
  }::text[]) as input (mark, text)
    join public.notification_sends as event on event.raw_payload ->> 'mark' = input.mark`;
  return Map.groupBy(rows, ({ mark }) => mark);
}

/** The digests of the kept rejects, computed from the stored bodies. */
async function keptOf({ sql }: Stack, all: readonly Uint8Array[]): Promise<Set<string>> {
  const rows = await sql<{ digest: string }[]>`
    select encode(sha256(body), 'hex') as digest from public.webhook_rejects
    where encode(digest, 'hex') = any(${all.map(digest)}::text[])`;
  return new Set(rows.map(({ digest }) => digest));
}

/** An event whose time has no partition was parsed: it is kept as Postgres writes it. */
async function isKeptWithoutPartition(
  { sql }: Stack,
  { specimen, isWhole }: Part,
): Promise<boolean> {
  if (!isWhole) return false;
  const rows = await sql`
    select 1 from public.webhook_rejects
    where reason like 'No partition%' and position(${specimen.mark} in convert_from(body, 'UTF8')) > 0
      and convert_from(body, 'UTF8')::jsonb = ${specimen.text}::text::jsonb`;
  return rows.length === 1;
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function show({ bytes, headers }: Body): string {
  return `${new TextDecoder().decode(bytes.slice(0, 2_000))} ${JSON.stringify(headers)}`;
}
