/** Actions from outside the suite: people at the dashboard, the fixture list, faults of Braze. */
import type { Stack } from "../stack/stack.ts";

export interface FaultInjection {
  /** Has the match scheduled again, and drops Braze's answer. */
  loseAnswerOf(matchId: number): Promise<void>;
  release(matchId: number): Promise<void>;
  scheduleByHand(matchId: number): Promise<void>;
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

  return {
    async loseAnswerOf(matchId) {
      // An update cannot change the schedule, so the next run creates it again.
      await sql`
        update public.matches set trigger_properties = '{"venue": "changed"}', updated_at = ${timeline.now()}
        where id = ${matchId}`;
      const endpoint = "/campaigns/trigger/schedule/create";
      switchboard.set({ faults: [{ endpoint, kind: "timeout_after_effect", times: 1 }] });
    },
    async release(matchId) {
      await sql`select public.release_create(${matchId}, 'Not seen in the dashboard', ${timeline.now()})`;
    },
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
