/** braze-reconcile's check `attribution` over the whole stack: which unattributed events it attributes, and which not. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import type { GroundTruthEntry } from "../../local/braze_sandbox/ground_truth.ts";
import {
  addFixture,
  ledgerOf,
  postEvents,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { LISTING_MODES, reconcile, set, STATISTICS, withListing } from "../support/reconciling.ts";

const ATTRIBUTION = { checks: ["attribution"] };
/** The sandbox sends no events here: the test posts them. */
const NO_EVENTS = { currents: { enabled: false }, createAnswersDispatchId: false };
const OPEN = 1003;

interface Posted {
  readonly id: string;
  readonly dispatchId?: string;
  readonly echo?: Readonly<Record<string, string>>;
}

function send({ ready }: Stack, { id, dispatchId, echo }: Posted) {
  return {
    event_type: "users.messages.pushnotification.Send",
    id,
    time: Date.parse("2024-12-07T14:00:23Z") / 1_000,
    user: { external_user_id: `user-${id}`, device_id: `device-${id}` },
    properties: {
      campaign_id: ready.campaign_id,
      ...(dispatchId === undefined ? {} : { dispatch_id: dispatchId }),
      ...(echo === undefined ? {} : { message_extras: JSON.stringify(echo) }),
    },
  };
}

async function verdictOf({ sql }: Stack, eventId: string) {
  const [row] = await sql`
    select match_id::int, correlation_method, confidence from public.notification_sends
    where event_id = ${eventId}`;
  return [row?.match_id, row?.correlation_method, row?.confidence];
}

Deno.test("an event that names an unknown match is attributed to it once the match is known", () =>
  withSuite({ sandbox: withListing("omit", NO_EVENTS), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
    const echo = { match_id: "4001", generation: "1" };
    await postEvents(stack, { events: [send(stack, { id: "a", echo }), send(stack, { id: "b" })] });
    deepStrictEqual(await verdictOf(stack, "a"), [null, "unknown_match", "none"]);

    await addFixture(stack, {
      id: 4001,
      home: "Lyon",
      away: "Nantes",
      kickoffAt: "2024-12-07T18:00:00Z",
    });
    await schedule(stack);
    const { counts } = (await reconcile(stack, ATTRIBUTION)).checks.attribution;
    strictEqual(counts.reattributed, 1);
    deepStrictEqual(await verdictOf(stack, "a"), [4001, "match_id", "high"]);
    deepStrictEqual(await verdictOf(stack, "b"), [null, "tie", "none"]);
    strictEqual((await reconcile(stack, ATTRIBUTION)).checks.attribution.counts.reattributed, 0);
  }));

Deno.test("an identifier that became known without reattributing its events does so in the next run", () =>
  withSuite({ sandbox: withListing("omit", NO_EVENTS), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
    await postEvents(stack, { events: [send(stack, { id: "a", dispatchId: "late" })] });
    // As if the run that registered it had died before it applied it.
    const { id } = await ledgerOf(stack, 1002);
    await stack.sql`
      select private.register_identifiers(
        ${stack.sql.json([{ kind: "dispatch_id", value: "late", ledger_id: id, generation: 1 }])},
        'preflight', ${stack.timeline.now()}
      )`;
    await reconcile(stack, { ...ATTRIBUTION, dry_run: true });
    deepStrictEqual(await verdictOf(stack, "a"), [null, "tie", "none"]);

    await reconcile(stack, ATTRIBUTION);
    deepStrictEqual(await verdictOf(stack, "a"), [1002, "dispatch_id", "high"]);
    strictEqual((await ledgerOf(stack, 1002)).status, "sent");
  }));

/** Posts the events that Braze sent with all their ids, except for one match whose events carry none. */
async function postAllBut(
  stack: Stack,
  isLost: (entry: GroundTruthEntry, index: number) => boolean,
) {
  const entries = stack.sandbox.model.groundTruth.entries.filter(({ type }) =>
    type === "users.messages.pushnotification.Send"
  );
  const perMatch = new Map<unknown, number>();
  const events = entries.flatMap((entry) => {
    const matchId = entry.triggerProperties.match_id;
    const index = perMatch.get(matchId) ?? 0;
    perMatch.set(matchId, index + 1);
    if (isLost(entry, index)) return [];
    return [{
      event_type: entry.type,
      id: entry.id,
      time: entry.time,
      user: { external_user_id: entry.user.externalId, device_id: entry.device?.id },
      properties: {
        campaign_id: stack.ready.campaign_id,
        ...(matchId === String(OPEN)
          ? {}
          : { message_extras: JSON.stringify(entry.triggerProperties) }),
      },
    }];
  });
  const { status } = await postEvents(stack, { events });
  strictEqual(status, 200);
  return events.length;
}

