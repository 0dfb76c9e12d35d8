import { AppError } from './errors.ts';

/**
 * What the work gives, or a refusal when it takes longer than its caller waits. The work is not cut off: it ends by itself,
 * and nobody hears how. So it should look at `signal` before each further step.
 *
 * @throws AppError `unavailable` with this message when the time is up, or what the work throws before that
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { withinMs, message }: { withinMs: number; message: string },
): Promise<T> {
  const late = new AbortController();
  const timeIsUp = new Promise<never>((_, reject) => {
    late.signal.addEventListener('abort', () => reject(late.signal.reason as AppError));
  });
  const timer = setTimeout(() => late.abort(new AppError('unavailable', message)), withinMs);
  try {
    return await Promise.race([work(late.signal), timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
}
