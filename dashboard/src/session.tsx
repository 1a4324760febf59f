/** The session: signed out, signed in, or operator. Only operators see the pages. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Connection } from "./client.ts";
import { NAME } from "./name.ts";
import { isOperator } from "./read.ts";

type Standing =
  | { readonly kind: "asking" }
  | { readonly kind: "signed_out" }
  | { readonly kind: "no_operator" }
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "operator" };

export function Session({ connection, children }: {
  readonly connection: Connection;
  readonly children: (signOut: (() => void) | null) => ComponentChildren;
}) {
  const { client, isLocal, clock } = connection;
  const [standing, setStanding] = useState<Standing>({ kind: "asking" });

  async function judge(isSignedIn: boolean) {
    if (!isSignedIn) return setStanding({ kind: "signed_out" });
    try {
      await clock.refresh();
      setStanding({ kind: await isOperator(client) ? "operator" : "no_operator" });
    } catch (error) {
      setStanding({
        kind: "fault",
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }

  useEffect(() => {
    if (isLocal) return void judge(true);
    const { data } = client.auth.onAuthStateChange((event, session) => {
      // Its callback must not wait for the client, which waits for the callback.
      if (event !== "TOKEN_REFRESHED") setTimeout(() => void judge(session !== null), 0);
    });
    return () => data.subscription.unsubscribe();
  }, [connection]);

  const signOut = isLocal ? null : () => void client.auth.signOut({ scope: "local" });
  switch (standing.kind) {
    case "asking":
      return (
        <Frame title={NAME}>
          <p role="status">Checking your sign-in …</p>
        </Frame>
      );
    case "signed_out":
      return <SignIn connection={connection} />;
    case "no_operator":
      return (
        <Frame title="You are not an operator">
          <p>
            You are signed in, but your account may not see this. Somebody who may change{" "}
            <code>app_metadata</code> must set its <code>role</code> to{" "}
            <code>operator</code>; then sign in again.
          </p>
          {signOut === null ? null : <button type="button" onClick={signOut}>Sign out</button>}
        </Frame>
      );
    case "fault":
      return (
        <Frame title="The project does not answer">
          <p role="alert">{standing.message}</p>
          <button type="button" onClick={() => location.reload()}>Try again</button>
        </Frame>
      );
    case "operator":
      return children(signOut);
  }
}

export function Frame({ title, children }: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <main class="frame">
      <h1>{title}</h1>
      {children}
    </main>
  );
}

function SignIn({ connection: { client } }: { readonly connection: Connection }) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function signIn(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    const { error } = await client.auth.signInWithPassword({
      email: String(form.get("email")),
      password: String(form.get("password")),
    });
    setBusy(false);
    setRefusal(error === null ? null : error.message);
  }

  return (
    <Frame title="Sign in">
      <p>For operators of the push schedule.</p>
      <form onSubmit={(event) => void signIn(event)}>
        <label>
          E-mail
          <input name="email" type="email" autocomplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {refusal === null ? null : <p class="notice bad" role="alert">{refusal}</p>}
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </Frame>
  );
}
