import { StartupError } from '../../errors.ts';

/** For the errors of the file system: keeps the reason (`EACCES: permission denied …`) and adds what to do. */
export function folderError(folder: string, cause: unknown): StartupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartupError(
    `The data folder ${folder} cannot be used: ${reason}. Give DATA_DIR another folder that this user may write to.`,
    { cause },
  );
}
