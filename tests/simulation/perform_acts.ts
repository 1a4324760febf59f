/** Performs the acts of people and machines around the suite. */
import { addMinutes, addSeconds } from "date-fns";
import { echo } from "../../local/braze_sandbox/echo.ts";
import { currentsBody } from "../../local/braze_sandbox/currents.ts";
import type { Sandbox } from "../../local/braze_sandbox/sandbox.ts";
import type { Schedule } from "../../local/braze_sandbox/schedules.ts";
import { type GroundTruthEntry, statedTime } from "../../local/braze_sandbox/ground_truth.ts";
import { Prng } from "../../local/lib/prng.ts";
import type {
  Act,
  CreateStorm,
  Decision,
  DeleteStorm,
  NeighbourSays,
  ReplayShape,
  Storm,
  Verb,
  What,
} from "./act.ts";
import type { FaultList } from "./faults.ts";
import { UNKNOWN_TEAM } from "./fixtures.ts";
import type { SimulationContext } from "./context.ts";
import { addFixture, call, writeFixture } from "./stack_calls.ts";

/** A match that no fixture list has. */
const UNKNOWN_MATCH_ID = 9_999;
/** A person checks a create of unknown outcome when its alert has been open for a while. */
const HANDLED_AFTER_MINUTES = 20;
/** SQL functions called before an existing schedule is changed. */
const CHANGING_CALLS = ["open_update", "open_delete"];
const SEND_LEAD_MS = 60 * 60_000;
const FREEZE_SECONDS = 15 * 60;
/** How far outside the freeze window a send is when the plan is made. */
const CLOSE_SECONDS = 5;

export async function performAct(
  { what }: Act,
  context: SimulationContext,
  nth: number,
): Promise<void> {
  context.tally.act(nameOf(what));
  const prng = new Prng(`hands/${context.world.seed}/${nth}`);
  await (PERFORMERS[what.kind] as Performer<What>)(what, context, prng);
}

type Performer<W extends What> = (
  what: W,
  context: SimulationContext,
  prng: Prng,
) => Promise<void> | void;

