import type { Knex } from 'knex';

type Query = { sql: string; bindings: Knex.Value[] };

// Those that grow with each click or status; a scan of the catalogue's tables is a cheap plan.
const LARGE_TABLES =
  'leads|lead_events|conversions|partner_conversions|status_calls|settlements|ledger_lines|postbacks|postback_attempts';

/** What a plan shows that reads one of the large tables from its beginning to its end. */
export const SCAN_OF_LARGE_TABLE = new RegExp(`Seq Scan on (${LARGE_TABLES})\\b`);

/** The plans of the statements that something runs. */
export async function plansOf(db: Knex, run: () => Promise<unknown>, options = ''): Promise<string[]> {
  const queries: Query[] = [];
  const note = (query: Query) => void (/^\s*(select|with)/i.test(query.sql) && queries.push(query));
  db.on('query', note);
  await run();
  db.removeListener('query', note);
  const plans: string[] = [];
  // One by one, so that none waits for another where their times are asked for.
  for (const { sql, bindings } of queries) {
    const positional = sql.replace(/\$\d+/g, '?');
    const { rows } = await db.raw<{ rows: Record<string, string>[] }>(`explain ${options} ${positional}`, bindings);
    plans.push(`${sql}\n${rows.map((row) => row['QUERY PLAN']).join('\n')}`);
  }
  return plans;
}
