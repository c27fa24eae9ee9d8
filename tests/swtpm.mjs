// A TPM 2.0 for end-to-end tests: swtpm, with its state in a folder of the test's, at tpm.sock.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

import { Skip, dir, environment, file, head2 } from './fixture.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const withTpm = () => ({ ...environment(), HEAD2_TPM: `swtpm:path=${file('tpm.sock')}` });

// Skips the test where there is none, or the program cannot use one.
export async function startTpm(state) {
  if (spawnSync('swtpm', ['--version']).status !== 0) throw new Skip('swtpm is not installed');
  const at = file('tpm.sock');
  fs.mkdirSync(file(state), { recursive: true });
  const child = spawn('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${file(state)}`, '--server', `type=unixio,path=${at}`,
    '--ctrl', `type=unixio,path=${at}.ctrl`, '--flags', 'not-need-init,startup-clear'], { stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  const there = () => new Promise((done) => {
    const s = net.connect(`${at}.ctrl`, () => { s.destroy(); done(true); });
    s.on('error', () => done(false));
  });
  for (let i = 0; i < 200 && !await there(); i++) await sleep(20);
  child.stopped = async () => {
    const gone = new Promise((done) => child.on('exit', done));
    child.kill();
    await gone;
    for (const f of [at, `${at}.ctrl`]) fs.rmSync(f, { force: true });
  };
  if (/built without/.test(spawnSync(head2, ['doctor'], { cwd: dir, env: withTpm() }).stdout)) {
    await child.stopped();
    throw new Skip('built without tpm2-tss');
  }
  return child;
}
