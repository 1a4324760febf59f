/** Servers between the functions and their neighbours that repeat the credentials they receive. */

export type Answer = (received: Request, body: string) => Response | undefined;

export interface EchoingProxy {
  readonly url: string;
  /** The proxy's own answer; undefined passes the request on. */
  answer: Answer;
  /** Where it passes requests on to. */
  target: string;
  readonly requestCount: number;
  stop(): Promise<void>;
}

export function startEchoingProxy(): EchoingProxy {
  let requestCount = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    requestCount++;
    const body = await request.text();
    const own = self.answer(request, body);
    if (own !== undefined) return own;
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    return await fetch(`${self.target}${pathname}${search}`, {
      method: request.method,
      headers,
      redirect: "manual",
      ...(body === "" ? {} : { body }),
    });
  });
  const self: EchoingProxy & { requestCount: number } = {
    url: `http://127.0.0.1:${server.addr.port}`,
    answer: () => undefined,
    target: "",
    get requestCount() {
      return requestCount;
    },
    stop: () => server.shutdown(),
  };
  return self;
}

/** Everything confidential that a request carries, in one line. */
function confidences({ headers, url }: Request): string {
  const credentials = ["authorization", "apikey", "x-webhook-secret", "webhook-signature"]
    .flatMap((name) => headers.get(name) ?? []);
  return [...credentials, new URL(url).pathname].join(" ");
}

/** So long that the secret after it lies where a text is cut off, regardless of the text before. */
const BEFORE_BRAZES = "n".repeat(414);
const BEFORE_THE_DATABASES = "n".repeat(465);

/** How Braze, or a proxy in front of it, might return our key. */
export const BRAZE_ANSWERS: Readonly<Record<string, Answer>> = {
  "401 with the key": (request) =>
    Response.json({ message: `Invalid API key: ${confidences(request)}` }, { status: 401 }),
  "400 with the key among errors": (request) =>
    Response.json({
      message: "Refused",
      errors: [confidences(request), { got: confidences(request) }],
    }, {
      status: 400,
    }),
  "400 with the key at the end of a long text": (request) =>
    Response.json({ message: `${BEFORE_BRAZES} ${confidences(request)}` }, { status: 400 }),
  "500 with the key, not as JSON": (request) =>
    new Response(`<pre>${confidences(request)}</pre>`, { status: 500 }),
  "502 with the key": (request) =>
    Response.json({ message: confidences(request) }, { status: 502 }),
  "200 with the key, of an unknown shape": (request) =>
    Response.json({ message: "success", [confidences(request)]: { key: confidences(request) } }),
  "200 without a success message": (request) =>
    Response.json({ message: `Queued for ${confidences(request)}` }),
  "201 with the key among minor errors": (request) =>
    Response.json({
      message: "success",
      schedule_id: crypto.randomUUID(),
      errors: [confidences(request), { got: confidences(request) }],
    }, { status: 201 }),
  "a redirect with the key": (request) =>
    new Response(null, {
      status: 302,
      headers: {
        location: `https://elsewhere.example/?key=${encodeURIComponent(confidences(request))}`,
      },
    }),
  "429 with the key": (request) =>
    Response.json({ message: confidences(request) }, {
      status: 429,
      headers: { "retry-after": confidences(request) },
    }),
};

/** How PostgREST, or the gateway before it, might repeat the secret key. */
export const DATABASE_ANSWERS: Readonly<Record<string, Answer>> = {
  "401 with the key": (request) =>
    Response.json({ message: `Unregistered API key ${confidences(request)}` }, { status: 401 }),
  "400 with the key in every field": (request) =>
    Response.json({
      code: "22P02",
      message: `invalid input syntax: "${confidences(request)}"`,
      hint: confidences(request),
      details: confidences(request),
    }, { status: 400 }),
  "400 with the key at the end of a long text": (request) =>
    Response.json({
      code: "22P02",
      message: `${BEFORE_THE_DATABASES} ${confidences(request)}`,
    }, { status: 400 }),
  "400 with the key as its code": (request) =>
    Response.json({ code: confidences(request), message: confidences(request) }, { status: 400 }),
  "503 with the key, not as JSON": (request) =>
    new Response(`upstream: ${confidences(request)}`, { status: 503 }),
  "200 with the key, of an unknown shape": (request) =>
    Response.json({ [confidences(request)]: confidences(request), claimed: confidences(request) }),
};

/** How a chat might repeat its address, which is enough to write there. */
export const CHAT_ANSWERS: Readonly<Record<string, Answer>> = {
  "404 with the address": (request) =>
    new Response(`no such hook: ${new URL(request.url).pathname}`, { status: 404 }),
  "500 with the secret part as a code": (request) =>
    new Response(new URL(request.url).pathname.split("/").at(-1), { status: 500 }),
  "429 with the address": (request) =>
    new Response(null, { status: 429, headers: { "retry-after": new URL(request.url).pathname } }),
};