const PERFORMERS: { readonly [K in What["kind"]]: Performer<Extract<What, { kind: K }>> } = {
  async change_fixture({ matchId, change }, context) {
    const { stack: { sql, timeline }, history } = context;
    const now = timeline.now();
    if ("home" in change && change.home !== UNKNOWN_TEAM) {
      const { home } = history.match(matchId, now);
      const value = history.valueOf(home, now) ?? home;
      // The fixture sync has the new name; the fans' attributes keep the old value.
      await sql`
        insert into public.teams (name, braze_attribute_value) values (${change.home}, ${value})
        on conflict (name) do nothing`;
      if (history.valueOf(change.home, now) === undefined) {
        history.setTeam(change.home, true, value, now);
      }
    }
    await writeFixture(matchId, history.change(matchId, change, now), context);
  },

  async fixture_becomes_known({ fixture }, context) {
    await addFixture(
      fixture,
      context.history.match(fixture.matchId, context.stack.timeline.now()),
      context,
    );
  },

  async notify({ matchId, on }, { stack: { sql, timeline }, history }) {
    const now = timeline.now();
    const { home, away } = history.match(matchId, now);
    for (const name of [home, away]) {
      const value = history.valueOf(name, now);
      if (value === undefined) continue;
      history.setTeam(name, on, value, now);
      await sql`update public.teams set notify = ${on} where name = ${name}`;
    }
  },

  async team_becomes_known(_what, { stack: { sql, timeline }, history }) {
    const now = timeline.now();
    if (history.valueOf(UNKNOWN_TEAM, now) !== undefined) return;
    history.setTeam(UNKNOWN_TEAM, true, UNKNOWN_TEAM, now);
    await sql`
      insert into public.teams (name, braze_attribute_value) values (${UNKNOWN_TEAM}, ${UNKNOWN_TEAM})`;
  },

  cancel_in_dashboard({ matchId }, { stack: { sandbox, timeline } }) {
    // Also while the campaign is stopped: otherwise the schedule would return with the campaign.
    const live = sandbox.model.schedules.all.filter(({ state, triggerProperties }) =>
      (state === "scheduled" || state === "stopped") &&
      triggerProperties.match_id === String(matchId)
    );
    for (const schedule of live) {
      sandbox.model.schedules.end(schedule, "cancelled", timeline.now());
    }
  },

  schedule_in_dashboard({ matchId, says, when }, context, prng) {
    const { stack: { sandbox, timeline } } = context;
    const now = timeline.now();
    const { model } = sandbox;
    const { live, sendAt: planned } = plannedFor(matchId, context);
    const sendAt = "inMinutes" in when
      ? addMinutes(now, when.inMinutes)
      : addMinutes(planned, when.byMinutes);
    if (sendAt <= addMinutes(now, 1)) return;
    const properties = {
      match: { match_id: String(matchId) },
      copy: live?.triggerProperties ?? { match_id: String(matchId) },
      mixed: live?.triggerProperties ?? { match_id: String(matchId) },
      nothing: {},
      unknown_match: { match_id: String(UNKNOWN_MATCH_ID) },
      earlier_suite: ofOtherSuite(matchId, prng),
    }[says];
    model.schedules.create({
      origin: says === "earlier_suite" ? "other_suite" : "dashboard",
      target: live?.target ?? { kind: "audience", matches: () => true },
      triggerProperties: properties,
      sendId: says === "copy"
        ? live?.sendId ?? null
        : says === "mixed"
        ? `match-${otherThan(matchId, context)}`
        : null,
      sendAt,
    }, now);
  },

  neighbour_sends({ neighbour, says, sendId, matchId, byMinutes, everyNth }, context, prng) {
    const { stack: { sandbox, timeline } } = context;
    const now = timeline.now();
    const { live, sendAt } = plannedFor(matchId, context);
    if (addMinutes(sendAt, byMinutes) <= addMinutes(now, 1)) return;
    sandbox.model.neighbours.plan({
      neighbour,
      sendAt: addMinutes(sendAt, byMinutes),
      sendId: sendIdFor(sendId, matchId, prng),
      extras: extrasOf(says, matchId, live?.triggerProperties, prng),
      includes: ({ index }) => index % everyNth === 0,
    }, now);
  },

  other_suite_schedules({ matchId, sendId, byMinutes }, context, prng) {
    const { stack: { sandbox, timeline } } = context;
    const now = timeline.now();
    const { live, sendAt } = plannedFor(matchId, context);
    if (addMinutes(sendAt, byMinutes) <= addMinutes(now, 1)) return;
    sandbox.model.schedules.create({
      origin: "other_suite",
      target: live?.target ?? { kind: "audience", matches: () => true },
      triggerProperties: ofOtherSuite(matchId, prng),
      sendId: sendIdFor(sendId, matchId, prng),
      sendAt: addMinutes(sendAt, byMinutes),
    }, now);
  },

  async schedule_all_in_dashboard(_what, context, prng) {
    for (const matchId of context.history.matchIds) {
      await PERFORMERS.schedule_in_dashboard(
        { kind: "schedule_in_dashboard", matchId, says: "match", when: { byMinutes: 0 } },
        context,
        prng,
      );
    }
  },

  campaign({ state, drops }, { stack: { sandbox, timeline } }) {
    const { switchboard } = sandbox.model;
    if (drops !== undefined) switchboard.set({ schedulesReturnOnResume: !drops });
    sandbox.model.setCampaignState(state, timeline.now());
  },

  receiver({ state }, { stack: { outages } }) {
    for (const name of ["braze-webhook", "braze-send-gate"]) {
      if (state === "down") outages.add(name);
      else outages.delete(name);
    }
  },

  echo({ on }, { stack: { sandbox } }) {
    sandbox.model.switchboard.set({ eventsCarryEcho: on });
  },

  async call_at_once({ functionNames }, context) {
    await Promise.all(functionNames.map((name) => call(name, {}, context)));
  },

  async dry_run({ functionName }, context) {
    const days = { from: dayOf(context.world.startAt), to: dayOf(context.stack.timeline.now()) };
    const isRollup = functionName === "webhook-health-rollup";
    await call(functionName, isRollup ? days : { dry_run: true }, context);
  },

  async operator_cancels({ matchId }, context, prng) {
    const { sql, timeline } = context.stack;
    await sql`
      select public.cancel_ledger(id, generation, 'operator', 'Not this one', ${timeline.now()})
      from public.schedule_ledger where match_id = ${matchId}`;
    await PERFORMERS.cancel_in_dashboard({ kind: "cancel_in_dashboard", matchId }, context, prng);
  },

  cancel_during_run(_what, context, prng) {
    const { stack: { sql, timeline }, beforeNextCall } = context;
    beforeNextCall(async (parameters) => {
      const ledgerId = parameters.p_ledger_id as string;
      const rows = await sql<{ match_id: string }[]>`
        select match_id, public.cancel_ledger(id, generation, 'operator', 'Not this one', ${timeline.now()})
        from public.schedule_ledger where id = ${ledgerId} and status = 'pending'`;
      for (const { match_id } of rows) {
        const matchId = Number(match_id);
        await PERFORMERS.cancel_in_dashboard(
          { kind: "cancel_in_dashboard", matchId },
          context,
          prng,
        );
      }
    }, CHANGING_CALLS);
  },

  async move_near_freeze_window(_what, context, prng) {
    const { stack: { sql, sandbox, timeline }, world, history } = context;
    const now = timeline.now();
    const due = addSeconds(now, FREEZE_SECONDS + CLOSE_SECONDS);
    const rows = await sql<{ match_id: string }[]>`
      select match_id from public.schedule_ledger
      where status = 'pending' and send_at_utc > ${due} order by match_id limit 3`;
    for (const matchId of rows.map(({ match_id }) => Number(match_id))) {
      const { kickoffAt } = history.match(matchId, now);
      const byMs = due.getTime() + SEND_LEAD_MS - kickoffAt.getTime();
      const change = { kickoffByMinutes: byMs / 60_000 };
      await PERFORMERS.change_fixture({ kind: "change_fixture", matchId, change }, context, prng);
    }
    const { switchboard } = sandbox.model;
    const slow = {
      endpoint: "*",
      kind: "latency",
      probability: 1,
      latencyMs: 2_000 * CLOSE_SECONDS,
    };
    switchboard.set({ faults: [slow as typeof world.faults.braze[number]] });
    await call("braze-scheduler", {}, context);
    setFaults(context);
  },

  async odd_events(_what, context, prng) {
    const time = Math.floor(context.stack.timeline.now().getTime() / 1_000);
    const event = (id: string, properties: Record<string, unknown>) => ({
      event_type: "users.messages.pushnotification.Send",
      id,
      time,
      user: { external_user_id: "u-000001" },
      properties,
    });
    const { campaign } = context.stack.sandbox.model;
    const test = prng.uuid();
    const other = prng.uuid();
    const body = JSON.stringify({
      events: [
        event(test, {
          campaign_id: campaign.id,
          dispatch_id: "dispatch_id_for_unsent_campaign",
        }),
        event(other, { campaign_id: prng.uuid(), dispatch_id: prng.hex(32) }),
        { ...event(prng.uuid(), { campaign_id: campaign.id }), time: "soon" },
      ],
    });
    const { ok: isAcknowledged } = await post(body, context);
    context.odd.push({
      isAcknowledged,
      events: [
        { eventId: test, method: "test_send" },
        { eventId: other, method: "other_campaign" },
      ],
    });
  },

  async replay({ share, shape }, context, prng) {
    // Events that were lost or are still in transit are found in an export and sent by hand.
    const { groundTruth, neighbours } = context.stack.sandbox.model;
    const nowSeconds = context.stack.timeline.now().getTime() / 1_000;
    const isExport = ["flat", "export", "export_without_kind"].includes(shape);
    const repeated = [...groundTruth.entries, ...neighbours.groundTruth.entries].filter((entry) =>
      entry.kind === "currents" && (entry.acknowledged > 0 || isExport) &&
      // The ground truth holds an open as soon as its push is sent.
      entry.time <= nowSeconds && prng.chance(share)
    );
    if (shape === "flat" || shape === "export_without_kind") {
      for (const { id, acknowledged } of repeated) {
        if (acknowledged === 0) context.reportedFromExport.add(id);
      }
    }
    const bodies = reshape(prng.shuffled(repeated), shape, prng, context);
    for (let from = 0; from < bodies.length; from += 4) {
      await Promise.all(bodies.slice(from, from + 4).map((body) => deliver(body, context)));
    }
  },

  async release({ carelessly }, context) {
    const { stack: { sql, sandbox, timeline }, tally, released } = context;
    const now = timeline.now();
    const lost = await sql<{ match_id: string; ledger_id: string; generation: number }[]>`
      select ledger.match_id, ledger.id as ledger_id, ledger.generation
      from public.alerts as alert
      join public.schedule_ledger as ledger on ledger.match_id = alert.match_id
      where alert.rule = 'create_unknown' and alert.resolved_at is null
        and alert.first_seen_at <= ${addMinutes(now, -HANDLED_AFTER_MINUTES)}
      order by ledger.match_id`;
    for (const { match_id, ledger_id, generation } of lost) {
      const exists = sandbox.model.schedules.all.some(({ state, triggerProperties }) =>
        state === "scheduled" && triggerProperties.ledger_id === ledger_id &&
        triggerProperties.generation === generation
      );
      if (exists && !carelessly) continue;
      tally.act(exists ? "released although it exists" : "released");
      if (exists) released.add(Number(match_id));
      await call("braze-reconcile", {
        declare_gone: [{
          match_id: Number(match_id),
          reason: "Looked in the dashboard",
          accept_double_push: true,
        }],
      }, context);
    }
  },

  async mark_sent(_what, context) {
    const { stack: { sql, sandbox }, tally } = context;
    const stale = await sql<{ match_id: string }[]>`
      select match_id from public.alerts
      where rule = 'stale_pending' and resolved_at is null order by match_id`;
    // A person asked Braze's support, which confirmed that the push was sent.
    const sent = stale.filter(({ match_id }) =>
      sandbox.model.groundTruth.entries.some(({ schedule }) =>
        schedule.triggerProperties.match_id === match_id
      )
    );
    if (sent.length === 0) return;
    tally.act("marked as sent");
    await call("braze-reconcile", {
      mark_sent: sent.map(({ match_id }) => ({
        match_id: Number(match_id),
        reason: "Braze's support confirms the push",
      })),
    }, context);
  },

  restart({ server: which }, context, prng) {
    const { stack: { server, postgrest, timeline }, world, beforeNextCall, restarts } = context;
    // Servers that other worlds share are not restarted.
    if (!world.restartsServers || server === undefined) return;
    const restart = () =>
      timeline.hold(async () => {
        if (which === "postgrest") return await postgrest.restart();
        await server.restart();
        // PostgREST reconnects on the real clock: without this wait it would be down for the rest of the virtual day.
        await postgrest.ready();
      });
    const isWaitedFor = prng.chance(0.5);
    beforeNextCall(async () => {
      const done = restart();
      restarts.push(done.then(() => null, (error) => error));
      if (isWaitedFor) await done;
    });
  },

  storm({ state }, context) {
    context.lasting.storm = state === "over" ? [] : STORMY[state];
    setFaults(context);
  },

  events({ state }, context) {
    setDelivery(state === "lost", context);
  },

  list({ state }, { stack: { sandbox } }) {
    sandbox.model.switchboard.set({
      listingMax: state === "short" ? 1 : null,
      listingCampaign: state === "another_campaign" ? "another" : "ours",
    });
  },

  async teams({ state }, context) {
    if (state === "whole") return await restoreTeams(context);
    const { stack: { sql, timeline }, history } = context;
    const now = timeline.now();
    const names = [...history.teams(now).keys()];
    for (const [index, name] of names.entries()) {
      if (state === "half" && index % 2 === 0) continue;
      history.removeTeam(name, now);
      await sql`delete from public.teams where name = ${name}`;
    }
  },

  async rename_team({ team, state }, context) {
    const { stack: { sql, timeline }, history } = context;
    const now = timeline.now();
    const name = `${team} AFC`;
    if (state === "in_teams") {
      const row = history.teams(now).get(team);
      if (row === undefined || history.teams(now).has(name)) return;
      history.removeTeam(team, now);
      history.setTeam(name, row.notify, row.value, now);
      await sql`update public.teams set name = ${name} where name = ${team}`;
      return;
    }
    for (const matchId of history.matchIds) {
      if (!history.isKnown(matchId, now)) continue;
      const { home, away } = history.match(matchId, now);
      const change = home === team ? { home: name } : away === team ? { away: name } : null;
      if (change === null) continue;
      await writeFixture(matchId, history.change(matchId, change, now), context);
    }
  },

  async feed_status({ state, isHalf }, context) {
    const { stack: { timeline }, history } = context;
    const now = timeline.now();
    for (const [index, matchId] of history.matchIds.entries()) {
      const { status } = history.match(matchId, now);
      const isMeant = status === (state === "back" ? "postponed" : "scheduled") ||
        (state === "back" && status === "cancelled");
      if (!isMeant || !history.isKnown(matchId, now) || (isHalf && index % 2 === 1)) continue;
      const change = { status: state === "back" ? "scheduled" as const : state };
      await writeFixture(matchId, history.change(matchId, change, now), context);
    }
  },

  async swap_ids({ matchIds: [one, other] }, context) {
    const { stack: { timeline }, history } = context;
    const now = timeline.now();
    if (!history.isKnown(one, now) || !history.isKnown(other, now)) return;
    history.swap(one, other, now);
    for (const matchId of [one, other]) {
      await writeFixture(matchId, history.match(matchId, now), context);
    }
  },

  async schedule_as_advised(_what, context, prng) {
    const { stack: { sql }, tally } = context;
    const told = await sql<{ match_id: string }[]>`
      select distinct match_id from public.alerts
      where resolved_at is null and match_id is not null and rule in ${sql(SENT_BY_HAND_ON)}
      order by match_id`;
    for (const { match_id } of told) {
      tally.act("scheduled as an alert advises");
      await PERFORMERS.schedule_in_dashboard(
        {
          kind: "schedule_in_dashboard",
          matchId: Number(match_id),
          says: "match",
          when: { byMinutes: 0 },
        },
        context,
        prng,
      );
    }
  },

  old_schedule_sends({ matchId, users }, { stack: { sandbox, timeline }, sentAgain, tally }) {
    const { model } = sandbox;
    const old = model.schedules.all.find(({ origin, state, triggerProperties }) =>
      origin === "api" && state === "deleted" && triggerProperties.match_id === String(matchId)
    );
    if (old === undefined) return;
    const now = timeline.now();
    const { target } = old;
    const targets = target.kind === "audience"
      ? model.users.all.filter((user) => user.pushEnabled && target.matches(user, now))
      : [];
    const indexes = new Set(targets.slice(0, users).map(({ index }) => index));
    if (indexes.size === 0) return;
    tally.act(`an old schedule is sent to ${users === 1 ? "one user" : "many users"}`);
    sentAgain.add(old.id);
    // As if a message did not ask the gate, or used an old answer of it.
    const { sendGate } = model.switchboard.current;
    model.switchboard.set({ sendGate: "off" });
    model.schedules.send(old, now, ({ index }) => indexes.has(index));
    model.switchboard.set({ sendGate });
  },

  old_schedule_returns({ matchId }, { stack: { sandbox, timeline }, sentAgain, tally }) {
    const { schedules } = sandbox.model;
    const now = timeline.now();
    const old = schedules.all.find(({ origin, state, sendAt, triggerProperties }) =>
      origin === "api" && state === "deleted" && sendAt > addMinutes(now, 1) &&
      triggerProperties.match_id === String(matchId)
    );
    if (old === undefined) return;
    tally.act("a deleted schedule is there again");
    sentAgain.add(old.id);
    schedules.comeBack(old, now);
  },

  async cron({ state }, { pauseCron }) {
    await pauseCron(state === "off");
  },

  net({ state }, { lasting, stack: { timeline } }) {
    lasting.netLateMs = state === "hours_late" ? NET_LATE_MS : 0;
    if (state === "in_time") {
      lasting.netLateUntil = addMinutes(timeline.now(), NET_LATE_MS / 60_000);
    }
  },

  async verb({ verb, matchId, acceptsDoublePush, isDryRun }, context) {
    const { stack: { sandbox, timeline }, verbs, released } = context;
    const isThere = sandbox.model.schedules.all.some(({ origin, state, triggerProperties }) =>
      origin === "api" && (state === "scheduled" || state === "stopped") &&
      triggerProperties.match_id === String(matchId)
    );
    const before = await whatTheSuiteHas(matchId, context);
    const entry = {
      match_id: matchId,
      ...(RISKY.includes(verb) ? { accept_double_push: acceptsDoublePush } : {}),
      ...(verb === "undo" ? { action_id: await lastActionOn(matchId, context) } : {}),
    };
    let answer = await useVerb(verb, isDryRun, entry, context);
    // An undo names its action, so it may be sent again when its answer is lost.
    if (answer === "lost" && verb === "undo") {
      answer = await useVerb(verb, isDryRun, entry, context);
    }
    if (answer === "lost") return;
    const { isDone } = answer;
    // The person has not looked.
    if (isDone && !isDryRun && RISKY.includes(verb) && isThere) released.add(matchId);
    verbs.push({
      at: timeline.now(),
      verb,
      about: `match ${matchId}`,
      isDone,
      isDryRun,
      before,
      after: await whatTheSuiteHas(matchId, context),
    });
  },

  async decide({ decision, nth, matchId, acceptsRisk, isDryRun }, context) {
    const { stack: { sandbox, timeline }, history, verbs, decided } = context;
    const live = sandbox.model.schedules.all.filter(({ state }) => state === "scheduled");
    const made = live.filter(({ origin }) => origin !== "api");
    const choices = made.length > 0 ? made : live;
    const schedule = choices[nth % choices.length];
    if (schedule === undefined) return;
    const { id, sendAt, triggerProperties: { match_id: named } } = schedule;
    const about = named === undefined ? matchId : Number(named);
    const wanted = history.matchIds.includes(about) ? history.wanted(about, timeline.now()) : null;
    const before = await whatThereIsOf(schedule, context);
    const answer = await useVerb(decision, isDryRun, {
      schedule_id: id,
      ...(decision === "adopt_schedule" && named === undefined ? { match_id: matchId } : {}),
      ...(decision === "keep_schedule" ? { accept_double_push: acceptsRisk } : {}),
      ...(decision === "delete_schedule" ? { accept_no_push: acceptsRisk } : {}),
    }, context);
    // It may have been done.
    if (!isDryRun && (answer === "lost" || answer.isDone || answer.isUnknown)) {
      if (decision === "adopt_schedule") {
        decided.adopted.set(id, { matchId: about, sendAt, wanted });
        decided.kept.delete(id);
      }
      if (decision === "keep_schedule") decided.kept.add(id);
      if (decision === "delete_schedule") decided.deleted.add(id);
    }
    if (answer === "lost" || answer.isUnknown) return;
    verbs.push({
      at: timeline.now(),
      verb: decision,
      about: `schedule ${id} of match ${about}`,
      isDone: answer.isDone,
      isDryRun,
      before,
      after: await whatThereIsOf(schedule, context),
    });
  },

  async resolve({ nth, isHarm, isDryRun }, context) {
    const { stack: { sql, timeline }, verbs, decided } = context;
    const open = await sql<{ id: string; fingerprint: string; kind: string }[]>`
      select id, fingerprint, kind from public.alerts where resolved_at is null order by id`;
    const harms = open.filter(({ kind }) => kind === "harm");
    const choices = isHarm && harms.length > 0 ? harms : open;
    const alert = choices[nth % choices.length];
    if (alert === undefined) return;
    const { id, fingerprint } = alert;
    const answer = await useVerb("resolve", isDryRun, { fingerprint }, context);
    const [after] = await sql<{ is: string }[]>`
      select case when resolved_at is null then 'open' else 'closed' end as is
      from public.alerts where id = ${id}`;
    // Only a person closes a harm.
    const isClosed = alert.kind === "harm" && !isDryRun && after!.is === "closed";
    if (isClosed && (answer === "lost" || answer.isDone)) decided.closed.add(id);
    if (answer === "lost") return;
    const { isDone } = answer;
    verbs.push({
      at: timeline.now(),
      verb: "resolve",
      about: `${alert.kind} ${fingerprint}`,
      isDone,
      isDryRun,
      before: "open",
      after: after!.is,
    });
  },
};

