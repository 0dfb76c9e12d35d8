import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

/** Where Temporal is, and in which of its namespaces the leads are. */
export type TemporalTarget = { connectionOptions: ConnectionOptions; namespace: string };

/**
 * An address or a namespace given here wins, else Temporal's standard environment configuration (TEMPORAL_* variables,
 * a profile, a file) decides.
 */
export function findTemporal(env: NodeJS.ProcessEnv, address?: string, namespace?: string): TemporalTarget {
  const configured = loadClientConnectConfig({ overrideEnvVars: definedOf(env) });
  return {
    connectionOptions: { ...configured.connectionOptions, ...(address === undefined ? {} : { address }) },
    namespace: namespace ?? configured.namespace ?? 'default',
  };
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
