/** Hostile texts in what Braze answers: ids are used unchanged, and messages are kept unchanged. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { addFixture, call, schedule, withSuite } from "../support/suite.ts";
import { structureOf } from "./digest.ts";
import { HOSTILE, UNSTORABLE } from "./hostile.ts";
import { type EchoingProxy, startEchoingProxy } from "./echoing_proxy.ts";

const KICKOFF_AT = "2024-12-07T15:00:00Z";
const CREATE = "/campaigns/trigger/schedule/create";
const DELETE = "/campaigns/trigger/schedule/delete";
const LISTING = "/messages/scheduled_broadcasts";

const idOf = (index: number) => 1001 + index;

async function withHostileBraze(
  test: (stack: Stack, braze: EchoingProxy) => Promise<void>,
): Promise<void> {
  const braze = startEchoingProxy();
  try {
    await withSuite({
      sandbox: { users: { count: 20 } },
      env: {
        BRAZE_REST_URL: braze.url,
        RECONCILE_CANCELS_MAX: "1000",
        RECONCILE_CANCEL_SHARE_MAX: "1",
      },
    }, async (stack) => {
      braze.target = stack.ready.braze_url;
      await test(stack, braze);
    });
  } finally {
    await braze.stop();
  }
}

async function addFixtures(stack: Stack, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await addFixture(stack, {
      id: idOf(index),
      home: `Home ${index}`,
      away: `Away ${index}`,
      kickoffAt: KICKOFF_AT,
    });
  }
}

function isFor(path: string, request: Request): boolean {
  return new URL(request.url).pathname === path;
}

Deno.test("an id that Braze gives a schedule is kept and used unchanged", () =>
  withHostileBraze(async (stack, braze) => {
    await addFixtures(stack, HOSTILE.length);
    const structure = await structureOf(stack.sql);
    const deleted: string[] = [];
    braze.answer = (request, body) => {
      if (isFor(CREATE, request)) {
        const { match_id } = JSON.parse(body).trigger_properties;
        const text = HOSTILE[Number(match_id) - idOf(0)];
        return Response.json({ message: "success", schedule_id: text, dispatch_id: `${text}'` }, {
          status: 201,
        });
      }
      if (!isFor(DELETE, request)) return undefined;
      deleted.push(JSON.parse(body).schedule_id);
      return Response.json({ message: "success" });
    };
    await schedule(stack);
    const rows = await stack.sql<{ braze_schedule_id: string; dispatch_id: string }[]>`
      select braze_schedule_id, dispatch_id from public.schedule_ledger order by match_id`;
    deepStrictEqual(
      rows.map((row) => ({ ...row })),
      HOSTILE.map((text) => ({
        braze_schedule_id: text,
        dispatch_id: `${text}'`,
      })),
    );

    // All at once.
    await stack.sql`update private.settings set removals_max = 1000, removal_share_max = 1`;
    await stack.sql`update public.matches set status = 'cancelled'`;
    await schedule(stack);
    deepStrictEqual(deleted.sort(), [...HOSTILE].sort());
    deepStrictEqual(await structureOf(stack.sql), structure);
  }));

Deno.test("an unmanaged schedule that Braze lists is told, and a person deletes it by its listed id", () =>
  withHostileBraze(async (stack, braze) => {
    const deleted: string[] = [];
    braze.answer = (request, body) => {
      if (isFor(LISTING, request)) {
        return Response.json({
          message: "success",
          scheduled_broadcasts: HOSTILE.map((text) => ({
            id: stack.ready.campaign_id,
            name: text,
            type: "Campaign",
            schedule_id: text,
            next_send_time: "2024-12-07T14:00:00Z",
            trigger_properties: { match_id: text, [`x${text}`]: text },
          })),
        });
      }
      if (!isFor(DELETE, request)) return undefined;
      deleted.push(JSON.parse(body).schedule_id);
      return Response.json({ message: "success" });
    };
    await call(stack, "braze-preflight-check");
    const told = await stack.sql<{ id: string }[]>`
      select details ->> 'schedule_id' as id from public.alerts where rule = 'unmanaged_schedule'`;
    deepStrictEqual(told.map(({ id }) => id).sort(), [...HOSTILE].sort());
    const { status, body } = await call(stack, "braze-reconcile", {
      delete_schedule: HOSTILE.map((schedule_id) => ({
        schedule_id,
        reason: schedule_id.trim() || "none",
      })),
    });
    deepStrictEqual([status, body.outcome], [200, "succeeded"], JSON.stringify(body));
    deepStrictEqual(deleted.sort(), [...HOSTILE].sort());
    const journal = await stack.sql<{ id: string }[]>`
      select braze_schedule_id as id from public.schedule_attempts where kind = 'delete'`;
    deepStrictEqual(journal.map(({ id }) => id).sort(), [...HOSTILE].sort());
  }));

Deno.test("Braze's message about a refusal is kept unchanged", () =>
  withHostileBraze(async (stack, braze) => {
    await addFixtures(stack, HOSTILE.length);
    braze.answer = (request, body) => {
      if (!isFor(CREATE, request)) return undefined;
      const { match_id } = JSON.parse(body).trigger_properties;
      return Response.json({ message: HOSTILE[Number(match_id) - idOf(0)] }, { status: 400 });
    };
    await schedule(stack);
    const attempts = await stack.sql<{ match_id: number; detail: string }[]>`
      select match_id::int, detail from public.schedule_attempts where kind = 'create'`;
    strictEqual(attempts.length, HOSTILE.length);
    for (const { match_id, detail } of attempts) {
      const text = HOSTILE[match_id - idOf(0)]!;
      ok(detail.endsWith(`Braze answered 400: ${text}`), JSON.stringify(detail));
    }
  }));

Deno.test("an id or a message that Postgres cannot store fails no run and loses no fixture", () =>
  withHostileBraze(async (stack, braze) => {
    await addFixtures(stack, 2 * UNSTORABLE.length + 1);
    braze.answer = (request, body) => {
      if (isFor(LISTING, request)) {
        return Response.json({
          message: "success",
          scheduled_broadcasts: UNSTORABLE.map((text) => ({
            id: stack.ready.campaign_id,
            schedule_id: `listed ${UNSTORABLE.indexOf(text)}`,
            next_send_time: "2024-12-07T14:00:00Z",
            trigger_properties: { [text]: text },
          })),
        });
      }
      if (!isFor(CREATE, request)) return undefined;
      const index = Number(JSON.parse(body).trigger_properties.match_id) - idOf(0);
      const text = UNSTORABLE[index % UNSTORABLE.length]!;
      if (index === 2 * UNSTORABLE.length) return undefined;
      return index < UNSTORABLE.length
        ? Response.json({ message: "success", schedule_id: text, dispatch_id: text }, {
          status: 201,
        })
        : Response.json({ message: `No: ${text}`, errors: [text] }, { status: 400 });
    };
    const summary = await schedule(stack);
    deepStrictEqual(
      summary.done,
      { created: UNSTORABLE.length + 1, failed: UNSTORABLE.length },
      JSON.stringify(summary),
    );
    for (const name of ["braze-reconcile", "braze-count-audit", "braze-preflight-check"]) {
      const { status, body } = await call(stack, name);
      deepStrictEqual([status, body.outcome], [200, "succeeded"], JSON.stringify(body));
    }
    const open = await stack.sql`select 1 from public.schedule_attempts where outcome is null`;
    strictEqual(open.length, 0, "every attempt has its end");
  }));