/** `isUnknown`: Braze gave no answer to the call that the verb makes. */
interface VerbAnswer {
  readonly isDone: boolean;
  readonly isUnknown: boolean;
}

/** A person uses a verb. `lost`: it may have been done. The reconciliation does nothing else. */
async function useVerb(
  verb: Verb | Decision | "resolve",
  isDryRun: boolean,
  entry: Readonly<Record<string, unknown>>,
  context: SimulationContext,
): Promise<VerbAnswer | "lost"> {
  const { status, body } = await call("braze-reconcile", {
    dry_run: isDryRun,
    [verb]: [{ ...entry, reason: "Looked in the dashboard" }],
  }, context);
  // The database may have been away.
  if (status >= 500 || status === 409) return "lost";
  if (status !== 200) {
    throw new Error(
      `Cannot ${verb}: the answer must be 200, got ${status} ${JSON.stringify(body)}`,
    );
  }
  const [answer] = asList(body.verbs);
  const isDone = answer?.done === true;
  context.tally.act(`${verb}: ${isDone ? "done" : "refused"}`);
  return { isDone, isUnknown: String(answer?.refused).startsWith("Braze gave no answer") };
}

/** Ends what lasts, as people do in the end: a key is repaired, a sync runs again, pg_cron is started. */
export async function endTroubles(context: SimulationContext): Promise<void> {
  const { lasting, stack: { sandbox, timeline } } = context;
  lasting.storm = [];
  if (lasting.netLateMs > 0) {
    lasting.netLateUntil = addMinutes(timeline.now(), NET_LATE_MS / 60_000);
  }
  lasting.netLateMs = 0;
  sandbox.model.switchboard.set({ listingMax: null, listingCampaign: "ours" });
  setDelivery(false, context);
  await restoreTeams(context);
  await context.pauseCron(false);
}

