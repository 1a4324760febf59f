/**
 * Names one generation of one ledger row, and proves that the suite named it: what the push template brings to the
 * send gate.
 *
 * The same generation always has the same token, since Braze keeps the gate's answers by address. It has no end of its
 * own: the ledger says how long the generation is wanted.
 */
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/**
 * Braze keeps what a Connected Content call answered for five minutes at least (Braze docs, "Connected Content
 * caching"): an answer that was given before a change may still count so long after it.
 */
export const GATE_ANSWER_LIVES_MS = 5 * 60_000;

export interface GatedGeneration {
  readonly ledgerId: string;
  readonly generation: number;
}

const ALGORITHM = "HS256";
/** No other token that is signed by the same key opens the gate. */
const AUDIENCE = "braze-send-gate";

const Claims = z.object({ sub: z.guid(), generation: z.int().positive() });

/** About 190 characters that may stand in a URL as they are. */
export async function signGateToken(
  { ledgerId, generation }: GatedGeneration,
  secret: string,
): Promise<string> {
  return await new SignJWT({ generation })
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(ledgerId)
    .setAudience(AUDIENCE)
    .sign(keyOf(secret));
}

/** Null where none of `secrets` signed it. */
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
      const { sub, generation } = Claims.parse(payload);
      return { ledgerId: sub, generation };
    } catch {
      // Signed by another one, or by nobody.
    }
  }
  return null;
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}
