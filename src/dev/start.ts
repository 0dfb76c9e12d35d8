import type { Config, Settings } from '../config.ts';
import { connectDb } from '../db/connect.ts';
import type { Log } from '../log.ts';
import { findTemporal } from '../temporal/connect.ts';
import { bannerFor } from './demo/banner.ts';
import { prepareDemoCatalogue } from './demo/demo-catalogue.ts';
import { startEmbedded } from './embedded/embedded.ts';
import { startReceiver, type Receiver } from './demo/receiver.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Everything that `npm start` brings along: servers that are not given elsewhere, keys, demo catalogue, receiver. */
export async function prepareEmbedded(config: Config, log: Log) {
  const { promise: failed, reject: fail } = deferred();
  const usesOwnPostgres = !config.database.url;
  const stack = await startEmbedded({
    ...config.embedded,
    postgres: usesOwnPostgres,
    temporal: !config.temporal.isGiven,
    ...(config.temporal.namespace === undefined ? {} : { temporalNamespace: config.temporal.namespace }),
    env: config.env,
    onProgress: (line) => console.log(line),
    onExit: (message) => fail(new Error(message)),
  });
  const settings: Settings = {
    config,
    databaseUrl: config.database.url ?? stack.databaseUrl ?? '',
    temporal: findTemporal(config.env, stack.temporalAddress ?? config.temporal.address, config.temporal.namespace),
    temporalUiUrl: config.temporal.uiUrl ?? stack.temporalUiUrl ?? null,
    adminApiKey: config.ops.adminApiKey ?? stack.adminApiKey,
    leadSecrets: config.leads.secrets ?? [stack.leadSecret],
    allowCidrs: config.postbacks.allowCidrs ?? (usesOwnPostgres ? LOOPBACK : []),
  };
  let receiver: Receiver | undefined;
  return {
    settings,
    failed,
    async welcome(program: { publicUrl: string | null; opsUrl: string }): Promise<void> {
      if (!usesOwnPostgres || !program.publicUrl) return;
      receiver = await startReceiverNear(config.embedded.receiverPort);
      const demo = await withDb(settings, (db) =>
        prepareDemoCatalogue(db, config.embedded.dataDir, receiver?.url ?? ''),
      );
      if (settings.allowCidrs.length > 0) {
        log.warn({ allowCidrs: settings.allowCidrs }, 'Postbacks may reach addresses that production forbids.');
      }
      console.log(bannerFor({ ...program, publicUrl: program.publicUrl, settings, demo, receiverUrl: receiver.url }));
    },
    async stop(): Promise<void> {
      await receiver?.stop();
      await stack.stop();
    },
  };
}

/** The receiver is a convenience: where its port is taken it takes another, and the demo catalogue follows. */
async function startReceiverNear(port: number): Promise<Receiver> {
  try {
    return await startReceiver({ port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return await startReceiver({ port: 0 });
  }
}

async function withDb<T>(
  { config, databaseUrl }: Settings,
  use: (db: ReturnType<typeof connectDb>) => Promise<T>,
): Promise<T> {
  const db = connectDb({ ...config.database, url: databaseUrl });
  try {
    return await use(db);
  } finally {
    await db.destroy();
  }
}

function deferred(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  // It may fail before anybody waits for it.
  promise.catch(() => undefined);
  return { promise, reject };
}
