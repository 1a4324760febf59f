/** The common server of all peers: answers a POST when the peer has accepted its events. */
import process from "node:process";
import { z } from "zod";

export const CONNECTIONS = 10;

/** The minimum of validation that a receiver needs. */
export const Event = z.looseObject({
  id: z.string().min(1).max(255),
  event_type: z.string().min(1),
  time: z.number().int(),
  user: z.looseObject({ external_user_id: z.string().optional() }),
  properties: z.looseObject({
    campaign_id: z.string().optional(),
    dispatch_id: z.string().optional(),
    send_id: z.string().optional(),
  }),
});
export type Event = z.infer<typeof Event>;

const Body = z.object({ events: z.array(Event).min(1) });

export interface Arguments {
  readonly port: number;
  readonly databaseUrl: string;
}

export function readArguments(): Arguments {
  const [port, databaseUrl] = Deno.args as [string, string];
  return { port: Number(port), databaseUrl };
}

export async function readEvents(request: Request): Promise<Event[]> {
  return Body.parse(await request.json()).events;
}

/** Awaits `stop` on SIGINT, so that no work is interrupted. */
export function serve(
  port: number,
  accept: (request: Request) => Promise<unknown>,
  stop: () => Promise<unknown>,
): void {
  Deno.addSignalListener("SIGINT", () => {
    stop().catch(() => {}).then(() => Deno.exit(0));
  });
  Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, async (request) => {
    if (new URL(request.url).pathname.startsWith("/_local/")) return new Response("ready");
    try {
      await accept(request);
      return Response.json({ ok: true });
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      return Response.json({ error: String(error) }, { status: 500 });
    }
  });
}