export function setFaults({ world, lasting, stack: { sandbox } }: SimulationContext): void {
  sandbox.model.switchboard.set({ faults: [...lasting.storm, ...world.faults.braze] });
}

function setDelivery(
  isLost: boolean,
  { world: { switches }, stack: { sandbox } }: SimulationContext,
) {
  const lossOf = (drawn: { readonly lossProbability?: number } | undefined) => ({
    lossProbability: isLost ? 1 : drawn?.lossProbability ?? 0,
  });
  sandbox.model.switchboard.set({
    currents: lossOf(switches.currents),
    webhook: lossOf(switches.webhook),
  });
}

/** Verbs that may double a push. */
const RISKY: readonly Verb[] = ["declare_gone", "reschedule", "push_again"];

const NET_LATE_MS = 3 * 60 * 60_000;

const everywhere = (status: number): FaultList => [{ endpoint: "*", kind: "status", status }];

const at = (call: "create" | "delete", fault: Omit<FaultList[number], "endpoint">): FaultList => [
  { endpoint: `/campaigns/trigger/schedule/${call}`, ...fault },
];

const STORMY: Readonly<Record<Storm | DeleteStorm | CreateStorm, FaultList>> = {
  503: everywhere(503),
  429: [{ endpoint: "*", kind: "429" }],
  401: everywhere(401),
  // A key has its permissions by endpoint.
  403: [
    { endpoint: "/campaigns/trigger/schedule/create", kind: "status", status: 403 },
    { endpoint: "/campaigns/trigger/schedule/delete", kind: "status", status: 403 },
  ],
  delete_400: at("delete", { kind: "status", status: 400 }),
  delete_403: at("delete", { kind: "status", status: 403 }),
  delete_429: at("delete", { kind: "429" }),
  delete_500: at("delete", { kind: "status", status: 500 }),
  create_400: at("create", { kind: "status", status: 400 }),
  create_unanswered: at("create", { kind: "timeout_after_effect" }),
};

