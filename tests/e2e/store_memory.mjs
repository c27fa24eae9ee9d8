// What opened the store is nowhere in the memory of a keeper and its monitor afterwards: not a passphrase,
// not what a key file or a TPM's PIN held, not the seed of a key; what they hold is locked or secret memory,
// and they leave no core.
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';

import { Skip, check, dir, end, environment, file, head2, put, run, test } from '../fixture.mjs';
import { startTpm, withTpm } from '../swtpm.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const secret = (name, bytes) => { put(name, bytes); fs.chmodSync(file(name), 0o600); return name; };
const children = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

// All that root can read of a process.
function memory(pid) {
  const pieces = [], fd = fs.openSync(`/proc/${pid}/mem`, 'r');
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const m = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (m === null) continue;
    const from = parseInt(m[1], 16), piece = Buffer.alloc(Math.min(parseInt(m[2], 16) - from, 1 << 26));
    try {
      pieces.push(piece.subarray(0, fs.readSync(fd, piece, 0, piece.length, from)));
    } catch { /* secret memory: nobody reads it */ }
  }
  fs.closeSync(fd);
  return Buffer.concat(pieces);
}
// Eight bytes in a row of it, as it is or as HMAC pads it.
const holds = (bytes, what) => [0, 0x36, 0x5c].some((pad) => {
  const padded = what.map((b) => b ^ pad);
  for (let i = 0; i + 8 <= padded.length; i++) if (bytes.includes(padded.subarray(i, i + 8))) return true;
  return false;
});

async function looked(args, env, secrets) {
  if (process.getuid() !== 0) throw new Skip('only root may look');
  const keeper = spawn(head2, ['keeper', ...args], { cwd: dir, env: { ...environment(), ...env } });
  let said = '';
  keeper.stderr.on('data', (d) => { said += d; });
  const ended = new Promise((done) => keeper.on('exit', done));
  for (let i = 0; i < 200 && !/keys, at/.test(said); i++) await sleep(20);
  check(/keys, at/.test(said), said);
  await sleep(50);
  for (const pid of [keeper.pid, ...children(keeper.pid)]) {
    const bytes = memory(pid);
    check(bytes.length > 100000 && bytes.includes('HEAD2_STATE='), `${bytes.length} bytes of ${pid}`); // the search works
    for (const [name, what] of Object.entries(secrets)) check(!holds(bytes, what), `${name} is in the memory of process ${pid}`);
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8'), maps = fs.readFileSync(`/proc/${pid}/smaps`, 'utf8');
    const locked = Number(/VmLck:\s+(\d+) kB/.exec(status)[1]);
    check(locked >= 4 || /secretmem/.test(maps), `nothing is locked in ${pid}: ${status}`);
    check(/VmSwap:\s+0 kB/.test(status), 'swapped');
    check(/Max core file size\s+0\s+0/.test(fs.readFileSync(`/proc/${pid}/limits`, 'utf8')), 'it may leave a core');
    for (const f of ['cmdline', 'environ'])
      for (const [name, what] of Object.entries(secrets)) check(!holds(fs.readFileSync(`/proc/${pid}/${f}`), what), `${name} in ${f}`);
  }
  keeper.kill();
  check(await ended === 0, said);
}
function prepare(...how) {
  const r = run(['key', 'generate', '--type', 'ML-DSA-44', '--no-passphrase', '--no-receipt', '--out', 'a.pem']);
  check(r.code === 0, r.err);
  const i = run(['store', 'init', ...how]);
  check(i.code === 0, i.err);
  const imported = run(['store', 'import', 'a.pem', ...how]);
  check(imported.code === 0, imported.err);
  const der = Buffer.from(fs.readFileSync(file('a.pem'), 'utf8').split('\n').filter((l) => !l.startsWith('-')).join(''), 'base64');
  return der.subarray(-32);
}

await test('a passphrase', async () => {
  const how = ['--passphrase-file', secret('word', 'Wq7-Zt3_Lm9+Xk5=Rb1~Hd8!Vc2\n')];
  const seed = prepare(...how);
  await looked(how, {}, { passphrase: Buffer.from('Wq7-Zt3_Lm9+Xk5=Rb1~Hd8!Vc2'), seed });
});

await test('a key file', async () => {
  const bytes = crypto.randomBytes(64), how = ['--key-file', secret('k', bytes)];
  const seed = prepare(...how);
  await looked(how, {}, { bytes, seed });
});

await test("a TPM's PIN", async () => {
  const tpm = await startTpm('one'), how = ['--tpm', '--tpm-pin-file', secret('pin', '31415926535897932384\n')];
  const r = spawnSync(head2, ['store', 'init', ...how], { cwd: dir, env: withTpm() });
  check(r.status === 0, r.stderr.toString());
  await looked(how, withTpm(), { PIN: Buffer.from('31415926535897932384') });
  await tpm.stopped();
});

end();
