/** The doctor beside a test stack, and helpers that read its findings. */
import { runChecks } from "../../local/doctor/checks.ts";
import type { Finding, Result } from "../../local/doctor/finding.ts";
import type { DoctorTarget } from "../../local/doctor/target.ts";
import { MIGRATIONS } from "../../local/stack/project.ts";
import type { Stack } from "../../local/stack/stack.ts";

export function doctorTargetOf(
  stack: Stack,
  env: Readonly<Record<string, string>> = {},
): DoctorTarget {
  const variables = new Map(Object.entries({ ...stack.functionEnv, ...env }));
  return {
    env: (name) => variables.get(name),
    databaseUrl: stack.ready.db_url,
    fetch: globalThis.fetch,
    now: () => new Date(),
    suiteNow: () => Promise.resolve(stack.timeline.now()),
    cronSince: () => Promise.resolve(new Date(0)),
    migrations: MIGRATIONS,
    sendsTestAlert: false,
  };
}

export async function diagnose(target: DoctorTarget) {
  const findings = await runChecks(target);
  return { findings, checks: (result: Result) => checksOf(findings, result) };
}

export function checksOf(findings: readonly Finding[], wanted: Result): string[] {
  return findings.filter(({ result }) => result === wanted).map(({ check }) => check).sort();
}

/** Answers in place of the requests that `pattern` matches. */
export function answering(pattern: RegExp, status: number, body: unknown): typeof fetch {
  return (input, init) =>
    pattern.test(String(input))
      ? Promise.resolve(Response.json(body, { status }))
      : globalThis.fetch(input, init);
}

/** Sets the `Date` header of the answers that `pattern` matches. */
export function dated(pattern: RegExp, date: Date): typeof fetch {
  return async (input, init) => {
    const { body, status, headers } = await globalThis.fetch(input, init);
    const changed = new Headers(headers);
    if (pattern.test(String(input))) changed.set("date", date.toUTCString());
    return new Response(body, { status, headers: changed });
  };
}
