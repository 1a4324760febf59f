/** Wires webhook-health-rollup to the platform. */
import { connect } from "../_shared/function/dependencies.ts";
import { hosted } from "../_shared/runtime/platform.ts";
import { createHandler } from "./handler.ts";

export default { fetch: createHandler(connect(hosted, "webhook-health-rollup")) };
