/** The rows of a text with separators (CSV, RFC 4180), `most` at most. Quotes hold separators, line ends and doubled quotes. */
export function parseCsv(text: string, separator = ",", most = 1000): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length && rows.length < most) {
    let cell = "";
    if (text[at] === '"') {
      at++;
      for (;;) {
        const end = text.indexOf('"', at);
        cell += text.slice(at, end < 0 ? text.length : end);
        at = end < 0 ? text.length : end + 1;
        if (end < 0 || text[at] !== '"') break;
        cell += '"';
        at++;
      }
    }
    let end = at;
    while (end < text.length && text[end] !== separator && text[end] !== "\n") end++;
    cell += text.slice(at, end);
    row.push(cell.endsWith("\r") ? cell.slice(0, -1) : cell);
    at = end + 1;
    if (text[end] !== separator) {
      rows.push(row);
      row = [];
    } else if (at >= text.length) row.push("");
  }
  if (row.length && rows.length < most) rows.push(row);
  return rows;
}
