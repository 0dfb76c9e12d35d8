import { Client, Connection, type ClientOptions } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { registerSearchAttributes } from '../../../src/temporal/connect.ts';

/** What a test needs of a Temporal server: a client, and the connection of its workers. */
export type TemporalConnection = { client: Client; nativeConnection: NativeConnection };

/** A client of the Temporal server at this address; closed by `client.connection.close()`. */
export async function connectClient(address: string, options: ClientOptions = {}): Promise<Client> {
  return new Client({ ...options, connection: await Connection.connect({ address }) });
}

/** Both connections to the Temporal server at this address, until they are closed; it knows the search attributes of leads. */
export async function connectToTemporal(
  address: string,
  options: ClientOptions = {},
): Promise<TemporalConnection & { close(): Promise<void> }> {
  const [client, nativeConnection] = await Promise.all([
    connectClient(address, options),
    NativeConnection.connect({ address }),
  ]);
  await registerSearchAttributes(client);
  return {
    client,
    nativeConnection,
    async close() {
      await nativeConnection.close();
      await client.connection.close();
    },
  };
}