/** Alerts for which the runbook says to send by hand. */
const SENT_BY_HAND_ON = [
  "create_failed",
  "create_inside_freeze",
  "schedule_missing",
  "schedule_gap",
  "schedule_id_missing",
  "push_missed",
];

/** The rows as the sync has them when it is whole. */
async function restoreTeams(context: SimulationContext): Promise<void> {
  const { stack: { sql, timeline }, history } = context;
  const now = timeline.now();
  for (const [name, { notify, value }] of history.teamsEver()) {
    if (history.teams(now).has(name)) continue;
    history.setTeam(name, notify, value, now);
    await sql`
      insert into public.teams (name, braze_attribute_value, notify) values (${name}, ${value}, ${notify})
      on conflict (name) do nothing`;
  }
}

/** What a person did to the match last and did not take back, as the page offers it; if there is nothing, some number. */
async function lastActionOn(matchId: number, { stack: { sql } }: SimulationContext) {
  const [last] = await sql<{ id: string }[]>`
    select action.id from public.operator_actions as action
    where action.match_id = ${matchId} and action.action not in ('undo', 'resolve', 'keep_schedule', 'delete_schedule')
      and not exists (select 1 from public.operator_actions as undo where undo.undoes = action.id)
    order by action.id desc limit 1`;
  return Number(last?.id ?? 1);
}

