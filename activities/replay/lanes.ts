export type Lanes = {
  /** Does the work after all earlier work of the same key; different keys do not wait for each other. */
  run(key: string, work: () => Promise<void>): void;
  /** Resolves when there is room for one more. */
  room(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
};

/** Keeps the order within each key, and bounds how much is waiting or under way. The work must not throw. */
export function createLanes(places: number): Lanes {
  const lastOf = new Map<string, Promise<void>>();
  let underWay = 0;
  let onEnd: (() => void) | undefined;

  return {
    run(key, work) {
      underWay++;
      const before = lastOf.get(key);
      const done = (before ? before.then(work) : work()).then(() => {
        if (lastOf.get(key) === done) lastOf.delete(key);
        underWay--;
        onEnd?.();
      });
      lastOf.set(key, done);
    },
    room: () => until(() => underWay < places),
    idle: () => until(() => underWay === 0),
  };

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (onEnd = resolve));
    onEnd = undefined;
  }
}
