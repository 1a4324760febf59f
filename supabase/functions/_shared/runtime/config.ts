/**
 * Reads the environment once, at start, so that an invalid one fails there and not during a request.
 *
 * The error lists every invalid variable but no value, because most values are secrets.
 */
import type { JSONWebKeySet, JWK } from "jose";
import { Webhook } from "standardwebhooks";
import { z } from "zod";

const NO_BLANKS = "must hold printable characters only, without spaces or line breaks inside";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SECRET_CHARACTERS_MIN = 32;
/** Minimum of the Standard Webhooks specification. */
const SIGNING_KEY_BYTES_MIN = 24;
/** Hosts that may be called without TLS. Other hosts need it, because every request contains the API key. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

/** How the campaign's templates use the send gate. The templates in Braze must match this setting. */
export type SendGate =
  /** They do not call it. */
  | "off"
  /** They call it, and send when they get no response. */
  | "fail_open"
  /** They call it, and send only when the gate allows it. */
  | "fail_closed";

export interface Environment {
  readonly supabaseUrl: string;
  /** The secret key that the functions themselves use. */
  readonly databaseKey: string;
  /** The direct connection of the webhook; null: PostgREST alone. `certificate`: null on this machine, which needs no TLS. */
  readonly ingestDatabase: { readonly url: string; readonly certificate: string | null } | null;
  /** All keys that authenticate a caller as a holder of a secret key. */
  readonly secretKeys: readonly string[];
  /** Public keys: they authenticate no caller; listed to distinguish them from invalid keys. */
  readonly publishableKeys: readonly string[];
  readonly operatorKeySet: JSONWebKeySet;
  readonly operatorOrigins: readonly string[];
  readonly webhookSecrets: readonly string[];
  readonly cronSigningSecrets: readonly string[];
  readonly sendGate: SendGate;
  /** How long after its time the gate lets a push go out; never after kick-off. */
  readonly sendGateLateMs: number;
  /** The first one signs; all verify. */
  readonly sendGateSecrets: readonly string[];
  readonly brazeRestUrl: string;
  readonly brazeApiKey: string;
  readonly brazeCampaignId: string;
  readonly brazeBroadcast: boolean;
  readonly teamAttributes: readonly string[];
  /** How long before kick-off a push is sent. */
  readonly sendLeadMs: number;
  /** How long after its planned time a schedule may still be sending. */
  readonly sendWindowMs: number;
  /** The freeze window before a send in which a schedule is not changed. */
  readonly freezeMs: number;
  /** No first create of a match is begun so close to its send that its answer could come later than this before it. */
  readonly createLeadMs: number;
  /** The zone in which a kick-off at 00:00 is taken for one that is not known yet. */
  readonly fixturesTimeZone: string;
  readonly horizonMs: number;
  /** Pre-flight checks sends that are due between this … */
  readonly preflightFromMs: number;
  /** … and this time from now. */
  readonly preflightUntilMs: number;
  readonly runDeadlineMs: number;
  /** Webhooks for alert notifications, by audience; null: alerts go to the log only. */
  readonly alertWebhookUrls: { readonly admin: string; readonly engineering: string } | null;
  /** The page of the suite, for the links in messages; null: no links. */
  readonly dashboardUrl: string | null;
  /** The zone in which messages give times beside UTC. */
  readonly alertTimeZone: string;
  /** Called while all is well; null: nobody outside watches. */
  readonly heartbeatUrl: string | null;
  /** More messages than this in one run become one digest. */
  readonly alertDigestAt: number;
  /** A larger share of low-confidence or unattributed push events raises an alert. */
  readonly lowConfidenceShareMax: number;
  /** Maximum number of schedules that one reconciliation may cancel … */
  readonly reconcileCancelsMax: number;
  /** … and maximum share of the listed schedules. */
  readonly reconcileCancelShareMax: number;
  /** Maximum number of schedules that may be absent from Braze's list within a day before the list is doubted … */
  readonly absencesMax: number;
  /** … and maximum share of the schedules that it should show. One is always allowed. */
  readonly absenceShareMax: number;
  /** All secrets, for redaction of logs and stored texts. */
  readonly secrets: readonly string[];
}