/** The ledger row, the schedules and the holds of a match: what a verb may change. */
async function whatTheSuiteHas(matchId: number, { stack: { sql } }: SimulationContext) {
  const [row] = await sql<{ all: string }[]>`
    select pg_catalog.concat_ws(' ', ledger.status, ledger.generation, ledger.cancel_reason, (
      select pg_catalog.string_agg(schedule.generation || ':' || schedule.state, ',' order by schedule.generation)
      from public.braze_schedules as schedule where schedule.ledger_id = ledger.id
    )) as all
    from public.schedule_ledger as ledger where ledger.match_id = ${matchId}`;
  return row?.all ?? "nothing";
}

/** The schedule in Braze, whose schedule the suite takes it for, and whether a person keeps it. */
async function whatThereIsOf({ id }: Schedule, { stack: { sql, sandbox } }: SimulationContext) {
  const [row] = await sql<{ all: string }[]>`
    select pg_catalog.concat_ws(' ', (
      select ledger.match_id || ':' || schedule.generation || ':' || schedule.state
      from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
      where schedule.braze_schedule_id = ${id}
    ), (
      select 'kept' from private.unmanaged_schedules
      where braze_schedule_id = ${id} and kept_at is not null
    )) as all`;
  return `${sandbox.model.schedules.find(id)?.state} ${row!.all}`;
}

