/** `deno task build-dashboard` writes dashboard/dist: three files for any static host, and a config.json. */
import { writeDashboard } from "../../dashboard/build.ts";
import { helpOf, readFlags } from "../cli/flags.ts";
import { runTask } from "../cli/run_task.ts";

const FLAGS = {};

const HELP = helpOf({
  task: "build-dashboard",
  what: "Writes dashboard/dist for a static host.",
  flags: FLAGS,
  notes: "An existing config.json is kept.",
});

await runTask({
  help: HELP,
  read: (args) => readFlags(FLAGS, args),
  async run(_, { out }) {
    for (const line of await writeDashboard()) out.line(line);
    return 0;
  },
});
