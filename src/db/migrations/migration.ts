import type { Knex } from 'knex';

/** One step of the schema. `down` takes back exactly what `up` has made. */
export type Migration = { up(db: Knex): Promise<void>; down(db: Knex): Promise<void> };
