/** `deno task bundle` writes the edge functions as they are deployed: one file each. */
import { fileURLToPath } from "node:url";
import { BUNDLES, writeBundles } from "../bundle/bundle.ts";
import { parseArguments } from "../cli/arguments.ts";
import { runTask } from "../cli/run_task.ts";

const HELP = `Bundles each edge function to one file, for deployment.

  npx -y deno@2.9.6 task bundle

  --help               this text

Writes the folder bundle/, from which the Supabase CLI deploys: see docs/deploy.md.
`;

await runTask({
  help: HELP,
  read: (args) => parseArguments({ args: [...args], options: {} }),
  async run(_, { out }) {
    const bundles = await writeBundles();
    out.line(fileURLToPath(BUNDLES));
    for (const { functionName, bytes } of bundles) {
      out.line(`  ${functionName.padEnd(24)}${(bytes / 1_024).toFixed(0).padStart(4)} KB`);
    }
    return 0;
  },
});
