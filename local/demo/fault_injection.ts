/** Acts for everything outside the suite: people and their verbs, the fixture list, faults of Braze. */
import type { Stack } from "../stack/stack.ts";

export interface FaultInjection {
  /** Makes the next run recreate the match's schedule, and loses Braze's answer. */
  loseAnswerOf(matchId: number): Promise<void>;
  /** A person uses `declare_gone`, although the schedule is in Braze. */
  declareGone(matchId: number): Promise<void>;
  scheduleByHand(matchId: number): Promise<void>;
  /** A person uses `delete_schedule` on the schedules of the match that the suite has not made. */
  deleteUnmanaged(matchId: number): Promise<void>;
  cancelInDashboard(matchId: number): Promise<void>;
  postpone(matchId: number): Promise<void>;
  receiver(state: "down" | "up"): Promise<void>;
  loseEvents(share: number): Promise<void>;
  ids(state: "on" | "off"): Promise<void>;
  campaign(state: "stopped" | "enabled"): Promise<void>;
}

export function createFaultInjection(
  { sql, sandbox, timeline, ready, outages }: Stack,
): FaultInjection {
  const { switchboard } = sandbox.model;
  const { eventsCarryDispatchId, eventsCarrySendId, eventsCarryEcho } = switchboard.current;
  const usual = { eventsCarryDispatchId, eventsCarrySendId, eventsCarryEcho };
  const none = { eventsCarryDispatchId: false, eventsCarrySendId: false, eventsCarryEcho: false };

  async function dashboard(path: string, body: unknown): Promise<void> {
    const response = await fetch(`${ready.braze_url}/_sandbox/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`Cannot ${path}: got ${response.status} ${answer}`);
  }

  /** Throws if it is refused. */
  async function use(verb: string, entry: unknown): Promise<void> {
    const response = await fetch(`${ready.functions_url}/braze-scheduler`, {
      method: "POST",
      headers: { "content-type": "application/json", apikey: ready.secret_key },
      body: JSON.stringify({ [verb]: [entry] }),
    });
    const answer = await response.text();
    if (!response.ok || JSON.parse(answer).verbs[0].done !== true) {
      throw new Error(`Cannot ${verb}: got ${response.status} ${answer}`);
    }
  }

  return {
    async loseAnswerOf(matchId) {
      // An update cannot change the trigger properties, so the next run recreates the schedule.
      await sql`
        update public.matches set trigger_properties = '{"venue": "changed"}', updated_at = ${timeline.now()}
        where id = ${matchId}`;
      const endpoint = "/campaigns/trigger/schedule/create";
      switchboard.set({ faults: [{ endpoint, kind: "timeout_after_effect", times: 1 }] });
    },
    declareGone: (matchId) =>
      use("declare_gone", { match_id: matchId, reason: "Not seen in the dashboard" }),
    async scheduleByHand(matchId) {
      const live = sandbox.model.schedules.all.find(({ state, triggerProperties }) =>
        state === "scheduled" && triggerProperties.match_id === String(matchId)
      );
      const [match] = await sql<{ teams: string[] }[]>`
        select array[home_team, away_team] as teams from public.matches where id = ${matchId}`;
      if (live === undefined || match === undefined) {
        throw new Error(`Cannot schedule match ${matchId} by hand: it has no schedule to copy`);
      }
      const filter = (name: string) => ({
        custom_attribute: {
          custom_attribute_name: name,
          comparison: "is_any_of",
          value: match.teams,
        },
      });
      await dashboard("dashboard/create", {
        send_at: live.sendAt.toISOString(),
        audience: { OR: ["Team 1", "Team 2", "Team 3"].map(filter) },
        trigger_properties: { match_id: String(matchId) },
      });
    },
    async deleteUnmanaged(matchId) {
      const open = await sql<{ schedule_id: string }[]>`
        select details ->> 'schedule_id' as schedule_id from public.alerts
        where rule = 'unmanaged_schedule' and match_id = ${matchId} and resolved_at is null`;
      for (const { schedule_id } of open) {
        await use("delete_schedule", { schedule_id, reason: "The suite has its own" });
      }
    },
    cancelInDashboard: (matchId) => dashboard("dashboard/cancel", { match_id: String(matchId) }),
    async postpone(matchId) {
      await sql`
        update public.matches set status = 'postponed', updated_at = ${timeline.now()}
        where id = ${matchId}`;
    },
    receiver(state) {
      if (state === "down") outages.add("braze-webhook");
      else outages.delete("braze-webhook");
      return Promise.resolve();
    },
    loseEvents: (share) =>
      Promise.resolve(switchboard.set({ currents: { lossProbability: share } })),
    ids: (state) => Promise.resolve(switchboard.set(state === "on" ? usual : none)),
    campaign: (state) => dashboard("campaign", { state }),
  };
}
