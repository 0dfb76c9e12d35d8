// The one composition root: configuration, the embedded default where servers are not given, roles, signals.
import { once } from 'node:events';
import { ConfigError, readConfig, type Config, type Settings } from './config.ts';
import { StartupError } from './errors.ts';
import { createLog, type Log } from './log.ts';
import { migrateOnly, startProgram } from './roles/program.ts';
import { findTemporal } from './temporal/connect.ts';

// A terminal's Ctrl-C reaches this process from the terminal and once more from npm.
const REPEATED_SIGNAL_MS = 1000;

try {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stopAsked = listenForStop();
  await (needsEmbedded(config) ? runEmbedded(config, log, stopAsked) : run(givenSettings(config), log, stopAsked));
  // Everything has been stopped. A worker that never found Temporal leaves native threads that would go on trying.
  process.exit(0);
} catch (error) {
  reportAndExit(error);
}

/** True when a server or a secret that the roles need is not given. Production never gets here without them. */
function needsEmbedded({ isProduction, database, temporal, ops, leads, roles }: Config): boolean {
  const lacksSecrets = roles.includes('api') && (!ops.adminApiKey || !leads.secrets);
  const lacksTemporal = (roles.includes('relay') || roles.includes('worker')) && !temporal.isGiven;
  return !isProduction && (!database.url || lacksTemporal || lacksSecrets);
}

function givenSettings(config: Config): Settings {
  return {
    config,
    databaseUrl: config.database.url ?? '',
    temporal: findTemporal(config.env, config.temporal.address, config.temporal.namespace),
    temporalUiUrl: config.temporal.uiUrl ?? null,
    adminApiKey: config.ops.adminApiKey ?? '',
    leadSecrets: config.leads.secrets ?? [],
    allowCidrs: config.postbacks.allowCidrs ?? [],
  };
}

async function runEmbedded(config: Config, log: Log, stopAsked: AbortSignal): Promise<void> {
  // Not loaded in production.
  const { prepareEmbedded } = await import('./dev/start.ts');
  const embedded = await prepareEmbedded(config, log);
  try {
    await run(embedded.settings, log, stopAsked, embedded);
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

type Surroundings = {
  /** Rejects when one of the embedded servers has died. */
  failed: Promise<never>;
  welcome(program: { publicUrl: string | null; opsUrl: string }): Promise<void>;
  stop(): Promise<void>;
};

async function run(settings: Settings, log: Log, stopAsked: AbortSignal, surroundings?: Surroundings): Promise<void> {
  const isMigrateOnly = settings.config.roles.every((role) => role === 'migrate');
  if (isMigrateOnly) {
    await migrateOnly(settings, log, stopAsked);
    await surroundings?.stop();
    return;
  }
  const program = await startProgram(settings, log, stopAsked);
  log.info({ roles: settings.config.roles, publicUrl: program.publicUrl, opsUrl: program.opsUrl }, 'ready');
  try {
    await surroundings?.welcome(program);
    await Promise.race([isAborted(stopAsked), ...(surroundings ? [surroundings.failed] : [])]);
    log.info({ signal: stopAsked.reason as string }, 'stopping');
  } finally {
    await program.stop();
    await surroundings?.stop();
  }
  log.info('stopped');
}

/** Aborted by the first signal, its name being the reason. A second, later one ends the process at once. */
function listenForStop(): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    firstAt ??= Date.now();
    if (Date.now() - firstAt > REPEATED_SIGNAL_MS) process.exit(1);
    controller.abort(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}

async function isAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** What a person can mend is said in words; anything else keeps its stack. */
function reportAndExit(error: unknown): void {
  const isForPeople = error instanceof ConfigError || error instanceof StartupError;
  process.stderr.write(`${isForPeople ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exit(1);
}