const nothingLost = () => false;
const firstOf = (matchId: number) => ({ triggerProperties }: GroundTruthEntry, index: number) =>
  triggerProperties.match_id === String(matchId) && index === 0;

async function unattributedEvents({ sql }: Stack) {
  const [row] = await sql`
    select count(*)::int as events from public.notification_sends where confidence = 'none'`;
  return row?.events;
}

for (const mode of LISTING_MODES) {
  Deno.test(`leftover events are attributed to the one match that lacks exactly as many by Braze's count (${mode})`, () =>
    withSuite({ sandbox: withListing(mode, NO_EVENTS), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-07T14:05:00Z"));
      await postAllBut(stack, nothingLost);
      const open = await unattributedEvents(stack);
      ok(open > 0);
      strictEqual((await ledgerOf(stack, OPEN)).status, "pending");

      // Too early: more events may arrive, and Braze's numbers may lag.
      const early = (await reconcile(stack, ATTRIBUTION)).checks.attribution.counts;
      strictEqual(early.attributed_by_elimination, 0);
      await stack.advanceTo(new Date("2024-12-07T14:40:00Z"));
      const dry = await reconcile(stack, { ...ATTRIBUTION, dry_run: true });
      strictEqual(dry.checks.attribution.counts.attributed_by_elimination, open);
      strictEqual(await unattributedEvents(stack), open);

      const { counts } = (await reconcile(stack, ATTRIBUTION)).checks.attribution;
      strictEqual(counts.attributed_by_elimination, open);
      const reattributed = await stack.sql`
        select distinct match_id::int, correlation_method, confidence, generation, candidate_count
        from public.notification_sends where correlation_method = 'elimination'`;
      deepStrictEqual(reattributed.map((row) => ({ ...row })), [{
        match_id: OPEN,
        correlation_method: "elimination",
        confidence: "medium",
        generation: 1,
        candidate_count: 3,
      }]);
      const { status, sent_evidence } = await ledgerOf(stack, OPEN);
      deepStrictEqual([status, sent_evidence], ["sent", "push"]);
      strictEqual(await unattributedEvents(stack), 0);
      const again = (await reconcile(stack, ATTRIBUTION)).checks.attribution.counts;
      deepStrictEqual([again.reattributed, again.attributed_by_elimination], [0, 0]);
    }));
}

for (
  const [what, isLost] of [
    ["an event of it is missing", firstOf(OPEN)],
    ["an event of a neighbour is missing", firstOf(1001)],
  ] as const
) {
  Deno.test(`if ${what}, nothing is attributed and no status changes`, () =>
    withSuite(
      { sandbox: withListing("omit", NO_EVENTS), fixtures: THREE_AT_ONCE },
      async (stack) => {
        await schedule(stack);
        await stack.advanceTo(new Date("2024-12-07T14:05:00Z"));
        await postAllBut(stack, isLost);
        const open = await unattributedEvents(stack);
        await stack.advanceTo(new Date("2024-12-07T14:40:00Z"));
        const { counts } = (await reconcile(stack, ATTRIBUTION)).checks.attribution;
        strictEqual(counts.attributed_by_elimination, 0);
        strictEqual(await unattributedEvents(stack), open);
        strictEqual((await ledgerOf(stack, OPEN)).status, "pending");
      },
    ));
}

Deno.test("without Braze's numbers for every candidate nothing is attributed by elimination", () =>
  withSuite({ sandbox: withListing("omit", NO_EVENTS), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:05:00Z"));
    await postAllBut(stack, nothingLost);
    await stack.advanceTo(new Date("2024-12-07T14:40:00Z"));
    set(stack, { faults: [{ endpoint: STATISTICS, kind: "status", status: 400, times: 1 }] });
    const { counts } = (await reconcile(stack, ATTRIBUTION)).checks.attribution;
    strictEqual(counts.attributed_by_elimination, 0);
    strictEqual((await ledgerOf(stack, OPEN)).status, "pending");
  }));
