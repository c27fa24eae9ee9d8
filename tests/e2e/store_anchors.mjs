// Anchors of the sealed store in a ledger: what was put back together with its store.revision is told,
// by the verbs and by a keeper, which anchors by itself; a keeper's writer of anchors that is killed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

import { calls, check, dir, end, environment, file, head2, put, run, test } from '../fixture.mjs';

const { good, bad, json } = calls('store');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const way = ['--key-file', 'kek'], ledger = ['--ledger', 'L'], both = [...way, ...ledger];
const folder = () => file('state/store');
const keep = (name) => fs.cpSync(folder(), file(name), { recursive: true });
function putBack(name) {
  fs.rmSync(folder(), { recursive: true });
  fs.cpSync(file(name), folder(), { recursive: true });
}
function key(name) {
  const r = run(['key', 'generate', '--type', 'ML-DSA-44', '--no-passphrase', '--no-receipt', '--out', name, '--json']);
  check(r.code === 0, r.err);
  return JSON.parse(r.text).key_id;
}
function prepare() {
  put('kek', Buffer.alloc(40, 7));
  fs.chmodSync(file('kek'), 0o600);
  key('a.pem');
}
const anchors = () => run(['ledger', 'show', '--json', ...ledger]).text.trimEnd().split('\n').map((l) => JSON.parse(l)).filter((e) => e.kind === 'store');
const anchored = () => anchors().map((e) => e.number);

