/** Performs the acts of people and machines around the suite. */
import { addMinutes, addSeconds } from "date-fns";
import { echo } from "../../local/braze_sandbox/echo.ts";
import { currentsBody } from "../../local/braze_sandbox/currents.ts";
import type { Sandbox } from "../../local/braze_sandbox/sandbox.ts";
import { type GroundTruthEntry, statedTime } from "../../local/braze_sandbox/ground_truth.ts";
import { Prng } from "../../local/lib/prng.ts";
import type { Act, NeighbourSays, ReplayShape, What } from "./act.ts";
import { UNKNOWN_TEAM } from "./fixtures.ts";
import type { SimulationContext } from "./context.ts";
import { addFixture, call } from "./stack_calls.ts";

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
  async change_fixture({ matchId, change }, { stack: { sql, timeline }, history }) {
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
    const match = history.change(matchId, change, now);
    await sql`
      update public.matches
      set home_team = ${match.home}, kickoff_at = ${match.kickoffAt}, status = ${match.status},
        trigger_properties = ${sql.json(match.properties)}, updated_at = ${now}
      where id = ${matchId}`;
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

  schedule_in_dashboard({ matchId, says, when }, context) {
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
    }[says];
    model.schedules.create({
      origin: "dashboard",
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

  campaign({ state }, { stack: { sandbox, timeline } }) {
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
    switchboard.set({ faults: world.faults.braze });
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

  async release({ carelessly }, { stack: { sql, sandbox, timeline }, tally, released }) {
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
      await sql`select public.release_create(${match_id}, 'Looked in the dashboard', ${now})`;
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
};

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
      : field === "status"
      ? `change_fixture: ${value}`
      : `change_fixture: ${field}`;
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
