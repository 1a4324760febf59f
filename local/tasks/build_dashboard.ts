/** `deno task dashboard:build` writes dashboard/dist: three files for any static host, and a config.json. */
import { writeDashboard } from "../../dashboard/build.ts";
import { parseArguments } from "../cli/arguments.ts";
import { runTask } from "../cli/run_task.ts";

const HELP = `Writes dashboard/dist for a static host.

  npx -y deno@2.9.6 task dashboard:build

  --help               this text

An existing config.json is kept.
`;

await runTask({
  help: HELP,
  read: (args) => parseArguments({ args: [...args], options: {} }),
  async run(_, { out }) {
    for (const line of await writeDashboard()) out.line(line);
    return 0;
  },
});
