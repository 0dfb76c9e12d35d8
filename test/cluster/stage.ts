import { connectDb } from '../../src/db/connect.ts';
import { migrate } from '../../src/db/migrate.ts';
import { findClusterBinaries } from './binaries.ts';
import { keepPostgres, keepPrograms, keepTemporal } from './cast.ts';
import { openFolder, saveTrial } from './folder.ts';
import { openJournal } from './journal.ts';
import { createTrialNetwork } from './network.ts';
import type { TrialOptions } from './options.ts';
import { addressOf, createNamespace, createStores } from './temporal-server.ts';

/** Everything that takes part in a trial but people and partners: new, or as an interrupted trial has left it. */
export async function startStage(options: TrialOptions) {
  const { folder } = options;
  const binaries = await findClusterBinaries();
  const trial = await openFolder(options);
  const journal = openJournal(folder);
  const cast = { folder, trial, journal };

  const postgres = await keepPostgres(cast);
  const databaseUrl = postgres.running()?.url ?? '';
  const db = connectDb({ url: databaseUrl, poolSize: 4, statementTimeoutMs: 60_000 });
  const isNew = trial.network === null;
  if (isNew) await createStores({ binaries, folder, postgresUrl: databaseUrl });
  const temporal = await keepTemporal(cast, binaries, databaseUrl);
  await migrate(db);
  const [temporalAddress = ''] = trial.ports.temporal.map(addressOf);
  if (isNew) await createNamespace(temporalAddress);
  const network = (trial.network ??= await createTrialNetwork(db));
  saveTrial(folder, trial);

  return {
    ...{ db, journal, network, seed: trial.seed, postgres, temporal, temporalAddress },
    startPrograms: () => keepPrograms(cast, databaseUrl),
    async stop(programs: Awaited<ReturnType<typeof keepPrograms>>): Promise<void> {
      await Promise.all(programs.map((program) => program.stop('SIGTERM')));
      await Promise.all(temporal.map((server) => server.stop('SIGTERM')));
      await db.destroy();
      await postgres.stop('SIGINT');
    },
  };
}
