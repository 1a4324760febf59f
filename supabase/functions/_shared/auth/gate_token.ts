/**
 * The token that a push template presents to the send gate. It identifies one generation of one ledger row, by the call
 * that created it, and proves that the suite issued it.
 *
 * A generation always has the same token, because Braze caches responses by URL. The token does not expire: the ledger
 * decides how long the generation may be sent.
 */
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/**
 * Braze caches a Connected Content response for at least five minutes, so an outdated response may apply that long.
 * Source: Braze docs, "Connected Content caching".
 */
export const GATE_RESPONSE_TTL_MS = 5 * 60_000;

export interface GatedGeneration {
  readonly ledgerId: string;
  readonly generation: number;
  /** The create call: after the restore of a backup, generations are given out again. */
  readonly attemptId: string;
}

const ALGORITHM = "HS256";
/** Excludes tokens signed with the same key for another purpose. */
const AUDIENCE = "braze-send-gate";

const Claims = z.object({
  sub: z.guid(),
  generation: z.int().positive(),
  attempt_id: z.guid(),
});

/** About 270 URL-safe characters. */
export async function signGateToken(
  { ledgerId, generation, attemptId }: GatedGeneration,
  secret: string,
): Promise<string> {
  return await new SignJWT({ generation, attempt_id: attemptId })
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(ledgerId)
    .setAudience(AUDIENCE)
    .sign(keyOf(secret));
}

/** null when none of `secrets` signed the token. */
export async function readGateToken(
  token: string,
  secrets: readonly string[],
): Promise<GatedGeneration | null> {
  for (const secret of secrets) {
    try {
      const { payload } = await jwtVerify(token, keyOf(secret), {
        algorithms: [ALGORITHM],
        audience: AUDIENCE,
      });
      const { sub, generation, attempt_id } = Claims.parse(payload);
      return { ledgerId: sub, generation, attemptId: attempt_id };
    } catch {
      // Not signed with this secret.
    }
  }
  return null;
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}
