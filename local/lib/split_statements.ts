/**
 * Splits a script into statements as the Supabase CLI does: at each semicolon outside quotes, dollar quotes, comments,
 * parentheses and `begin atomic … end` bodies. Comments stay with the statement that they precede; the semicolon and the
 * white space around it are removed.
 */
export function splitStatements(script: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let depth = 0;
  let atomic = 0;
  const emit = (end: number) => {
    const statement = script.slice(start, end).trim();
    if (statement !== "") statements.push(statement);
    start = end + 1;
  };
  for (const { text, index } of tokens(script)) {
    const word = text.toLowerCase();
    if (word === "(") depth++;
    else if (word === ")") depth--;
    else if (/^begin\s+atomic$/.test(word)) atomic++;
    else if (atomic > 0 && word === "case") atomic++;
    else if (atomic > 0 && word === "end") atomic--;
    else if (word === ";" && depth <= 0 && atomic === 0) {
      emit(index);
      depth = 0;
    }
  }
  emit(script.length);
  return statements;
}

interface Token {
  readonly text: string;
  readonly index: number;
}

const TOKEN = new RegExp(
  [
    String.raw`--[^\n]*`,
    String.raw`'(?:[^']|'')*'`,
    String.raw`"(?:[^"]|"")*"`,
    String.raw`\/\*`,
    // A dollar quote cannot directly follow an identifier: a$b$ is a name.
    String.raw`(?<![\w$])\$(?:[A-Za-z_]\w*)?\$`,
    String.raw`\bbegin\s+atomic\b`,
    String.raw`\b(?:case|end)\b`,
    String.raw`[();]`,
  ].join("|"),
  "gi",
);

/** The tokens that decide where a statement ends; skips the content of quotes and comments. */
function* tokens(script: string): Generator<Token> {
  const pattern = new RegExp(TOKEN);
  for (let match = pattern.exec(script); match !== null; match = pattern.exec(script)) {
    const [text] = match;
    if (text === "/*") pattern.lastIndex = endOfBlockComment(script, match.index);
    else if (text.startsWith("$")) {
      const end = script.indexOf(text, pattern.lastIndex);
      pattern.lastIndex = end < 0 ? script.length : end + text.length;
    } else if (!/^(?:--|'|")/.test(text)) yield { text, index: match.index };
  }
}

function endOfBlockComment(script: string, start: number): number {
  const pattern = /\/\*|\*\//g;
  pattern.lastIndex = start;
  let depth = 0;
  for (let match = pattern.exec(script); match !== null; match = pattern.exec(script)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return pattern.lastIndex;
  }
  return script.length;
}
