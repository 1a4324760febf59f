/** `deno task bundle` writes the edge functions as they are deployed: one file each. */
import { fileURLToPath } from "node:url";
import { BUNDLES, writeBundles } from "../bundle/bundle.ts";
import { helpOf, readFlags } from "../cli/flags.ts";
import { runTask } from "../cli/run_task.ts";

const FLAGS = {};

const HELP = helpOf({
  task: "bundle",
  what: "Bundles each edge function to one file, for deployment.",
  flags: FLAGS,
  notes: "Writes the folder bundle/, from which the Supabase CLI deploys: see docs/deploy.md.",
});

await runTask({
  help: HELP,
  read: (args) => readFlags(FLAGS, args),
  async run(_, { out }) {
    const bundles = await writeBundles();
    out.line(fileURLToPath(BUNDLES));
    for (const { functionName, bytes } of bundles) {
      out.line(`  ${functionName.padEnd(24)}${(bytes / 1_024).toFixed(0).padStart(4)} KB`);
    }
    return 0;
  },
});
