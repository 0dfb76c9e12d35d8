import { AppError } from './errors.ts';

/** Whether the caller still waits. */
export type Late = {
  /** @throws the refusal, once the time is up */
  throwIfLate(): void;
  /** Aborted when the time is up. Made when it is asked for, because few ask. */
  signal(): AbortSignal;
};

/**
 * What the work gives, or a refusal when it takes longer than its caller waits. The work is not cut off: it ends by itself,
 * and nobody hears how. So it should look at `late` before each further step.
 *
 * @throws AppError `unavailable` with this message when the time is up, or what the work throws before that
 */
export async function inTime<T>(
  work: (late: Late) => Promise<T>,
  { withinMs, message }: { withinMs: number; message: string },
): Promise<T> {
  let refusal: AppError | undefined;
  let controller: AbortController | undefined;
  // No getters: V8 keeps each getter of such an object, and with it the whole request, until its next full collection.
  const late: Late = {
    throwIfLate() {
      if (refusal) throw refusal;
    },
    signal() {
      controller ??= new AbortController();
      if (refusal) controller.abort(refusal);
      return controller.signal;
    },
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => {
        refusal = new AppError('unavailable', message);
        controller?.abort(refusal);
        reject(refusal);
      }, withinMs);
      work(late).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