const names = {
  SUPABASE_URL: required(url),
  SUPABASE_SECRET_KEYS: optional(keysByName, {}),
  SUPABASE_SERVICE_ROLE_KEY: optional(word, null),
  SUPABASE_PUBLISHABLE_KEYS: optional(keysByName, {}),
  SUPABASE_ANON_KEY: optional(word, null),
  SUPABASE_JWKS: optional(keySet, { keys: [] }),
  INGEST_DATABASE_URL: optional(postgresUrl, null),
  INGEST_DATABASE_CERTIFICATE: optional(certificate, null),
  BRAZE_REST_URL: required(brazeUrl),
  BRAZE_API_KEY: required(word),
  BRAZE_CAMPAIGN_ID: required(word),
  BRAZE_WEBHOOK_SECRETS: required(longSecrets),
  CRON_SIGNING_SECRETS: required(signingSecrets),
  SEND_GATE: optional(sendGate, "off"),
  SEND_GATE_SECRETS: optional(longSecrets, []),
  SEND_GATE_LATE_MINUTES: optional(duration(MINUTE_MS, 5, 72 * 60), 60 * MINUTE_MS),
  SEND_LEAD_MINUTES: optional(duration(MINUTE_MS, 1, 7 * 24 * 60), 60 * MINUTE_MS),
  // A campaign with a delivery-speed limit may send for days.
  SEND_WINDOW_HOURS: optional(duration(HOUR_MS, 1, 168), 24 * HOUR_MS),
  FREEZE_MINUTES: optional(duration(MINUTE_MS, 0, 24 * 60), 15 * MINUTE_MS),
  CREATE_LEAD_MINUTES: optional(duration(MINUTE_MS, 1, 60), 3 * MINUTE_MS),
  FIXTURES_TIME_ZONE: optional(timeZone, "UTC"),
  // Braze has refused schedules more than 90 days ahead.
  HORIZON_DAYS: optional(duration(DAY_MS, 1, 90), 7 * DAY_MS),
  PREFLIGHT_FROM_MINUTES: optional(duration(MINUTE_MS, 0, 60), 5 * MINUTE_MS),
  // One listing serves all checks of a run; a check hours ahead would prove nothing.
  PREFLIGHT_UNTIL_MINUTES: optional(duration(MINUTE_MS, 5, 180), 15 * MINUTE_MS),
  TEAM_ATTRIBUTES: optional(list, ["Team 1", "Team 2", "Team 3"]),
  BRAZE_BROADCAST: optional(flag, false),
  // The platform terminates a function without warning after 150 to 400 seconds.
  RUN_DEADLINE_SECONDS: optional(duration(1_000, 5, 140), 60_000),
  OPERATOR_ORIGINS: optional(origins, []),
  ALERT_WEBHOOK_URL: optional(secretUrl, null),
  ALERT_WEBHOOK_URL_ENGINEERING: optional(secretUrl, null),
  ALERT_TIME_ZONE: optional(timeZone, "UTC"),
  DASHBOARD_URL: optional(url, null),
  HEARTBEAT_URL: optional(secretUrl, null),
  ALERT_DIGEST_AT: optional(duration(1, 1, 100), 5),
  LOW_CONFIDENCE_SHARE_MAX: optional(share, 0.2),
  RECONCILE_CANCELS_MAX: optional(duration(1, 0, 1_000), 20),
  RECONCILE_CANCEL_SHARE_MAX: optional(share, 0.2),
  ABSENCES_MAX: optional(duration(1, 1, 1_000), 5),
  ABSENCE_SHARE_MAX: optional(share, 0.2),
};

const Variables = z.object(names);

const ProjectVariables = Variables.pick({
  SUPABASE_URL: true,
  SUPABASE_SECRET_KEYS: true,
  SUPABASE_SERVICE_ROLE_KEY: true,
});

type ReadVariable = (name: string) => string | undefined;

/** The address of the project and its secret key, for a tool that needs nothing else. Throws as `readEnvironment` does. */
export function readProject(
  env: ReadVariable,
): Pick<Environment, "supabaseUrl" | "databaseKey"> {
  const read = readVariables(ProjectVariables, env);
  return { supabaseUrl: read.SUPABASE_URL, databaseKey: databaseKeyAmong(read) };
}

