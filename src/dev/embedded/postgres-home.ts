import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, lstat, mkdir, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../errors.ts';
import { folderError } from './folder-error.ts';
import { mayReach, type PostgresBinaries, type ServerUser } from './postgres-binaries.ts';

/** The folder that holds one Postgres: `data` (the cluster), `password` and `log`. */
export type PostgresHome = {
  folder: string;
  data: string;
  log: string;
  password: string;
  user: ServerUser | undefined;
};
export type HomeOptions = { dataDir: string; systemDir: string; onProgress: (line: string) => void };

export const SUPERUSER = 'cashcat';

/** Finds or makes the home of Postgres, `postgres` in the data folder, and creates the cluster on first use. */
export async function preparePostgresHome(
  options: HomeOptions,
  binaries: PostgresBinaries,
  serverUser: ServerUser | undefined,
): Promise<PostgresHome> {
  const folder = await findOrMakeFolder(options, serverUser);
  const data = join(folder, 'data');
  const user = serverUser && (await ownerOf(data, serverUser));
  const password = await keepPassword(folder, data, user);
  const home = { folder, data, log: join(folder, 'log'), password, user };
  if (existsSync(data)) await checkVersion(home, binaries);
  else await createCluster(home, binaries, options);
  return home;
}

async function findOrMakeFolder(options: HomeOptions, user: ServerUser | undefined): Promise<string> {
  const path = join(await realpath(options.dataDir), 'postgres');
  try {
    const present = await lstat(path).catch(() => undefined);
    if (present?.isSymbolicLink()) return await realpath(path);
    if (present === undefined && user !== undefined && !mayReach(user, options.dataDir)) {
      return await makeElsewhere(path, user, options);
    }
    await makeFolder(path, user);
    return path;
  } catch (error) {
    throw error instanceof StartupError ? error : folderError(path, error);
  }
}

/**
 * Root's private folders are closed to the user that Postgres runs as. The link left in the data folder finds the files
 * again at the next start, and deleting the data folder still means to begin anew.
 */
async function makeElsewhere(link: string, user: ServerUser, options: HomeOptions): Promise<string> {
  const folder = join(options.systemDir, `postgres-data-${randomBytes(6).toString('hex')}`);
  await makeFolder(folder, user);
  if (!mayReach(user, folder)) {
    throw new StartupError(
      `Postgres does not run as root, and user postgres can reach neither ${options.dataDir} nor ${options.systemDir}. Try DATA_DIR=/var/tmp/cashcat npm start.`,
    );
  }
  await symlink(folder, link);
  options.onProgress(`User postgres cannot reach ${options.dataDir}: Postgres keeps its files in ${folder}`);
  return folder;
}

async function makeFolder(path: string, user: ServerUser | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  if (user !== undefined && (await stat(path)).uid === 0) await chown(path, user.uid, user.gid);
}

/** A cluster made before by a person who is root today is still run as that person: Postgres insists on the owner. */
async function ownerOf(data: string, otherwise: ServerUser): Promise<ServerUser> {
  const owner = await stat(data).catch(() => undefined);
  return owner === undefined || owner.uid === 0 ? otherwise : { uid: owner.uid, gid: owner.gid };
}

async function keepPassword(folder: string, data: string, user: ServerUser | undefined): Promise<string> {
  const path = join(folder, 'password');
  const kept = await readFile(path, 'utf8').catch(() => '');
  if (kept !== '') return kept.trim();
  if (existsSync(data)) {
    throw new StartupError(`The password of the embedded Postgres is missing: restore ${path}, or delete ${folder}.`);
  }
  const password = randomBytes(24).toString('base64url');
  await writeFile(path, `${password}\n`, { mode: 0o600, flush: true });
  if (user !== undefined) await chown(path, user.uid, user.gid);
  return password;
}

async function checkVersion(home: PostgresHome, binaries: PostgresBinaries): Promise<void> {
  const found = (await readFile(join(home.data, 'PG_VERSION'), 'utf8').catch(() => 'unknown')).trim();
  if (found === binaries.major) return;
  throw new StartupError(
    `The data in ${home.data} is of Postgres ${found}, and the embedded Postgres is ${binaries.major}. Move the data over with pg_dumpall, or begin anew with another DATA_DIR.`,
  );
}

async function createCluster(home: PostgresHome, binaries: PostgresBinaries, options: HomeOptions): Promise<void> {
  options.onProgress(`Creating a Postgres ${binaries.major} database in ${home.folder}`);
  // Made aside and renamed when complete: an interrupted initdb leaves a folder that looks like a cluster and is none.
  const draft = `${home.data}.new`;
  await rm(draft, { recursive: true, force: true });
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${SUPERUSER}`, `--pwfile=${join(home.folder, 'password')}`, '--auth=scram-sha-256'];
  try {
    await promisify(execFile)(binaries.initdb, [`--pgdata=${draft}`, ...access, ...locale], {
      cwd: home.folder,
      env: { LC_ALL: 'C' },
      ...home.user,
    });
  } catch (cause) {
    throw new StartupError(`Postgres could not be set up in ${home.folder}: ${String(cause)}`, { cause });
  }
  await rename(draft, home.data);
}
