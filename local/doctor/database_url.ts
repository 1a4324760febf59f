/** Reads DATABASE_URL, in which a password with special characters is easily wrong. Pure. */

export type DatabaseUrl =
  | { readonly ok: true; readonly url: string; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly says: string };

export function readDatabaseUrl(text: string): DatabaseUrl {
  const url = URL.parse(text);
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol) || url.hostname === "") {
    return { ok: false, says: "DATABASE_URL is no address like postgresql://user:password@host" };
  }
  try {
    const password = decodeURIComponent(url.password);
    decodeURIComponent(url.username);
    return { ok: true, url: text, secrets: password === "" ? [] : [url.password, password] };
  } catch {
    return { ok: false, says: "DATABASE_URL holds a % that begins no code of two digits" };
  }
}