/** Throws one error that lists all invalid variables. */
export function readEnvironment(env: ReadVariable): Environment {
  const read = readVariables(Variables, env);
  const databaseKey = databaseKeyAmong(read);
  if (read.PREFLIGHT_FROM_MINUTES >= read.PREFLIGHT_UNTIL_MINUTES) {
    throw refusal(["PREFLIGHT_UNTIL_MINUTES must be more than PREFLIGHT_FROM_MINUTES"]);
  }
  if (read.SEND_GATE !== "off" && read.SEND_GATE_SECRETS.length === 0) {
    throw refusal(["SEND_GATE_SECRETS must be set when SEND_GATE is not off"]);
  }
  const ingestUrl = read.INGEST_DATABASE_URL;
  if (
    ingestUrl !== null && !LOCAL_HOSTS.includes(new URL(ingestUrl).hostname) &&
    read.INGEST_DATABASE_CERTIFICATE === null
  ) {
    throw refusal([
      "INGEST_DATABASE_CERTIFICATE must hold the database's CA certificate when INGEST_DATABASE_URL is not on this machine",
    ]);
  }
  const alertWebhookUrls = alertWebhooks(
    read.ALERT_WEBHOOK_URL,
    read.ALERT_WEBHOOK_URL_ENGINEERING,
  );
  const secretKeys = [
    ...new Set(present(read.SUPABASE_SECRET_KEYS, read.SUPABASE_SERVICE_ROLE_KEY)),
  ];

  return {
    supabaseUrl: read.SUPABASE_URL,
    databaseKey,
    ingestDatabase: ingestUrl === null
      ? null
      : { url: ingestUrl, certificate: read.INGEST_DATABASE_CERTIFICATE },
    secretKeys,
    publishableKeys: present(read.SUPABASE_PUBLISHABLE_KEYS, read.SUPABASE_ANON_KEY),
    operatorKeySet: read.SUPABASE_JWKS,
    operatorOrigins: read.OPERATOR_ORIGINS,
    webhookSecrets: read.BRAZE_WEBHOOK_SECRETS,
    cronSigningSecrets: read.CRON_SIGNING_SECRETS,
    sendGate: read.SEND_GATE,
    sendGateLateMs: read.SEND_GATE_LATE_MINUTES,
    sendGateSecrets: read.SEND_GATE_SECRETS,
    brazeRestUrl: read.BRAZE_REST_URL,
    brazeApiKey: read.BRAZE_API_KEY,
    brazeCampaignId: read.BRAZE_CAMPAIGN_ID,
    brazeBroadcast: read.BRAZE_BROADCAST,
    teamAttributes: read.TEAM_ATTRIBUTES,
    sendLeadMs: read.SEND_LEAD_MINUTES,
    sendWindowMs: read.SEND_WINDOW_HOURS,
    freezeMs: read.FREEZE_MINUTES,
    createLeadMs: read.CREATE_LEAD_MINUTES,
    fixturesTimeZone: read.FIXTURES_TIME_ZONE,
    horizonMs: read.HORIZON_DAYS,
    preflightFromMs: read.PREFLIGHT_FROM_MINUTES,
    preflightUntilMs: read.PREFLIGHT_UNTIL_MINUTES,
    runDeadlineMs: read.RUN_DEADLINE_SECONDS,
    alertWebhookUrls,
    dashboardUrl: read.DASHBOARD_URL,
    alertTimeZone: read.ALERT_TIME_ZONE,
    heartbeatUrl: read.HEARTBEAT_URL,
    alertDigestAt: read.ALERT_DIGEST_AT,
    lowConfidenceShareMax: read.LOW_CONFIDENCE_SHARE_MAX,
    reconcileCancelsMax: read.RECONCILE_CANCELS_MAX,
    reconcileCancelShareMax: read.RECONCILE_CANCEL_SHARE_MAX,
    absencesMax: read.ABSENCES_MAX,
    absenceShareMax: read.ABSENCE_SHARE_MAX,
    secrets: [
      ...secretKeys,
      ...read.BRAZE_WEBHOOK_SECRETS,
      ...read.CRON_SIGNING_SECRETS,
      ...read.SEND_GATE_SECRETS,
      read.BRAZE_API_KEY,
      ...secretsOf([
        alertWebhookUrls?.admin,
        alertWebhookUrls?.engineering,
        read.HEARTBEAT_URL,
      ]),
      ...ingestUrl === null ? [] : [ingestUrl, decodeURIComponent(new URL(ingestUrl).password)],
    ],
  };
}

