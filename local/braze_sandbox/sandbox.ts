/**
 * The Braze sandbox, ready to be mounted on a port: model, REST API, admin API, delivery worker.
 */
import type { Timeline } from "../clock/timeline.ts";
import { createAdminApi } from "./admin_api.ts";
import { DeliveryWorker, type DeliveryWorkerOptions } from "./delivery_worker.ts";
import { createRestApi } from "./rest_api.ts";
import { BrazeModel, type ModelOptions } from "./model.ts";

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

export interface SandboxOptions extends ModelOptions {
  readonly timeline: Timeline;
  readonly apiKey: string;
  readonly deliverTo: DeliveryWorkerOptions["deliverTo"];
  readonly deliveriesAtOnce: number;
  readonly gateUrl?: DeliveryWorkerOptions["gateUrl"];
}

/** Where a request comes from, as `Deno.serve` reports it. */
export interface Caller {
  readonly remoteAddr: Deno.Addr;
}

export interface Sandbox {
  readonly model: BrazeModel;
  /** Without a caller the request is taken as coming from this process. */
  handle(request: Request, caller?: Caller): Promise<Response>;
  /** Plans and posts nothing more. */
  stop(): void;
}

export function createSandbox(options: SandboxOptions): Sandbox {
  const { timeline, apiKey, deliverTo, deliveriesAtOnce, gateUrl } = options;
  const model = new BrazeModel(options);
  const deliveryWorker = new DeliveryWorker({
    model,
    timeline,
    deliverTo,
    deliveriesAtOnce,
    gateUrl,
  });
  const changed = () => deliveryWorker.plan();
  const restApi = createRestApi({ model, timeline, apiKey, changed });
  const adminApi = createAdminApi({ model, timeline, changed });
  return {
    model,
    stop: () => deliveryWorker.stop(),
    async handle(request, caller) {
      if (!new URL(request.url).pathname.startsWith("/_sandbox/")) return await restApi(request);
      return isLocal(caller)
        ? await adminApi(request)
        : Response.json({ message: "Cannot open /_sandbox/ from another machine" }, {
          status: 403,
        });
    },
  };
}

export interface ServedSandbox extends Sandbox {
  readonly url: string;
  shutdown(): Promise<void>;
}

/** `port: 0` takes a free one. */
export function serveSandbox(options: SandboxOptions & { readonly port: number }): ServedSandbox {
  const sandbox = createSandbox(options);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: options.port, onListen() {} },
    (request, caller) => sandbox.handle(request, caller),
  );
  return {
    ...sandbox,
    url: `http://127.0.0.1:${server.addr.port}`,
    async shutdown() {
      sandbox.stop();
      await server.shutdown();
    },
  };
}

function isLocal(caller: Caller | undefined): boolean {
  const address = caller?.remoteAddr;
  return address === undefined || ("hostname" in address && LOOPBACK.test(address.hostname));
}
