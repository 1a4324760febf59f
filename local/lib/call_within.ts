/** Calls a handler of this process as over the network: the caller may abort, and gets its own response. */
export async function callWithin(
  handle: (request: Request) => Promise<Response> | Response,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<Response> {
  const { signal, ...rest } = init ?? {};
  const request = new Request(input, rest);
  if (signal === undefined || signal === null) return await handle(request);
  signal.throwIfAborted();
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([handle(request), gone]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
