// The one composition root: configuration, the embedded default where servers are not given, roles, signals.
import { once } from 'node:events';
import { completeConfig, ConfigError, readConfig, type Config, type GivenConfig } from './config.ts';
import type { Embedded } from './dev/start.ts';
import { StartupError } from './errors.ts';
import { createLog, type Log } from './log.ts';
import { migrateOnly, startProgram } from './roles/program.ts';
import { rebuildOnly } from './roles/rebuild.ts';

// A terminal's Ctrl-C reaches this process from the terminal and once more from npm.
const REPEATED_SIGNAL_MS = 1000;

try {
  const given = readConfig();
  const log = createLog(given.logLevel);
  const stopAsked = listenForStop();
  await (needsEmbedded(given) ? runEmbedded(given, log, stopAsked) : run(completeConfig(given), log, stopAsked));
  // Everything has been stopped. A worker that never found Temporal leaves native threads that would go on trying.
  process.exit(0);
} catch (error) {
  reportAndExit(error);
}

/** True when a server or a secret that the roles need is not given. Production never gets here without them. */
function needsEmbedded({ isProduction, database, temporal, ops, leads, roles }: GivenConfig): boolean {
  const lacksSecrets = roles.includes('api') && (!ops.adminApiKey || !leads.secrets);
  const lacksTemporal = (roles.includes('relay') || roles.includes('worker')) && !temporal.isGiven;
  return !isProduction && (!database.url || lacksTemporal || lacksSecrets);
}

async function runEmbedded(given: GivenConfig, log: Log, stopAsked: AbortSignal): Promise<void> {
  // Not loaded in production.
  const { startEmbedded } = await import('./dev/start.ts');
  const embedded = await startEmbedded(given, log);
  try {
    await run(embedded.config, log, stopAsked, embedded);
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

async function run(config: Config, log: Log, stopAsked: AbortSignal, embedded?: Embedded): Promise<void> {
  const errand = errandOf(config);
  if (errand) {
    await errand(config, log, stopAsked);
    await embedded?.stop();
    return;
  }
  const program = await startProgram(config, log, stopAsked);
  log.info({ roles: config.roles, publicUrl: program.publicUrl, opsUrl: program.opsUrl }, 'ready');
  try {
    await embedded?.welcome(program);
    await Promise.race([untilAborted(stopAsked), ...(embedded ? [embedded.failed] : [])]);
    log.info({ signal: stopAsked.reason as string }, 'stopping');
    // Who presses Ctrl-C has no balancer, and wants an end.
    if (stopAsked.reason === 'SIGTERM') await program.drain();
  } finally {
    await program.stop();
    await embedded?.stop();
  }
  log.info('stopped');
}

/** What ends by itself. */
function errandOf({ roles }: Config): typeof migrateOnly | typeof rebuildOnly | undefined {
  if (roles.includes('rebuild')) return rebuildOnly;
  return roles.every((role) => role === 'migrate') ? migrateOnly : undefined;
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

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** What a person can mend is said in words; anything else keeps its stack. */
function reportAndExit(error: unknown): void {
  const isForPeople = error instanceof ConfigError || error instanceof StartupError;
  process.stderr.write(`${isForPeople ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exit(1);
}
