// head2 keeper with a sealed store, asked in messages that are put together here from docs/formats.md:
// its keys last, a killed keeper is replaced by one that needs no person, and there is one at a time. The
// program is $HEAD2, else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { check, Skip, end, environment, dir, file, head2, put, run, test } from '../fixture.mjs';

const [GENERATE, SIGN, VERIFY, SEAL, UNSEAL, ROTATE, FIND] = [2, 3, 4, 8, 9, 11, 17];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const long = (b) => { b = Buffer.from(b); const n = Buffer.alloc(2); n.writeUInt16BE(b.length); return Buffer.concat([n, b]); };
function good(args) {
  const r = run(args);
  check(r.code === 0, `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r.text;
}

// One request on a connection of its own: its status and the body of its answer.
function ask(type, ...body) {
  const rest = Buffer.concat(body), head = Buffer.alloc(16);
  head.write('HK'); head[2] = 1; head[3] = type;
  head.writeUInt32BE(77, 4); head.writeUInt32BE(rest.length, 12);
  return new Promise((done, fail) => {
    let got = Buffer.alloc(0);
    const socket = net.connect(file('store/keeper.sock'), () => socket.write(Buffer.concat([head, rest])));
    socket.setTimeout(10000, () => fail(new Error('no answer')));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('closed')));
    socket.on('data', (d) => {
      got = Buffer.concat([got, d]);
      if (got.length < 16 || got.length < 16 + got.readUInt32BE(12)) return;
      socket.removeAllListeners('close');
      socket.destroy();
      check(got[3] === type + 128 && got.readUInt32BE(4) === 77, 'the answer to something else');
      done({ status: got.readInt16BE(8), body: got.subarray(16) });
    });
  });
}
async function asked(type, ...body) {
  const r = await ask(type, ...body);
  check(r.status === 0, `type ${type}: ${r.status} ${r.body.subarray(2)}`);
  return r.body;
}
const find = async (label) => (await asked(FIND, long(label))).subarray(0, 16);
const none = Buffer.alloc(1);

const begun = []; // none is left, whatever fails
process.on('exit', () => { for (const k of begun) if (k.exitCode === null) k.kill('SIGKILL'); });
async function begin(...more) {
  const keeper = spawn(head2, ['keeper', '--store', 'store', '--key-file', 'kek', ...more], { cwd: dir, env: environment() });
  begun.push(keeper);
  keeper.said = '';
  keeper.stderr.on('data', (d) => { keeper.said += d; });
  keeper.ended = new Promise((done) => keeper.on('exit', (code) => done(code)));
  for (let i = 0; i < 200 && !/keys, at/.test(keeper.said); i++) await sleep(25);
  check(/keys, at/.test(keeper.said), keeper.said);
  return keeper;
}
async function finish(keeper) {
  keeper.kill('SIGTERM');
  check(await keeper.ended === 0, keeper.said);
  check(!fs.existsSync(file('store/keeper.sock')), 'the socket is left');
}
function prepare() {
  put('kek', Buffer.alloc(40, 7));
  fs.chmodSync(file('kek'), 0o600);
  good(['store', 'init', '--store', 'store', '--key-file', 'kek']);
  good(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'k.pem', '--public-out', 'k.pub.pem']);
  good(['store', 'import', '--store', 'store', '--key-file', 'kek', '--label', 'signer', 'k.pem']);
  put('message', 'a message');
}
// Signed by the keeper, verified by the program with the public key's file.
async function signs() {
  const signature = (await asked(SIGN, await find('signer'), none, long(''), long('a message'))).subarray(2);
  fs.writeFileSync(file('message.sig'), signature);
  good(['verify', '--raw', '--key', 'k.pub.pem', 'message']);
  return signature;
}

await test('keys of the store work, new ones last, and what is sealed is opened after a restart', async () => {
  prepare();
  let keeper = await begin();
  const signature = await signs();
  await asked(VERIFY, await find('signer'), long(''), long('a message'), long(signature));
  check((await ask(VERIFY, await find('signer'), long(''), long('b'), long(signature))).status === -3, 'another message');
  const policy = Buffer.alloc(42);
  policy.writeUInt16BE(3);
  const id = (await asked(GENERATE, Buffer.from([4]), policy, long('new'))).subarray(0, 16);
  const sealed = (await asked(SEAL, Buffer.alloc(8), long('for'), long('a secret'))).subarray(2);
  await finish(keeper);
  check(/"event":"generate"/.test(keeper.said) && keeper.said.includes(id.toString('hex')), keeper.said);
  const list = good(['store', 'list', '--store', 'store', '--json']);
  check(list.includes(id.toString('hex')) && /head2\/sealing/.test(list), list);
  good(['store', 'check', '--store', 'store', '--key-file', 'kek']);
  keeper = await begin();
  check((await find('new')).equals(id), 'the new key is another');
  await asked(SIGN, id, none, long(''), long('m'));
  check((await asked(UNSEAL, Buffer.alloc(8), long('for'), long(sealed))).subarray(2).toString() === 'a secret', 'unsealed');
  await finish(keeper);
});

await test('a killed keeper is replaced, and there is one at a time', async () => {
  prepare();
  const keeper = await begin();
  const other = run(['keeper', '--store', 'store', '--key-file', 'kek']);
  check(other.code === 5 && /another keeper answers here/.test(other.err), other.err);
  const elsewhere = run(['keeper', '--store', 'store', '--key-file', 'kek', '--socket', 'other.sock']);
  check(elsewhere.code !== 0 && !fs.existsSync(file('other.sock')), elsewhere.err);
  for (let i = 0; i < 3; i++) {
    const child = fs.readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8').trim();
    process.kill(Number(child), 'SIGKILL');
    await signs(); // waits for the next one
  }
  check(/ended by signal 9/.test(keeper.said), keeper.said);
  await finish(keeper);
});

const children = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
const recorded = () => good(['ledger', 'show', '--ledger', 'led', '--json']).trim().split('\n').filter((l) => l !== '').map((l) => JSON.parse(l))
  .filter((e) => e.kind === 'keeper').map((e) => Object.fromEntries(e.text.split('\n').slice(1).map((l) => l.split(': '))))
  // who records is killed in these tests, and then one may be there twice
  .filter((e, i, all) => all.findIndex((o) => ['Timestamp', 'Event', 'Result', 'Key ID', 'Uses'].every((f) => o[f] === e[f])) === i);

await test('what is done is in the ledger, also when the keeper, or who records it, is killed', async () => {
  prepare();
  let keeper = await begin('--ledger', 'led', '--each-use');
  await signs();
  const id = await find('signer');
  process.kill(children(keeper.pid)[0], 'SIGKILL'); // the recorder, which begins first
  await asked(ROTATE, id);
  process.kill(children(keeper.pid)[0], 'SIGKILL'); // the keeper, which is the older one now
  const sign = async () => asked(SIGN, await find('signer'), none, long(''), long('m')); // with the key that took its place
  await sign();
  check((await ask(ROTATE, id)).status !== 0, 'rotated twice');
  await finish(keeper);
  check(/recorder: ended by signal 9/.test(keeper.said) && /keeper: ended by signal 9/.test(keeper.said), keeper.said);
  const all = recorded(), count = (event, result) => all.filter((e) => e.Event === event && e.Result === result).length;
  check(count('sign', 'done') === 2 && count('rotate', 'done') === 1 && count('generate', 'done') === 1, JSON.stringify(all));
  check(all.some((e) => e.Event === 'rotate' && e.Result !== 'done' && e['Key ID'] === id.toString('hex')), JSON.stringify(all));
  check(all.some((e) => e.Event === 'uses' && e.Uses === '1' && e.Label === 'signer'), JSON.stringify(all));
  good(['ledger', 'verify', 'led']);
  // without --each-use the sum alone, and that of one that is used at its end too
  const before = all.length;
  keeper = await begin('--ledger', 'led');
  for (let i = 0; i < 5; i++) await sign();
  await finish(keeper);
  const more = recorded().slice(before);
  check(more.length === 1 && more[0].Event === 'uses' && more[0].Uses === '6', JSON.stringify(more));
});

await test('a keeper that cannot record does not begin, and waits where it could before', async () => {
  prepare();
  put('led', 'this is no folder');
  const r = run(['keeper', '--store', 'store', '--key-file', 'kek', '--ledger', 'led']);
  check(r.code !== 0 && /led/.test(r.err) && !fs.existsSync(file('store/keeper.sock')), r.err);
  check(run(['keeper', '--store', 'store', '--key-file', 'kek', '--each-use']).code === 2, 'no ledger');
  fs.unlinkSync(file('led'));
  const keeper = await begin('--ledger', 'led');
  await asked(ROTATE, await find('signer'));
  for (let i = 0; i < 200 && !(fs.existsSync(file('led/ledger.sqlite')) && recorded().length === 2); i++) await sleep(25);
  fs.renameSync(file('led'), file('away'));
  put('led', 'in its place');
  await asked(ROTATE, await find('signer'));
  for (let i = 0; i < 200 && !/tried again/.test(keeper.said); i++) await sleep(25);
  check(/recorder: .*led.*tried again until it is done/.test(keeper.said), keeper.said);
  process.kill(children(keeper.pid)[0], 'SIGKILL'); // the recorder, which has the event in its hands
  for (let i = 0; i < 200 && keeper.said.match(/tried again/g).length < 2; i++) await sleep(25);
  fs.unlinkSync(file('led'));
  fs.renameSync(file('away'), file('led'));
  await finish(keeper);
  check(/what waited is in the ledger/.test(keeper.said), keeper.said);
  check(recorded().map((e) => e.Event).sort().join() === 'generate,generate,rotate,rotate', JSON.stringify(recorded()));
});

await test('who records begins when the ledger is there again', async () => {
  prepare();
  let keeper = await begin('--ledger', 'led');
  fs.renameSync(file('led'), file('away'));
  put('led', 'in its place');
  process.kill(children(keeper.pid)[0], 'SIGKILL'); // the next one does not find it either
  for (let i = 0; i < 200 && !/tried again/.test(keeper.said); i++) await sleep(25);
  await asked(ROTATE, await find('signer'));
  fs.unlinkSync(file('led'));
  fs.renameSync(file('away'), file('led'));
  await finish(keeper);
  check(recorded().map((e) => e.Event).sort().join() === 'generate,rotate', keeper.said);
});

await test('verbs ask a running keeper: what there is, new keys and their lives, an approver', async () => {
  prepare();
  const keeper = await begin(), at = ['--keeper', 'store/keeper.sock'];
  const verb = (...args) => good(['keeper', ...args, ...at]), parsed = (...args) => JSON.parse(verb(...args, '--json'));
  const refused = (code, pattern, ...args) => {
    const r = run(['keeper', ...args, ...at]);
    check(r.code === code && pattern.test(r.err), `${args.join(' ')}: ${r.code} ${r.err}`);
  };
  good(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', 'app.pem', '--public-out', 'app.pub.pem']);
  const made = parsed('generate', 'uplink', '--type', 'ML-DSA-65', '--approver', 'app.pub.pem', '--rate', '50/60', '--public-out', 'uplink.pub.pem');
  const about = parsed('show', 'uplink');
  check(about.algorithm === 'ML-DSA-65' && about.state === 'active' && about.rate_count === 50 && /^[0-9a-f]{32}$/.test(about.approver) && about.key_id === made.key_id, JSON.stringify(about));
  check(good(['key', 'show', 'uplink.pub.pem']).includes(made.key_id), 'another public key');
  check(verb('export', 'uplink') === fs.readFileSync(file('uplink.pub.pem'), 'utf8'), 'exported');
  const id = Buffer.from(made.key_id, 'hex'), sign = async () => (await ask(SIGN, id, none, long(''), long('m'))).status;
  check(await sign() !== 0, 'signed without approval');
  check(parsed('approve', 'uplink', '--key', 'app.pem', '--uses', '2').uses === 2, 'approved');
  check(await sign() === 0 && await sign() === 0 && await sign() !== 0, 'two uses');
  refused(5, /not the approver/, 'approve', 'uplink', '--key', 'k.pem');
  refused(5, /needs no approval/, 'approve', 'signer', '--key', 'app.pem');
  refused(2, /no key of an approver/, 'approve', 'uplink');
  check(parsed('show', made.key_id.slice(0, 10)).uses === 2, 'shown by the beginning of its id');
  const next = parsed('rotate', 'uplink');
  check(next.key_id !== made.key_id && parsed('show', 'uplink').approver === about.approver && parsed('show', made.key_id).state === 'deactivated', JSON.stringify(next));
  refused(3, /no key of this id/, 'revoke', 'uplink');
  verb('revoke', next.key_id);
  check(parsed('show', next.key_id).state === 'revoked', 'revoked');
  refused(3, /no key of this id/, 'destroy', next.key_id.slice(0, 31));
  verb('destroy', next.key_id);
  refused(3, /no such key/, 'show', next.key_id);
  parsed('generate', 'kem', '--type', 'ML-KEM-768', '--purposes', 'encapsulate,decapsulate');
  check(/encapsulate,decapsulate\n/.test(verb('show', 'kem')), verb('show', 'kem'));
  refused(2, /cannot be used so/, 'generate', 'x', '--type', 'ML-KEM-768', '--purposes', 'sign');
  refused(2, /a label has/, 'generate', 'x'.repeat(64));
  refused(5, /the keeper's own/, 'generate', 'head2/x');
  const list = verb('list', '--json').trim().split('\n').map((l) => JSON.parse(l));
  check(list.map((e) => e.label).sort().join() === 'kem,signer,uplink', JSON.stringify(list));
  check(/active.* kem/.test(verb('list')), verb('list'));
  const status = parsed('status');
  check(status.keys === 3 && status.uses >= 2, JSON.stringify(status));
  await finish(keeper);
  refused(4, /does not answer/, 'list');
});

await test('a store that does not open is said', () => {
  prepare();
  put('wrong', Buffer.alloc(40, 8));
  fs.chmodSync(file('wrong'), 0o600);
  const r = run(['keeper', '--store', 'store', '--key-file', 'wrong']);
  check(r.code !== 0 && !fs.existsSync(file('store/keeper.sock')), r.err);
  check(run(['keeper', '--store', 'nowhere', '--key-file', 'kek']).code !== 0, 'no store');
});

await test('keys of a keeper sign for verbs, many files at a time too', async () => {
  prepare();
  const keeper = await begin();
  const at = ['--keeper', 'store/keeper.sock'];
  const made = JSON.parse(good(['keeper', 'generate', ...at, '--json', '--public-out', 'r.pub.pem', '--purposes', 'sign', 'release']));
  for (let i = 0; i < 40; i++) put(`f${i}`, `file ${i}`); // two batches
  const all = [...Array(40).keys()].map((i) => `f${i}`);
  good(['sign', '--key', 'keeper:release', ...at, '--no-receipt', ...all]);
  good(['verify', '--key', 'r.pub.pem', ...all]);
  good(['sign', '--key', 'keeper:release', ...at, '--no-receipt', '--raw', '--context', 'c', 'message']);
  good(['verify', '--raw', '--context', 'c', '--key', 'r.pub.pem', 'message']);
  good(['ledger', 'append', '--ledger', 'l', '--key', 'keeper:release', ...at, 'message']);
  good(['ledger', 'verify', '--key', 'r.pub.pem', 'l']);
  const next = JSON.parse(good(['keeper', 'rotate', ...at, '--json', 'release']));
  check(next.key_id !== made.key_id, 'rotated');
  for (const [args, code, words] of [[['revoke', 'release'], 3, /no key of this id/], [['show', 'nothing'], 3, /no such key/],
    [['generate', 'head2/x'], 5, /the keeper's own/], [['generate', '--purposes', 'derive', 'x'], 2, /cannot be used so/]]) {
    const r = run(['keeper', args[0], ...at, ...args.slice(1)]);
    check(r.code === code && words.test(r.err) && /^head2: .*\n$/.test(r.err), `${args}: ${r.code} ${r.err}`);
  }
  good(['keeper', 'revoke', ...at, next.key_id]);
  const revoked = run(['sign', '--key', 'keeper:release', ...at, '--no-receipt', '--existing', 'replace', 'f1']);
  check(revoked.code === 5 && /no active key of this label/.test(revoked.err), revoked.err);
  await finish(keeper);
  const gone = run(['keeper', 'list', ...at]);
  check(gone.code === 4 && /start one with 'head2 keeper'/.test(gone.err), gone.err);
});

await test('started as root it is of --user', async () => {
  if (process.getuid() !== 0) throw new Skip('not root');
  prepare();
  fs.chmodSync(path.dirname(dir), 0o755);
  spawnSync('chown', ['-R', '65534:65534', file('store')]); // the key file stays root's
  const keeper = await begin('--user', 'nobody');
  const children = fs.readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8').trim().split(' ');
  for (const pid of [keeper.pid, ...children])
    check(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8')), `process ${pid}`);
  check(!/a user other than root/.test(JSON.parse(good(['keeper', 'status', '--json', '--keeper', 'store/keeper.sock'])).not_in_force), 'in force');
  await signs();
  await finish(keeper);
});

end();
