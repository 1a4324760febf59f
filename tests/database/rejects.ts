import { createHash } from "node:crypto";
import { type Suite } from "./fixtures.ts";

export interface Loaded {
  readonly rejects: readonly {
    readonly digest: string;
    readonly body_base64: string;
    readonly content_type: string | null;
    readonly first_received_at: string;
  }[];
  readonly places: readonly { readonly from: string; readonly until: string }[];
}

export const digestOf = (body: string) => createHash("sha256").update(body).digest("hex");

export function load({ call }: Suite, args: Record<string, unknown> = {}): Promise<Loaded> {
  return call("load_rejects", { p_limit: 100, p_bytes_max: 1_000_000, ...args });
}

export const bodies = ({ rejects }: Loaded) =>
  rejects.map(({ body_base64 }) => atob(body_base64)).sort();