function readVariables<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: ReadVariable,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.keys(schema.shape).map((name) => [name, env(name)?.trim() || undefined]);
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${String(path[0])} ${message}`);
  throw refusal([...new Set(faults)]);
}

function databaseKeyAmong(
  { SUPABASE_SECRET_KEYS: byName, SUPABASE_SERVICE_ROLE_KEY: legacy }: z.infer<
    typeof ProjectVariables
  >,
): string {
  const key = byName.default ?? Object.values(byName)[0] ?? legacy;
  if (key === null) {
    throw refusal(["SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY must be set"]);
  }
  return key;
}

function refusal(faults: readonly string[]): Error {
  return new Error(
    `Cannot start: the environment must be complete and well formed, got: ${faults.join("; ")}`,
  );
}

function present(byName: Record<string, string>, legacy: string | null): string[] {
  return [...Object.values(byName), ...(legacy === null ? [] : [legacy])];
}

function alertWebhooks(admin: string | null, engineering: string | null) {
  if (admin !== null) return { admin, engineering: engineering ?? admin };
  if (engineering === null) return null;
  throw refusal(["ALERT_WEBHOOK_URL_ENGINEERING requires ALERT_WEBHOOK_URL"]);
}

/** Includes path and query alone, because a response may repeat them without the host. */
function secretsOf(addresses: readonly (string | null | undefined)[]): string[] {
  const urls = new Set(addresses.filter((address) => typeof address === "string"));
  return [...urls].flatMap((address) => {
    const { pathname, search } = new URL(address);
    return [address, `${pathname}${search}`];
  });
}

/** Reads one variable; an operator sees only the text passed to `refuse`. */
type Reader<T> = (text: string, refuse: (fault: string) => never) => T;

function required<T>(read: Reader<T>) {
  return z.string("is missing").transform(reading(read));
}

function optional<T>(read: Reader<T>, usual: T) {
  return z.string().transform(reading(read)).optional().transform((value) =>
    value === undefined ? usual : value
  );
}

class Refused extends Error {}

function reading<T>(read: Reader<T>) {
  return (text: string, context: z.RefinementCtx<string>): T => {
    try {
      return read(text, (fault) => {
        throw new Refused(fault);
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // Without `input`, so that the value of the variable cannot reach a message.
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  };
}

function word(text: string, refuse: (fault: string) => never): string {
  return isPrintable(text) && text.length >= 8
    ? text
    : refuse("must be at least 8 printable characters without spaces");
}

/**
 * Whether a text is printable ASCII without blanks and line breaks.
 *
 * A pasted key may hold a line break. No header can carry it, so every caller would be turned away, and the log would not
 * recognise the key without it.
 */
export function isPrintable(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function list(text: string, refuse: (fault: string) => never): string[] {
  const entries = text.split(",").map((entry) => entry.trim());
  return entries.includes("") ? refuse("must not hold an empty entry") : entries;
}

/** The parser itself drops a line break inside an address, and with it one inside a password. */
function parseUrl(text: string, refuse: (fault: string) => never): URL | null {
  return isPrintable(text) ? URL.parse(text) : refuse(NO_BLANKS);
}

/** Accepts http: the gateway of a self-hosted project has no TLS on its private network. */
function url(text: string, refuse: (fault: string) => never): string {
  const parsed = parseUrl(text, refuse);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    return refuse("must be an http(s) URL");
  }
  if (parsed.search !== "" || parsed.hash !== "" || parsed.username !== "") {
    return refuse("must have no query, fragment or user");
  }
  return parsed.href.replace(/\/+$/, "");
}

function postgresUrl(text: string, refuse: (fault: string) => never): string {
  const parsed = parseUrl(text, refuse);
  if (parsed === null || !/^postgres(?:ql)?:$/.test(parsed.protocol)) {
    return refuse("must be a postgresql:// URL");
  }
  if (parsed.password.length < 8) return refuse("must hold a password of at least 8 characters");
  if (!canDecode(`${parsed.username}:${parsed.password}`)) {
    return refuse("must write a % in the password as %25");
  }
  // The certificate decides how the connection is protected.
  if (parsed.search !== "" || parsed.hash !== "") {
    return refuse("must have no query and no fragment");
  }
  return parsed.href;
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** PEM; a secret of one line may write its line breaks as `\\n`. */
function certificate(text: string, refuse: (fault: string) => never): string {
  const pem = text.replaceAll("\\n", "\n");
  return pem.startsWith("-----BEGIN CERTIFICATE-----")
    ? pem
    : refuse("must be a PEM certificate, from -----BEGIN CERTIFICATE----- on");
}

function brazeUrl(text: string, refuse: (fault: string) => never): string {
  const address = url(text, refuse);
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" || LOCAL_HOSTS.includes(hostname)
    ? address
    : refuse("must begin with https:// (http:// only for this machine)");
}

/** Accepts a query, which may be part of the secret. */
function secretUrl(text: string, refuse: (fault: string) => never): string {
  const parsed = parseUrl(text, refuse);
  if (parsed === null || parsed.username !== "" || parsed.hash !== "") {
    return refuse("must be a URL without user and fragment");
  }
  const isLocal = parsed.protocol === "http:" && LOCAL_HOSTS.includes(parsed.hostname);
  return parsed.protocol === "https:" || isLocal
    ? parsed.href
    : refuse("must begin with https:// (http:// only for this machine)");
}

function share(text: string, refuse: (fault: string) => never): number {
  const value = /^[01](?:\.[0-9]{1,4})?$/.test(text) ? Number(text) : NaN;
  return value >= 0 && value <= 1 ? value : refuse("must be a number from 0 to 1");
}

function origins(text: string, refuse: (fault: string) => never): string[] {
  const entries = list(text, refuse);
  return entries.every((entry) => URL.parse(entry)?.origin === entry)
    ? entries
    : refuse("must hold origins like https://dashboard.example, without a path or *");
}

function flag(text: string, refuse: (fault: string) => never): boolean {
  if (text !== "true" && text !== "false") return refuse("must be true or false");
  return text === "true";
}

function sendGate(text: string, refuse: (fault: string) => never): SendGate {
  return text === "off" || text === "fail_open" || text === "fail_closed"
    ? text
    : refuse("must be off, fail_open or fail_closed");
}

function timeZone(text: string, refuse: (fault: string) => never): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    return refuse("must be a time zone such as Europe/London");
  }
}

function duration(unitMs: number, min: number, max: number): Reader<number> {
  return (text, refuse) => {
    const value = /^[0-9]{1,6}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max
      ? value * unitMs
      : refuse(`must be a whole number from ${min} to ${max}`);
  };
}

function longSecrets(text: string, refuse: (fault: string) => never): string[] {
  const secrets = list(text, refuse);
  if (!secrets.every(isPrintable)) return refuse(NO_BLANKS);
  return secrets.every((secret) => secret.length >= SECRET_CHARACTERS_MIN)
    ? secrets
    : refuse(`must hold secrets of at least ${SECRET_CHARACTERS_MIN} characters`);
}

function signingSecrets(text: string, refuse: (fault: string) => never): string[] {
  const secrets = list(text, refuse);
  return secrets.every(isSigningSecret)
    ? secrets
    : refuse(`must hold secrets like whsec_<base64 of at least ${SIGNING_KEY_BYTES_MIN} bytes>`);
}

function isSigningSecret(secret: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)) return false;
  try {
    new Webhook(secret);
    return atob(secret.slice("whsec_".length)).length >= SIGNING_KEY_BYTES_MIN;
  } catch {
    return false;
  }
}

function parseJson(text: string, refuse: (fault: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message contains the text.
    return refuse("must be JSON");
  }
}

function keysByName(text: string, refuse: (fault: string) => never): Record<string, string> {
  const keys = z.record(z.string(), z.string().trim().min(8)).safeParse(parseJson(text, refuse));
  if (!keys.success) return refuse("must be a JSON object of keys by name");
  return Object.values(keys.data).every(isPrintable) ? keys.data : refuse(NO_BLANKS);
}

function keySet(text: string, refuse: (fault: string) => never): JSONWebKeySet {
  const given = parseJson(text, refuse);
  const Key = z.custom<JWK>((key) => z.object({ kty: z.string() }).safeParse(key).success);
  // Some tools write a bare list of keys.
  const set = z.object({ keys: z.array(Key) }).safeParse(
    Array.isArray(given) ? { keys: given } : given,
  );
  return set.success ? set.data : refuse("must be a JSON Web Key Set");
}
