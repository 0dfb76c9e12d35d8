import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
export async function startNode(args: string[], env: Record<string,string>, find: (line: string) => string[] | undefined) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const found = await new Promise<string[]>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => { const f = find(line); if (f) resolve(f); else if (process.env['V']) console.log(line); });
    child.once('exit', (c) => reject(new Error('exit ' + c)));
  });
  return { child, found };
}
