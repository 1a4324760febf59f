import { ok, strictEqual } from "node:assert/strict";
import { Agenda } from "../../../../local/braze_sandbox/agenda.ts";
import { answerCall } from "../../../../local/braze_sandbox/endpoints.ts";
import { BrazeModel } from "../../../../local/braze_sandbox/model.ts";
import { Prng } from "../../../../local/lib/prng.ts";
import { CAMPAIGN_ID, START, teamAudience } from "./support.ts";

const USERS = 25_000;
const CPU_MS_MAX = 10_000;

Deno.test("25,000 users and ten matches produce a hundred thousand events in seconds", () => {
  const teams = Array.from({ length: 20 }, (_, i) => ({ value: `Team ${i}`, weight: 1 }));
  const model = new BrazeModel({
    seed: 1,
    campaignId: CAMPAIGN_ID,
    users: { count: USERS, seed: 1, teams },
    switches: { webhook: { enabled: true } },
  });
  const started = performance.now();
  const now = new Date(START);
  for (let i = 0; i < 10; i++) {
    const { status } = answerCall(model, {
      method: "POST",
      path: "/campaigns/trigger/schedule/create",
      query: new URLSearchParams(),
      body: {
        campaign_id: CAMPAIGN_ID,
        audience: { OR: [teamAudience(`Team ${2 * i}`), teamAudience(`Team ${2 * i + 1}`)] },
        trigger_properties: { match_id: i, ledger_id: `led-${i}`, generation: 1 },
        schedule: { time: "2024-12-07T11:30:00Z" },
      },
    }, now);
    strictEqual(status, 201);
  }
  let bytes = 0;
  for (let due = model.nextDueAt(); due !== undefined; due = model.nextDueAt()) {
    for (const delivery of model.due(due)) {
      bytes += delivery.body.length;
      model.report(delivery.id, { status: 200 }, due);
    }
  }
  const { entries } = model.groundTruth;
  ok(entries.length > 70_000, `${entries.length}`);
  ok(entries.every((entry) => entry.acknowledged > 0));
  ok(bytes > 10_000_000);
  const tookMs = performance.now() - started;
  ok(tookMs < CPU_MS_MAX, `took ${Math.round(tookMs)} ms`);
});

Deno.test("the agenda runs work by time, then in order of planning, including work that is added meanwhile", () => {
  const agenda = new Agenda();
  const prng = new Prng(3);
  const ran: [number, number][] = [];
  for (let i = 0; i < 500; i++) {
    agenda.plan(prng.below(50), (dueMs) => {
      ran.push([dueMs, i]);
    });
  }
  agenda.plan(10, (dueMs) => agenda.plan(dueMs, () => ran.push([dueMs, 1_000])));
  agenda.runUntil(49);
  strictEqual(ran.length, 501);
  ok(ran.every(([due, i], at) => {
    const before = ran[at - 1];
    return before === undefined || before[0] < due || (before[0] === due && before[1] < i);
  }));
  strictEqual(agenda.nextDueMs(), undefined);
});

Deno.test("Prng returns the same values for the same seed, and independent forks", () => {
  strictEqual(new Prng(5).uuid(), new Prng(5).uuid());
  ok(new Prng(5).uuid() !== new Prng(6).uuid());
  const used = new Prng(5);
  used.next();
  strictEqual(used.fork("a").next(), new Prng(5).fork("a").next());
  ok(used.fork("a").next() !== used.fork("b").next());
  const mean = Array.from({ length: 10_000 }, () => used.next()).reduce((a, b) => a + b) / 10_000;
  ok(Math.abs(mean - 0.5) < 0.02, `${mean}`);
});
