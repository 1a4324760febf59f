/** One request from outside, and its answer in a line: `403 not_allowed`. */

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: string;
  /** The query string, with its question mark. */
  readonly query?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** The text of a refusal: our own code, PostgREST's code, or the gateway's sentence. */
  readonly code: string | undefined;
  readonly text: string;
  readonly headers: Headers;
}

export async function sendRequest(
  url: string,
  { method, headers, body, query }: HttpRequest,
): Promise<HttpResponse> {
  const response = await fetch(`${url}${query ?? ""}`, {
    method: method ?? "POST",
    headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(headers)) },
    redirect: "manual",
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, code: codeOf(text), text, headers: response.headers };
}

export function inWords({ status, code }: Pick<HttpResponse, "status" | "code">): string {
  return code === undefined ? `${status}` : `${status} ${code}`;
}

function codeOf(text: string): string | undefined {
  try {
    const answer = JSON.parse(text);
    return answer?.code ?? answer?.reason ?? answer?.message ?? undefined;
  } catch {
    return undefined;
  }
}