await test('what is changed is anchored, and what was put back is told', () => {
  prepare();
  good(['init', ...both]);
  const { id, digest } = json(['check', ...both]);
  check(anchored().join() === '1', JSON.stringify(anchors()));
  const [e] = anchors();
  check(e.subject === id && e.text.includes(`\nStore: ${id}\nDigest: sha3-256:${digest}\n`) && /^# Store Anchor 1\n/.test(e.text), e.text);
  keep('first');
  good(['import', 'a.pem', ...both]);
  good(['policy', 'a.pem', '--rate', '5/1', ...both]);
  good(['wrap-add', '--new-key-file', 'kek', ...both]);
  good(['wrap-remove', '2', ...both]);
  good(['rewrap', ...both]);
  check(anchored().join() === '1,2,3,4,5,6', anchored().join());
  good(['check', ...both]);
  good(['import', '--label', 'b', (key('b.pem'), 'b.pem'), ...way]); // not anchored, and newer
  good(['check', ...both]);
  const now = json(['check', ...way]);
  put('anchor.json', JSON.stringify(now));
  good(['check', ...way, '--anchor', 'anchor.json']);
  keep('now');
  putBack('first');
  good(['check', ...way]); // by itself it cannot tell
  const told = /put back: it is at revision 1, and was anchored at [67]/;
  for (const verb of [['check'], ['import', 'a.pem'], ['rewrap'], ['backup', 'c'], ['anchor']]) bad([...verb, ...both], 1, told);
  bad(['check', ...way, '--anchor', 'anchor.json'], 1, told);
  check(!fs.existsSync(file('c')), 'a backup was made of it');
  // another history, which gets to the same number
  for (let i = 0; i < 5; i++) good(['policy', (i || good(['import', 'a.pem', ...way]), 'a.pem'), '--rate', `${i + 1}/1`, ...way]);
  good(['check', ...way]);
  check(json(['check', ...way]).revision === 7, 'its number');
  bad(['check', ...way, '--anchor', 'anchor.json'], 1, /another history: revision 7/);
  bad(['check', ...both], 1, /another history: revision 6/); // the one before it is not the one that was anchored
  putBack('now');
  good(['anchor', ...both]);
  check(anchored().at(-1) === 7, anchored().join());
  check(run(['ledger', 'verify', 'L']).code === 0, 'the ledger');
});

await test('a restored backup comes after what was anchored', () => {
  prepare();
  good(['init', ...both]);
  good(['backup', 'copy', ...way]);
  good(['import', 'a.pem', ...both]);
  good(['rewrap', ...both]);
  fs.rmSync(folder(), { recursive: true });
  good(['restore', 'copy', ...way]);
  bad(['check', ...both], 1, /put back: it is at revision 2, and was anchored at 3/);
  good(['restore', 'copy', '--replace', ...both]);
  check(anchored().join() === '1,2,3,4', anchored().join());
  good(['check', ...both]);
});

await test('wrong usage', () => {
  prepare();
  good(['init', ...way]);
  bad(['check', ...both], 3, /no ledger here/);
  bad(['import', 'a.pem', ...both], 3, /no ledger here/);
  check(json(['check', ...way]).revision === 1 && !fs.existsSync(file('L')), 'nothing has changed');
  good(['anchor', ...both]);
  good(['backup', 'copy', ...both]);
  bad(['check', 'copy', ...both], 2, /a backup is older/);
  bad(['check', 'copy', ...way, '--anchor', 'kek'], 2, /a backup is older/);
  bad(['check', ...way, '--anchor', 'kek'], 3, /no anchor/);
  bad(['check', ...way, '--anchor', 'nothing'], 3, /nothing/);
  const now = json(['check', ...way]);
  for (const o of [{ ...now, id: '00'.repeat(16) }]) {
    put('other.json', JSON.stringify(o));
    bad(['check', ...way, '--anchor', 'other.json'], 1, /not the store that was anchored/);
  }
  for (const o of [{ ...now, revision: -1 }, { ...now, digest: 'x' }, { ...now, id: 1 }, []]) {
    put('other.json', JSON.stringify(o));
    bad(['check', ...way, '--anchor', 'other.json'], 3, /no anchor/);
  }
});

// ---- a keeper ----

const begun = []; // none is left, whatever fails
process.on('exit', () => { for (const k of begun) if (k.exitCode === null) k.kill('SIGKILL'); });
async function begin() {
  const keeper = spawn(head2, ['keeper', ...both], { cwd: dir, env: environment() });
  begun.push(keeper);
  keeper.said = '';
  keeper.stderr.on('data', (d) => { keeper.said += d; });
  keeper.ended = new Promise((done) => keeper.on('exit', done));
  for (let i = 0; i < 200 && !/keys, at/.test(keeper.said) && keeper.exitCode === null; i++) await sleep(20);
  return keeper;
}
// A new key: a change of the store.
function generate(label) {
  const body = Buffer.concat([Buffer.from([4]), Buffer.from([0, 3]), Buffer.alloc(40), Buffer.from([0, label.length]), Buffer.from(label)]);
  const head = Buffer.alloc(16);
  head.write('HK'); head[2] = 1; head[3] = 2;
  head.writeUInt32BE(body.length, 12);
  return new Promise((done, fail) => {
    const s = net.connect(file('state/store/keeper.sock'), () => s.write(Buffer.concat([head, body])));
    s.on('error', fail);
    s.on('data', (d) => { s.destroy(); if (d.readInt16BE(8) === 0) done(); else fail(new Error(`status ${d.readInt16BE(8)}`)); });
  });
}
const children = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
async function until(what, holds) {
  for (let i = 0; i < 300; i++, await sleep(20)) if (holds()) return;
  check(false, what);
}

await test('a keeper anchors at its start, after a change and at its end, and does not serve what was put back', async () => {
  prepare();
  good(['init', ...both]);
  keep('first');
  let keeper = await begin();
  check(/0 keys, at/.test(keeper.said), keeper.said);
  check(anchored().join() === '1,1', anchored().join());
  await generate('one');
  await until('the anchor of a change', () => anchored().at(-1) === 2);
  // the writer of anchors is killed: another one; the keeper goes on
  const before = children(keeper.pid);
  check(before.length === 2, before.join());
  const writer = before.find((p) => !fs.readFileSync(`/proc/${p}/status`, 'utf8').includes('Seccomp:\t2'));
  if (writer !== undefined) {
    process.kill(writer, 'SIGKILL');
    await until('another writer', () => children(keeper.pid).length === 2 && !children(keeper.pid).includes(writer));
  }
  await generate('two'); // within the minute: anchored at the end, or by the new writer
  await generate('three');
  keeper.kill('SIGTERM');
  check(await keeper.ended === 0, keeper.said);
  check(anchored().at(-1) === 4, anchored().join());
  good(['check', ...both]);
  keep('now');
  putBack('first');
  keeper = await begin();
  check(await keeper.ended === 1 && /put back: it is at revision 1, and was anchored at 4/.test(keeper.said), keeper.said);
  check(!fs.existsSync(file('state/store/keeper.sock')), 'it answers');
  putBack('now');
  // a ledger that is gone while it runs is said, and the keeper serves
  keeper = await begin();
  fs.renameSync(file('L'), file('M'));
  fs.writeFileSync(file('L'), 'in its place');
  await generate('four');
  await until('the ledger is missed', () => /recorder: L.*tried again/.test(keeper.said));
  await generate('five');
  fs.rmSync(file('L'));
  fs.renameSync(file('M'), file('L'));
  keeper.kill('SIGTERM');
  check(await keeper.ended === 0, keeper.said);
  check(anchored().at(-1) === 6, anchored().join());
});

end();
