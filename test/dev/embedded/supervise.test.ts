import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { supervise } from '../../../src/dev/embedded/supervise.ts';

describe('a supervised server', () => {
  it('is started again however often it is killed, as long as it starts', async () => {
    const starts = new EventEmitter();
    let kill: (message: string) => void = assert.fail;
    const server = await supervise({
      name: 'Postgres',
      start: (_former, onExit) => {
        kill = onExit;
        starts.emit('start');
        return Promise.resolve({ stop: () => Promise.resolve() });
      },
      onProgress: () => {},
      onGivingUp: (message) => starts.emit('error', new Error(message)),
    });
    for (let kills = 0; kills < 5; kills++) {
      const started = once(starts, 'start');
      kill('Postgres ended unexpectedly (signal SIGKILL)');
      await started;
    }
    await server.stop();
  });
});
