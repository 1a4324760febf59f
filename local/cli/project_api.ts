/** The address and the secret key of the project that a command reads or writes. */
import { z } from "zod";
import { StackFailure } from "../lib/failure.ts";
import type { Target } from "./target.ts";

export interface ProjectApi {
  /** Without a slash at its end. */
  readonly url: string;
  readonly secretKey: string;
}

/** `cannot`: the beginning of the error message, as in "Cannot read the matchday". */
export function projectApi({ env }: Target, cannot: string): ProjectApi {
  const url = env("SUPABASE_URL")?.trim().replace(/\/+$/, "");
  if (url === undefined || !URL.canParse(url)) {
    throw new StackFailure(
      "Cannot choose a project: SUPABASE_URL must be set, or --local or --env-file be given (see --help)",
    );
  }
  const keys = z.record(z.string(), z.string()).safeParse(
    parseJson(env("SUPABASE_SECRET_KEYS") ?? "{}"),
  );
  const secretKey = keys.success
    ? keys.data.default ?? Object.values(keys.data)[0] ?? env("SUPABASE_SERVICE_ROLE_KEY")
    : undefined;
  if (secretKey !== undefined) return { url, secretKey };
  throw new StackFailure(
    `${cannot}: SUPABASE_SECRET_KEYS must be like {"default": "sb_secret_…"}, got nothing of the kind`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
