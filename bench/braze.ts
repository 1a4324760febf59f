/** Serves a Braze sandbox from this process and counts the calls to it. */
import { createSandbox } from "../local/braze_sandbox/sandbox.ts";
import type { Keys } from "../local/stack/keys.ts";
import { RealTimeline } from "../local/clock/real_timeline.ts";

export interface Braze {
  readonly url: string;
  readonly calls: Map<string, number>;
  stop(): Promise<void>;
}

export function serveBraze(keys: Keys): Braze {
  const calls = new Map<string, number>();
  const sandbox = createSandbox({
    timeline: new RealTimeline(),
    seed: 1,
    apiKey: keys.brazeApiKey,
    campaignId: keys.campaignId,
    // Without users it sends nothing during the measurement.
    users: { count: 0, seed: 1, teams: [{ value: "Team 1", weight: 1 }] },
    deliverTo: { url: "http://127.0.0.1:9/", headers: { currents: {}, webhook: {} } },
    deliveriesAtOnce: 1,
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request, info) => {
    const { pathname } = new URL(request.url);
    calls.set(pathname, (calls.get(pathname) ?? 0) + 1);
    return sandbox.handle(request, info);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    calls,
    async stop() {
      sandbox.stop();
      await server.shutdown();
    },
  };
}
