/**
 * For `.options()` of a query on the way of a lead: each connection has Postgres parse and plan it once, which is most of
 * the work of so short a statement. The text behind a name must never vary, and must name its columns: a statement that
 * was prepared with `*` fails as soon as a migration adds one.
 */
export function prepared(name: string): { name: string } {
  return { name };
}