type Fields = Readonly<Record<string, unknown>>;

function asList(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value as readonly Fields[] : [];
}

function otherThan(matchId: number, { history }: SimulationContext): number {
  return history.matchIds.find((other) => other !== matchId) ?? UNKNOWN_MATCH_ID;
}

/** The live schedule of a match, and its time, or the one that is planned. */
function plannedFor(matchId: number, { stack: { sandbox, timeline }, history }: SimulationContext) {
  const live = sandbox.model.schedules.all.find(({ state, triggerProperties }) =>
    state === "scheduled" && triggerProperties.match_id === String(matchId)
  );
  const { kickoffAt } = history.match(matchId, timeline.now());
  return { live, sendAt: live?.sendAt ?? addMinutes(kickoffAt, -60) };
}

function sendIdFor(
  sendId: "none" | "own_form" | "other",
  matchId: number,
  prng: Prng,
): string | null {
  if (sendId === "none") return null;
  return sendId === "own_form" ? `match-${matchId}` : prng.hex(24);
}

/** The trigger properties of a copy of the suite, whose match has the same id. */
function ofOtherSuite(matchId: number, prng: Prng) {
  return {
    match_id: String(matchId),
    ledger_id: prng.uuid(),
    generation: 1,
    attempt_id: prng.uuid(),
  };
}

