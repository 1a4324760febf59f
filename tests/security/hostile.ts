/** Texts that change meaning wherever a text is pasted instead of passed. Postgres can store each of them. */

export const HOSTILE: readonly string[] = [
  // SQL
  "'; drop table public.teams; --",
  "' or '1'='1",
  `"; delete from public.matches; /*`,
  "\\'; select pg_sleep(5); --",
  "$$; truncate public.alerts; $$",
  "E'\\x27' || current_user || '",
  "x') returning *; --",
  "NULL",
  "null",
  "$1",
  "%s %I %L %%",
  ":name ?| ?& ?",
  // LIKE, regular expressions
  "%",
  "_",
  "100%_\\%",
  ".*|^$[a-z]+(?:x){2}",
  "back\\slash\\\\twice",
  // Arrays, records, JSON
  "{a,b}",
  "(1,2)",
  `{"a": [1, null]}`,
  `","match_id":1002,"x":"`,
  "__proto__",
  "constructor",
  "toString",
  // PostgREST, query strings, headers
  "eq.1",
  "in.(1,2)",
  "not.is.null",
  "a,b.c:d()*!\"'",
  "a&apikey=x#y?z=%00%27+",
  "line\r\nset-cookie: a=b",
  // Markup, templates, logs
  "<script>alert(1)</script> <!channel> &amp;",
  "{{${7*7}}} {% raw %} #{x}",
  '{"level":"error"}\n{"level":"info"}',
  // Unicode
  "Bodø/Glimt – Þór – Śląsk",
  "e\u0301 is not \u00e9",
  "\u202eright to left\u202c",
  "zero\u200bwidth\ufeff",
  "\u2028line\u2029paragraph\u0085",
  "👩‍👩‍👧‍👦 \u{10ffff} \u{1f3f4}",
  "\u0001\u0008\u000b\u001b[31m\u007f",
  "K is the Kelvin sign, ſ a long s, İ a dotted I",
  // Blanks and lengths
  " leading and trailing ",
  "\t\n",
  "x".repeat(256),
];

/** What jsonb and text refuse. */
export const UNSTORABLE: readonly string[] = ["a\u0000b", "\ud800", "a\udc00b"];
