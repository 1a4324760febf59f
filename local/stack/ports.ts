/** Chooses the ports of a stack and checks that they are free. */
import { StackFailure } from "../lib/failure.ts";

export const PORT_BASE = 54_321;
/** The dashboard's port follows the five of the stack. */
export const DASHBOARD_OFFSET = 5;

/** Below the range that Linux and macOS use for outgoing connections. */
const FREE_MIN = 10_000;
const FREE_MAX = 32_000;
const FREE_ATTEMPTS_MAX = 1_000;

/** `fetch` refuses these ports, so no server that a function calls may use them. */
const REFUSED_BY_FETCH = new Set([
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667],
  ...[6668, 6669, 6679, 6697, 10080],
]);

export interface Ports {
  readonly gateway: number;
  readonly database: number;
  readonly rest: number;
  readonly restAdmin: number;
  readonly braze: number;
}

/** Five consecutive ports from `base`; throws if one is not free. */
export function fixedPorts(base: number): Ports {
  if (!Number.isInteger(base) || base < 1024 || base > 65_531) {
    throw new StackFailure(
      `Cannot choose ports: base must be a whole number from 1024 to 65531, got ${base}`,
    );
  }
  const ports: Ports = {
    gateway: base,
    database: base + 1,
    rest: base + 2,
    restAdmin: base + 3,
    braze: base + 4,
  };
  for (const [part, port] of Object.entries(ports)) {
    if (REFUSED_BY_FETCH.has(port)) {
      throw new StackFailure(
        `Cannot use port ${port} for ${part}: fetch must allow it, got one that fetch refuses; choose another --port`,
      );
    }
    if (!isFree(port)) {
      throw new StackFailure(
        `Cannot use port ${port} for ${part}: it must be free, got one in use; stop what runs there, or choose --port or --ephemeral`,
      );
    }
  }
  return ports;
}

/**
 * Five free ports at random. Ports that the system assigns come from the range of outgoing connections, one of which
 * could take a port before its server does.
 */
export function freePorts(): Ports {
  const found = new Set<number>();
  for (let attempt = 0; found.size < 5; attempt++) {
    if (attempt === FREE_ATTEMPTS_MAX) {
      throw new StackFailure(
        `Cannot choose ports: five from ${FREE_MIN} to ${FREE_MAX} must be free, got ${found.size}`,
      );
    }
    const port = FREE_MIN + Math.floor(Math.random() * (FREE_MAX - FREE_MIN + 1));
    if (!REFUSED_BY_FETCH.has(port) && isFree(port)) found.add(port);
  }
  const [gateway, database, rest, restAdmin, braze] = found;
  return {
    gateway: gateway!,
    database: database!,
    rest: rest!,
    restAdmin: restAdmin!,
    braze: braze!,
  };
}

const STARTS_MAX = 5;

/**
 * Starts something on free ports, and tries other ports if another process took one between the check and the start.
 * `start` must clean up when it fails.
 */
export async function onFreePorts<Started>(
  start: (ports: Ports) => Promise<Started>,
): Promise<Started> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start(freePorts());
    } catch (error) {
      if (attempt === STARTS_MAX || !isPortTaken(error)) throw error;
    }
  }
}

/** Our servers fail with a type; child processes only write it to their logs, which their failures quote. */
function isPortTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse ||
    (error instanceof StackFailure && /address already in use|resource busy/i.test(error.message));
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
