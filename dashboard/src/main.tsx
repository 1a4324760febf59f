/** Entry point: reads the configuration, connects and renders. */
import { render } from "preact";
import { App } from "./app.tsx";
import { connect, readConfig } from "./client.ts";
import { Frame } from "./session.tsx";

const root = document.getElementById("app")!;
try {
  render(<App connection={connect(await readConfig())} />, root);
} catch (error) {
  render(
    <Frame title="This page is not set up">
      <p role="alert">{error instanceof Error ? error.message : String(error)}</p>
    </Frame>,
    root,
  );
}