function extrasOf(
  says: NeighbourSays,
  matchId: number,
  ours: Readonly<Record<string, unknown>> | undefined,
  prng: Prng,
): Readonly<Record<string, string>> | null {
  switch (says) {
    case "nothing":
      return null;
    case "its_own":
      return { deeplink: "app://offers" };
    case "blanks":
      return echo({});
    case "match":
      return echo({ match_id: String(matchId) });
    case "copy":
      return echo(ours ?? { match_id: String(matchId) });
    case "own_ledger":
      return echo(ofOtherSuite(matchId, prng));
  }
}

interface Reshaped {
  readonly entries: readonly GroundTruthEntry[];
  readonly body: string;
}

function reshape(
  entries: readonly GroundTruthEntry[],
  shape: ReplayShape,
  prng: Prng,
  { stack: { sandbox } }: SimulationContext,
): Reshaped[] {
  if (shape === "flat") {
    return entries.map((entry) => ({ entries: [entry], body: flatBody(entry, sandbox) }));
  }
  const reshaped: Reshaped[] = [];
  for (let from = 0; from < entries.length;) {
    const size = shape === "single" ? 1 : 1 + prng.below(90);
    const part = entries.slice(from, from += size);
    const body = currentsBody(part, sandbox.model.campaign);
    const { events } = JSON.parse(body);
    const [first] = events;
    const reshapedBody = shape === "batches"
      ? body
      : shape === "single"
      ? JSON.stringify(first)
      : JSON.stringify(shape === "list" ? events : events.map(exported(shape)));
    reshaped.push({ entries: part, body: reshapedBody });
  }
  return reshaped;
}

type NestedEvent = Readonly<Record<string, unknown>> & {
  readonly user: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
};

/** An event as an exported file holds it: all fields at the top level. */
function exported(shape: "export" | "export_without_kind") {
  return ({ user, properties, event_type, ...rest }: NestedEvent) => ({
    ...(shape === "export" ? { event_type } : {}),
    ...rest,
    ...user,
    ...properties,
  });
}

/** A flat event, as a person would write it from an export. */
function flatBody(
  entry: GroundTruthEntry,
  { model }: Sandbox,
) {
  const { id, type, user, device, dispatchId, schedule, neighbour } = entry;
  return JSON.stringify({
    event_type: type.split(".").at(-1)!.toLowerCase(),
    event_id: id,
    sent_at: new Date(statedTime(entry) * 1_000).toISOString(),
    external_user_id: user.externalId,
    device_id: device?.id ?? null,
    ...(neighbour === null
      ? { campaign_id: model.campaign.id }
      : { [`${neighbour.kind}_id`]: neighbour.id }),
    dispatch_id: dispatchId,
    schedule_id: schedule.id,
  });
}

async function deliver({ entries, body }: Reshaped, context: SimulationContext): Promise<void> {
  const response = await post(body, context);
  if (response.ok) { for (const entry of entries) entry.acknowledged++; }
}

async function post(body: string, { stack: { ready } }: SimulationContext): Promise<Response> {
  const response = await fetch(`${ready.functions_url}/braze-webhook`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${ready.webhook_secret}`,
    },
    body,
  });
  await response.body?.cancel();
  return response;
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function nameOf(what: What): string {
  if (what.kind === "change_fixture") {
    const [field = "", value] = Object.entries(what.change)[0] ?? [];
    return field === "kickoffByMinutes"
      ? `change_fixture: ${Number(value) > 0 ? "later" : "earlier"}`
      : field === "status" || field === "midnight"
      ? `change_fixture: ${value}`
      : `change_fixture: ${field}`;
  }
  if (what.kind === "verb") return `verb: ${what.verb}`;
  if (what.kind === "decide") return `verb: ${what.decision}`;
  if (what.kind === "resolve") return "verb: resolve";
  if (what.kind === "campaign" && what.drops !== undefined) {
    return `campaign: ${what.state}, ${what.drops ? "drops" : "keeps"} its schedules`;
  }
  if (what.kind === "neighbour_sends") {
    return `neighbour_sends: ${what.neighbour.kind}, ${what.says}`;
  }
  const detail = "state" in what
    ? what.state
    : "says" in what
    ? what.says
    : "on" in what
    ? (what.on ? "on" : "off")
    : "shape" in what
    ? what.shape
    : "server" in what
    ? what.server
    : "";
  return detail === "" ? what.kind : `${what.kind}: ${detail}`;
}
