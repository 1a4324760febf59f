/**
 * Answers a push that is about to be sent: may it?
 *
 * The promise: 200 and `send` only for what the database says at this moment. Whatever goes wrong is no 2xx, which
 * Braze's Connected Content takes for an empty answer; what the push does then was chosen in its template. It only
 * reads, so the same question may come any number of times.
 */
import { bodyReader } from "../_shared/http/body.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { json, problem } from "../_shared/http/responses.ts";
import { GATE_ANSWER_LIVES_MS } from "../_shared/auth/gate_token.ts";
import { isUnavailable } from "../_shared/store/rpc.ts";
import { decide, type GateAnswer } from "./decide.ts";

/** For Braze alone: nobody on the way may keep an answer and hand it out. */
const CACHING = { "cache-control": `private, max-age=${GATE_ANSWER_LIVES_MS / 1_000}` };

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { functionName, identifyCaller, store, newId } = dependencies;

  return async function handle(request) {
    if (request.method !== "GET") return problem("get_only");
    const identified = await identifyCaller(request, bodyReader(request), functionName);
    if (!identified.ok) return problem(identified.code);
    const { caller } = identified;
    if (caller.kind !== "gate_token") return problem("not_allowed");

    const log = dependencies.log.forRun(newId());
    const { ledgerId, generation } = caller.asks;
    try {
      const answer = decide(await store.gate.load(caller.asks), generation);
      // What passes is told by its events; what is turned away leaves no other trace of why.
      if (!answer.send) {
        log.warn("push_turned_away", {
          ledger_id: ledgerId,
          generation,
          reason: answer.reason,
        });
      }
      return json(answer satisfies GateAnswer, 200, CACHING);
    } catch (error) {
      log.error("gate_not_answered", { ledger_id: ledgerId, generation, error });
      return problem(isUnavailable(error) ? "database_unavailable" : "internal");
    }
  };
}
