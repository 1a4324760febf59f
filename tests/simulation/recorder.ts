/** Records the calls between the suite and the world that leave no other trace, for the auditor only. */
import { subSeconds } from "date-fns";
import type { Sandbox } from "../../local/braze_sandbox/sandbox.ts";
import type { Sql } from "../../local/stack/sql.ts";

/** A run acts on the state at its start, and may wait for Braze in between. */
export const RUN_SECONDS_MAX = 300;

/** The state of the journal and the ledger when a delete took effect in Braze. */
export interface RecordedDelete {
  readonly at: Date;
  readonly scheduleId: string;
  /** The reasons of the attempts that were open at the time: each is written before the call. */
  readonly reasons: readonly string[];
  /** The time of the first delete request that, by the journal, may have succeeded: this one or an earlier one. */
  readonly askedFrom: Date;
  /** Null if the schedule did not belong to the ledger. */
  readonly owner: {
    readonly matchId: number;
    readonly generation: number;
    readonly currentGeneration: number;
    readonly status: string;
  } | null;
}

/** A move that Braze refused: the schedule stays at its time. */
export interface RefusedMove {
  readonly at: Date;
  readonly scheduleId: string;
}

/** The request of a create: its audience and trigger properties. */
export interface RecordedCreate {
  readonly at: Date;
  readonly ledgerId: string;
  readonly generation: number;
  readonly isJournalled: boolean;
  readonly hasToken: boolean;
  readonly teams: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

/** How a delivery was answered. */
export interface RecordedAnswer {
  readonly at: Date;
  readonly received: number;
  readonly recorded: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** An answer of the send gate. */
export interface RecordedGate {
  readonly at: Date;
  readonly ledgerId: string;
  readonly generation: number;
  readonly send: boolean;
  readonly reason: string;
}

export interface RecorderOptions {
  readonly sandbox: () => Sandbox;
  readonly sql: () => Sql;
  readonly now: () => Date;
}

export class Recorder {
  readonly deletes: RecordedDelete[] = [];
  readonly refusedMoves: RefusedMove[] = [];
  readonly creates: RecordedCreate[] = [];
  readonly answers: RecordedAnswer[] = [];
  readonly gates: RecordedGate[] = [];
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Braze, with each of its calls recorded. */
  async braze(request: Request): Promise<Response> {
    const sandbox = this.#options.sandbox();
    const { pathname } = new URL(request.url);
    if (pathname === "/campaigns/trigger/schedule/create") {
      const body = await request.clone().json();
      // One that names no match only tries the endpoint.
      if (body.trigger_properties !== undefined) await this.#recordCreate(body);
    }
    if (pathname === "/campaigns/trigger/schedule/update") {
      const { schedule_id: scheduleId } = await request.clone().json();
      const response = await sandbox.handle(request);
      if (isRefusal(response)) this.refusedMoves.push({ at: this.#options.now(), scheduleId });
      return response;
    }
    if (pathname !== "/campaigns/trigger/schedule/delete") return await sandbox.handle(request);

    const { schedule_id: scheduleId } = await request.clone().json();
    const before = await this.#readDelete(scheduleId);
    const isLive = () => sandbox.model.schedules.find(scheduleId)?.state === "scheduled";
    const wasLive = isLive();
    try {
      return await sandbox.handle(request);
    } finally {
      if (wasLive && !isLive()) {
        this.deletes.push({ at: this.#options.now(), scheduleId, ...before });
      }
    }
  }

  /** Records a function's answer, and returns the reason in an answer of the gate. */
  async answered(
    functionName: string,
    request: Request,
    response: Response,
  ): Promise<string | null> {
    if (response.status !== 200) return null;
    if (functionName === "braze-send-gate") {
      const token = new URL(request.url).searchParams.get("token") ?? "";
      const { sub: ledgerId, generation } = JSON.parse(atob(base64Of(token.split(".")[1] ?? "")));
      const { send, reason } = await response.clone().json();
      this.gates.push({ at: this.#options.now(), ledgerId, generation, send, reason });
      return reason;
    }
    if (functionName !== "braze-webhook") return null;
    const { received, recorded, duplicates, rejected } = await response.clone().json();
    this.answers.push({ at: this.#options.now(), received, recorded, duplicates, rejected });
    return null;
  }

  async #readDelete(
    scheduleId: string,
  ): Promise<Pick<RecordedDelete, "reasons" | "askedFrom" | "owner">> {
    const sql = this.#options.sql();
    const runBegan = subSeconds(this.#options.now(), RUN_SECONDS_MAX);
    const attempts = await sql<{ reason: string; isOpen: boolean; openedAt: Date }[]>`
      select reason, outcome is null as "isOpen", opened_at as "openedAt" from public.schedule_attempts
      where kind = 'delete' and braze_schedule_id = ${scheduleId}
        and (
          outcome is null or http_status in (400, 404)
          -- A run does not see what a list resolved after the run's start.
          or outcome = 'unknown' and (resolved_as is distinct from 'listed' or resolved_at > ${runBegan})
        )
      order by opened_at`;
    const [owner] = await sql<{ match_id: string; hit: number; current: number; status: string }[]>`
      select ledger.match_id, schedule.generation as hit, ledger.generation as current, ledger.status::text
      from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
      where schedule.braze_schedule_id = ${scheduleId}`;
    return {
      reasons: attempts.flatMap(({ reason, isOpen }) => isOpen ? [reason] : []),
      askedFrom: attempts[0]?.openedAt ?? this.#options.now(),
      owner: owner === undefined ? null : {
        matchId: Number(owner.match_id),
        generation: owner.hit,
        currentGeneration: owner.current,
        status: owner.status,
      },
    };
  }

  async #recordCreate(body: Record<string, unknown>): Promise<void> {
    const { ledger_id: ledgerId, generation, send_gate_token: token, ...properties } = body
      .trigger_properties as {
        readonly ledger_id: string;
        readonly generation: number;
        readonly send_gate_token?: string;
      };
    const [journal] = await this.#options.sql()<{ entries: number }[]>`
      select count(*)::int as entries from public.schedule_attempts
      where kind = 'create' and ledger_id = ${ledgerId} and generation = ${generation} and outcome is null`;
    this.creates.push({
      at: this.#options.now(),
      ledgerId,
      generation,
      isJournalled: journal?.entries === 1,
      hasToken: token !== undefined,
      teams: valuesIn(body.audience),
      properties,
    });
  }
}

/** Whether Braze refuses the request itself: the same again would be refused, too. */
function isRefusal({ status }: Response): boolean {
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}

/** Decodes the token of a URL, where base64url replaces two characters. */
function base64Of(text: string): string {
  return text.replaceAll("-", "+").replaceAll("_", "/");
}

/** All values in the filters of an audience, sorted. */
function valuesIn(audience: unknown): string[] {
  if (Array.isArray(audience)) return [...new Set(audience.flatMap(valuesIn))].sort();
  if (typeof audience !== "object" || audience === null) return [];
  return [
    ...new Set(
      Object.entries(audience).flatMap(([key, content]) =>
        key === "value" && Array.isArray(content) ? content.map(String) : valuesIn(content)
      ),
    ),
  ].sort();
}
