import { Runtime } from '@temporalio/worker';

const ignore = () => undefined;

// What goes wrong in a test shows in its assertions; the SDK's own lines would bury them.
Runtime.install({
  logger: { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
  telemetryOptions: { logging: { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } },
  shutdownSignals: [],
});
