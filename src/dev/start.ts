import { completeConfig, type Config, type GivenConfig, type Provided } from '../config.ts';
import { connectDb } from '../db/connect.ts';
import { StartupError } from '../errors.ts';
import type { Log } from '../log.ts';
import { bannerFor } from './demo/banner.ts';
import { prepareDemo, type Demo } from './demo/prepare-demo.ts';
import { startReceiver, type Receiver } from './demo/receiver.ts';
import { startStack, type EmbeddedStack } from './embedded/stack.ts';

export type Embedded = {
  config: Config;
  /** Rejects when one of the servers cannot be kept running. */
  failed: Promise<never>;
  /** Where the database is the embedded one: starts the demo's receiver, fills the catalogue and prints the banner. */
  welcome(program: { publicUrl: string | null; opsUrl: string }): Promise<void>;
  stop(): Promise<void>;
};

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** Starts what `npm start` brings along: the servers that are not given elsewhere, keys, and later the demo. */
export async function startEmbedded(given: GivenConfig, log: Log): Promise<Embedded> {
  const { promise: failed, reject: fail } = deferred();
  const stack = await startStack({
    ...given.embedded,
    postgres: !given.database.url,
    temporal: !given.temporal.isGiven,
    ...(given.temporal.namespace === undefined ? {} : { temporalNamespace: given.temporal.namespace }),
    env: given.env,
    onProgress: (line) => console.log(line),
    onExit: (message) => fail(new StartupError(message)),
  });
  const config = completeConfig(given, provisionsOf(stack));
  let receiver: Receiver | undefined;
  return {
    config,
    failed,
    async welcome({ publicUrl, opsUrl }) {
      if (!stack.databaseUrl || !publicUrl) return;
      receiver = await startReceiverNear(config.embedded.receiverPort);
      const demo = await prepareDemoIn(config, receiver);
      warnOfAllowedAddresses(config, log);
      console.log(bannerFor({ publicUrl, opsUrl, config, demo, receiverUrl: receiver.url }));
    },
    async stop() {
      await receiver?.stop();
      await stack.stop();
    },
  };
}

function provisionsOf(stack: EmbeddedStack): Provided {
  const { databaseUrl, temporalAddress, temporalUiUrl, adminApiKey, leadSecret } = stack;
  return {
    ...{ databaseUrl, temporalAddress, temporalUiUrl, adminApiKey },
    leadSecrets: [leadSecret],
    // Kept as safely, and for as long.
    pullHeaderKeys: [`pull headers ${leadSecret}`],
    // The receiver of the demo is on this machine, and comes with the embedded database alone.
    allowCidrs: databaseUrl ? LOOPBACK : [],
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

async function prepareDemoIn({ database, embedded, postbacks }: Config, receiver: Receiver): Promise<Demo | null> {
  const db = connectDb(database);
  try {
    return await prepareDemo(db, { dataDir: embedded.dataDir, receiverUrl: receiver.url, rules: postbacks });
  } finally {
    await db.destroy();
  }
}

function warnOfAllowedAddresses({ postbacks: { allowCidrs } }: Config, log: Log): void {
  if (allowCidrs.length > 0) log.warn({ allowCidrs }, 'Postbacks may reach addresses that production forbids.');
}

function deferred(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  // It may fail before anybody waits for it.
  promise.catch(() => undefined);
  return { promise, reject };
}
