// The sealed store opened by a TPM 2.0, which is swtpm here: made, rewrapped, served by a keeper, refused
// without the TPM, with another one and a wrong PIN; what the doctor says.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';

import { check, dir, end, file, head2, put, test } from '../fixture.mjs';
import { startTpm, withTpm } from '../swtpm.mjs';

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const secret = (name, text) => { put(name, text); fs.chmodSync(file(name), 0o600); return name; };
function verb(...args) {
  const r = spawnSync(head2, args, { cwd: dir, env: withTpm(), timeout: 60000 });
  return { code: r.status, text: r.stdout.toString(), err: r.stderr.toString() };
}
function good(...args) {
  const r = verb('store', ...args);
  check(r.code === 0 && r.err === '', `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r.text;
}
function bad(args, code, words) {
  const r = verb('store', ...args);
  check(r.code === code && words.test(r.err), `${args.join(' ')}: ${r.code} ${r.err}`);
  check(/^head2: [^\n]+; [^\n]+\n$/.test(r.err), `not a line that says what to do: ${r.err}`);
}
await test('a store that this TPM opens, with a PIN, while registers are as they were', async () => {
  let t = await startTpm('one');
  secret('pin', '2718\n');
  secret('wrong', '2719\n');
  check(/ok +TPM: can wrap/.test(verb('doctor').text), verb('doctor').text);
  good('init', '--tpm', '--tpm-pin-file', 'pin', '--tpm-pcrs', 'sha256:7,0');
  good('check', '--tpm', '--tpm-pin-file', 'pin');
  const [w] = JSON.parse(good('wrap-list', '--json')).wrappings;
  check(w.type === 'tpm' && w.pin === true && w.pcrs === 'sha256:0,7', JSON.stringify(w));
  bad(['check', '--tpm', '--tpm-pin-file', 'wrong'], 5, /wrong PIN/);
  bad(['check', '--tpm'], 5, /terminal/);
  bad(['init', '--store', 'y', '--tpm', '--tpm-pcrs', '0'], 2, /registers are a bank/);
  bad(['init', '--store', 'y', '--tpm-pin'], 2, /this is of a TPM/);
  secret('long', `${'1'.repeat(33)}\n`);
  bad(['init', '--store', 'y', '--tpm', '--tpm-pin-file', 'long'], 2, /a PIN of up to 32 bytes/);
  check(!fs.existsSync(file('y/store.sqlite')), 'nothing is made');
  good('wrap-add', '--tpm', '--tpm-pin-file', 'pin', '--new-passphrase-file', secret('word', 'correct horse\n'));
  await t.stopped();
  bad(['check', '--tpm', '--tpm-pin-file', 'pin'], 3, /no TPM answers here/);
  good('check', '--passphrase-file', 'word');
  t = await startTpm('two');
  bad(['check', '--tpm', '--tpm-pin-file', 'pin'], 5, /another TPM/);
  good('rewrap', '--passphrase-file', 'word', '--new-tpm'); // moved to this one, without a PIN
  bad(['check', '--passphrase-file', 'word'], 5, /not wrapped so/);
  good('check', '--tpm');
  await t.stopped();
});

await test('a keeper that no person unlocks, after its machine was started again', async () => {
  let t = await startTpm('one');
  good('init', '--tpm');
  for (let life = 0; life < 2; life++) {
    const keeper = spawn(head2, ['keeper', '--tpm'], { cwd: dir, env: withTpm() });
    let said = '';
    keeper.stderr.on('data', (d) => { said += d; });
    const ended = new Promise((done) => keeper.on('exit', done));
    for (let i = 0; i < 200 && !/keys, at/.test(said); i++) await sleep(20);
    check(/0 keys, at/.test(said), said);
    await t.stopped(); // it is not needed any more, for the next keeper either
    const child = () => Number(fs.readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8').trim().split(' ')[0]);
    process.kill(child(), 'SIGKILL');
    for (let i = 0; i < 200 && said.split('keys, at').length < 3; i++) await sleep(20);
    check(said.split('keys, at').length === 3, said);
    keeper.kill();
    check(await ended === 0, said);
    t = await startTpm('one');
  }
  await t.stopped();
});

end();
