// What a run of the suite shows: operations by client, and the error every client shows for what is refused.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** All reports of a run: `{ client, kind, operation, outcome, shown, seconds }`. */
export function readReports(scratch, clients, phases) {
  const files = phases.flatMap((phase) =>
    clients.map((client) => [client, `report-${client}-${phase}.json`]),
  );
  return files.flatMap(([client, name]) => {
    const path = join(scratch, name);
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).map((row) => ({ client, ...row })) : [];
  });
}

/** `-`: the client has no such call. */
export function matrix(rows, clients) {
  const works = rows.filter((row) => row.kind === 'works');
  const operations = [...new Set(works.map((row) => row.operation))];
  const cell = (operation, client) => {
    const row = works.find((r) => r.operation === operation && r.client === client);
    if (!row) return '-';
    return row.outcome === 'ok' ? `${row.seconds.toFixed(row.seconds < 10 ? 1 : 0)} s` : 'FAILED';
  };
  const lines = operations.map((name) => [name, ...clients.map((client) => cell(name, client))]);
  return aligned([['operation', ...clients], ...lines]);
}

export function refusals(rows, clients) {
  const denied = rows.filter((row) => row.kind === 'denied');
  const operations = [...new Set(denied.map((row) => row.operation))];
  return operations.flatMap((operation) => [
    operation,
    ...clients.flatMap((client) => {
      const row = denied.find((r) => r.operation === operation && r.client === client);
      return row
        ? [`    ${client.padEnd(12)} ${row.outcome === 'ok' ? '' : 'FAILED '}${short(row.shown)}`]
        : [];
    }),
  ]);
}

const short = (text) => (text.length > 170 ? `${text.slice(0, 167)}...` : text);

function aligned(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
