/** @supabase/stripe-sync-engine: verifies the signature of one event, and writes its product by one guarded upsert. */
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { CONNECTIONS, readArguments, serve } from "./serve.ts";

// Its ESM build does not find its own migrations, and reports no error.
const { StripeSync, runMigrations }: typeof import("@supabase/stripe-sync-engine") = createRequire(
  import.meta.url,
)("@supabase/stripe-sync-engine");

const { port, databaseUrl } = readArguments();
await runMigrations({ databaseUrl, schema: "stripe" });
const sync = new StripeSync({
  schema: "stripe",
  poolConfig: { connectionString: databaseUrl, max: CONNECTIONS },
  stripeSecretKey: "sk_test_none",
  stripeWebhookSecret: Deno.env.get("STRIPE_WEBHOOK_SECRET")!,
  // Prevents calls to Stripe during the measurement.
  autoExpandLists: false,
  backfillRelatedEntities: false,
});

serve(port, async (request) => {
  const payload = Buffer.from(await request.arrayBuffer());
  await sync.processWebhook(payload, request.headers.get("stripe-signature") ?? "");
}, () => sync.postgresClient.close());
