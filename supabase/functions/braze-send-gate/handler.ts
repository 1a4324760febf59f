/**
 * Tells a push that is about to be sent whether it may go out.
 *
 * Guarantees: 200 with `send` reflects the current state of the database. Every fault is answered with a status other
 * than 2xx, which Braze's Connected Content treats as an empty response; the template decides what to do then. The
 * function only reads, so a request may be repeated.
 */
import { bodyReader } from "../_shared/http/body.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { json, problem } from "../_shared/http/responses.ts";
import { GATE_RESPONSE_TTL_MS } from "../_shared/auth/gate_token.ts";
import { isUnavailable } from "../_shared/store/rpc.ts";
import { decide, type GateAnswer } from "./decide.ts";

/** `private`: only Braze may cache the response, no shared proxy. */
const CACHING = { "cache-control": `private, max-age=${GATE_RESPONSE_TTL_MS / 1_000}` };

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { functionName, identifyCaller, environment, store, clock, newId } = dependencies;

  return async function handle(request) {
    if (request.method !== "GET") return problem("get_only");
    const identified = await identifyCaller(request, bodyReader(request), functionName);
    if (!identified.ok) return problem(identified.code);
    const { caller } = identified;
    if (caller.kind !== "gate_token") return problem("not_allowed");

    const log = dependencies.log.forRun(newId());
    const { ledgerId, generation } = caller.gated;
    try {
      const facts = await store.gate.load(caller.gated);
      const answer = decide(facts, generation, environment.sendGateLateMs, clock.now());
      // A sent push has events; a rejected one leaves no other trace.
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
