/** The address and the secret key of the project that a command reads or writes. */
import { readProject } from "../../supabase/functions/_shared/runtime/config.ts";
import { StackFailure } from "../lib/failure.ts";
import type { Target } from "./target.ts";

export interface ProjectApi {
  /** Without a slash at its end. */
  readonly url: string;
  readonly secretKey: string;
}

/** Reads them by the rules of the functions. Throws a `StackFailure` that lists what is missing or malformed. */
export function projectApi({ env }: Target): ProjectApi {
  try {
    const { supabaseUrl, databaseKey } = readProject(env);
    return { url: supabaseUrl, secretKey: databaseKey };
  } catch (error) {
    throw new StackFailure(
      `${
        (error as Error).message
      }; it comes from the environment, --local or --env-file (see --help)`,
    );
  }
}
