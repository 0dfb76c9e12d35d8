import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { searchAttributeKeys } from '../../workflows/contract.ts';
import type { TemporalTarget } from './target.ts';

// gRPC's own limit is two minutes, for which the relay would stay away from a server that is back.
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 5000 };

/** Connects on first use, so that a process starts while Temporal is down. */
export function connectTemporal({ connectionOptions, namespace }: TemporalTarget): Client {
  const channelArgs = { ...connectionOptions.channelArgs, ...RECONNECT };
  return new Client({ connection: Connection.lazy({ ...connectionOptions, channelArgs }), namespace });
}

const GRPC_NOT_FOUND = 5;
const GRPC_ALREADY_EXISTS = 6;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

export class NamespaceMissingError extends Error {
  override readonly name = 'NamespaceMissingError';

  constructor(namespace: string, options: { cause: unknown }) {
    super(
      `Temporal has no namespace "${namespace}". Make it and this goes on by itself: ` +
        `temporal operator namespace create --namespace ${namespace} --retention 90d`,
      options,
    );
  }
}

/**
 * The worker's own connection; fails when Temporal does not answer.
 *
 * @throws NamespaceMissingError
 */
export async function connectWorkerToTemporal({
  connectionOptions,
  namespace,
}: TemporalTarget): Promise<NativeConnection> {
  const { address, tls, apiKey, metadata } = connectionOptions;
  const connection = await NativeConnection.connect({
    ...(address === undefined ? {} : { address }),
    ...(tls === undefined ? {} : { tls }),
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
    ...(metadata === undefined ? {} : { metadata: metadata }),
  });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return connection;
  } catch (error) {
    await connection.close();
    throw hasGrpcCode(error, GRPC_NOT_FOUND) ? new NamespaceMissingError(namespace, { cause: error }) : error;
  }
}

const IndexedValueType = proto.temporal.api.enums.v1.IndexedValueType;

/** For people who have to register them by hand. */
export const searchAttributesText = Object.values(searchAttributeKeys)
  .map(({ name, type }) => `${name} (${type})`)
  .join(', ');

/**
 * Makes leads searchable by what people look for. Harmless when done before, or by several processes at once.
 *
 * @throws NamespaceMissingError
 */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  for (const { name, type } of Object.values(searchAttributeKeys)) {
    const searchAttributes = { [name]: IndexedValueType[`INDEXED_VALUE_TYPE_${type}`] };
    try {
      await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    } catch (error) {
      if (hasGrpcCode(error, GRPC_NOT_FOUND)) throw new NamespaceMissingError(namespace, { cause: error });
      if (!hasGrpcCode(error, GRPC_ALREADY_EXISTS)) throw error;
    }
  }
}

/** Temporal answers, and will never do what was asked of it. */
export function isRefusal(error: unknown): boolean {
  return hasGrpcCode(error, GRPC_PERMISSION_DENIED) || hasGrpcCode(error, GRPC_UNIMPLEMENTED);
}

function hasGrpcCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
