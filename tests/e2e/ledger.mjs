// The ledger as its operator and an auditor use it. What the auditor does is done here once more by
// a second, naive implementation of RFC 9162, from an export's plain files alone: leaves, roots,
// proofs. Then the faults: killed while appending, two appenders, a full and a read-only disk, and
// each verb typed wrong. The program is $HEAD2, else build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { Skip, calls, check, dir, end, environment, file, head2, mounted, put, run, test } from '../fixture.mjs';

const { good, bad, json } = calls('ledger');

// ---- RFC 9162 once more, from its definitions, recursive and slow ----

const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const split = (n) => { let k = 1; while (2 * k < n) k *= 2; return k; };
const memo = new Map();
function mth(hashes, from = 0, to = hashes.length) {
  if (to === from) return sha256();
  if (to - from === 1) return hashes[from];
  const name = `${from}-${to}`;
  if (!memo.has(name)) {
    const k = from + split(to - from);
    memo.set(name, sha256(Buffer.from([1]), mth(hashes, from, k), mth(hashes, k, to)));
  }
  return memo.get(name);
}
function inclusion(hashes, m, from = 0, to = hashes.length) {
  if (to - from === 1) return [];
  const k = from + split(to - from);
  return m < k ? [...inclusion(hashes, m, from, k), mth(hashes, k, to)]
    : [...inclusion(hashes, m, k, to), mth(hashes, from, k)];
}
const kinds = ['rotation', 'keygen', 'signature', 'revocation', 'provisioning', 'fallback-entered',
  'fallback-left', 'takeover', 'verification-failed', 'entropy-alarm'];
const kindOf = (name) => ({ job: 128, text: 129 }[name] ?? (kinds.includes(name) ? kinds.indexOf(name) : Number(name)));
function leafOf(entry) {
  const head = Buffer.alloc(10);
  head[0] = 1;
  head[1] = kindOf(entry.kind);
  head.writeBigUInt64BE(BigInt(Date.parse(entry.time)), 2);
  return Buffer.concat([head, crypto.createHash('sha3-512').update(entry.text).digest()]);
}
const leafHash = (leaf) => sha256(Buffer.from([0]), leaf);
function noteOf(text) {
  const [origin, size, root] = text.split('\n');
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') };
}

// Everything in an export but the signatures, which only head2 and OpenSSL 3.5 can check.
function audit(folder) {
  const entries = fs.readdirSync(path.join(folder, 'entries')).sort().flatMap((name) =>
    fs.readFileSync(path.join(folder, 'entries', name), 'utf8').split('\n').slice(0, -1).map((l) => JSON.parse(l)));
  const hashes = entries.map((e, i) => { check(e.index === i, `entry ${i}`); return leafHash(leafOf(e)); });
  memo.clear();
  const notes = fs.readdirSync(path.join(folder, 'checkpoints')).sort()
    .map((name) => noteOf(fs.readFileSync(path.join(folder, 'checkpoints', name), 'utf8')));
  for (const n of notes) check(mth(hashes, 0, n.size).equals(n.root), `the root of ${n.size} entries`);
  const tile = (n) => fs.readFileSync(path.join(folder, 'tile/0', n));
  for (let i = 0; i + 256 <= hashes.length; i += 256)
    check(tile(String(i / 256).padStart(3, '0')).equals(Buffer.concat(hashes.slice(i, i + 256))), `tile ${i / 256}`);
  return { entries, hashes, notes };
}

// ---- the operator and the auditor ----

await test('an auditor checks an export with an implementation of his own', () => {
  const texts = Array.from({ length: 300 }, (_, i) => put(`t${i}`, `spraying ${i}\nünïcode\u0000 "${'x'.repeat(i)}"\n`));
  put('job.json', JSON.stringify({ record_id: 'job-1', quantity: { measured: 12.5, unit: 'l' } }));
  check(good(['append', 't0']) === '0 t0\n', 'index');
  good(['append', '--kind', 'job', 'job.json']);
  for (let i = 1; i < 300; i += 60) good(['append', ...texts.slice(i, i + 60)]);
  good(['export', 'out']);
  const { entries, hashes, notes } = audit(file('out'));
  check(entries.length === 301 && notes.length === 7 && entries[1].kind === 'job', `${entries.length} ${notes.length}`);
  check(entries[300].text === fs.readFileSync(file('t299'), 'utf8'), 'the last text');
  check(entries[300].number === 58, 'the number in the call');
  for (const i of [0, 1, 2, 61, 62, 255, 256, 300]) {
    const p = JSON.parse(good(['prove', String(i)]));
    check(leafOf(p.entry).toString('hex') === p.leaf, `leaf ${i}`);
    const want = inclusion(hashes.slice(0, p.size), i, 0, p.size).map((h) => h.toString('base64'));
    check(JSON.stringify(p.proof) === JSON.stringify(want), `proof of ${i}`);
    check(noteOf(p.checkpoint).root.equals(mth(hashes, 0, p.size)), `root of ${i}`);
    put('proof', JSON.stringify(p));
    check(/^valid proof: entry/.test(good(['verify', 'proof', '--key', 'out/key.pub.pem'])), 'verify');
    put('proof', JSON.stringify({ ...p, entry: { ...p.entry, text: p.entry.text + ' ' } }));
    bad(['verify', 'proof', '--key', 'out/key.pub.pem'], 1, /invalid: its entry is not the one of its leaf/);
  }
  const s = json(['stats']);
  check(s.entries === 301 && s.signed === 301 && s.checkpoints === 7 && s.kinds.text === 300 && s.kinds.job === 1, JSON.stringify(s));
  check(s.root === notes[6].root.toString('base64'), 'root');
  const shown = good(['show', '--from', '299', '--json']).trim().split('\n').map((l) => JSON.parse(l));
  check(shown.length === 2 && JSON.stringify(shown[1]) === JSON.stringify(entries[300]), 'show');
  check(good(['show', '--count', '1']).includes('spraying 0'), 'show');
  fs.rmSync(file('state/ledger'), { recursive: true }); // the export is all that it takes
  const v = json(['verify', 'out', '--key', 'out/key.pub.pem']);
  check(v.verdict === 'valid' && v.entries === 301 && v.own_key === false && !v.shows_fork_and_rollback, JSON.stringify(v));
  check(/not shown: .*another history.*cut off/.test(good(['verify', 'out'])), 'what one export cannot show');
});

await test('what is done to an export is named; what was kept shows the rest', () => {
  put('a', 'one'), put('b', 'two'), put('c', 'three');
  good(['append', 'a', 'b']);
  good(['export', 'early']);
  good(['append', 'c']);
  good(['export', 'late']);
  fs.copyFileSync(file('late/checkpoint'), file('kept'));
  good(['verify', 'late', '--against', 'early']);
  good(['verify', 'state/ledger', '--against', 'kept']);
  good(['verify', 'late', '--key', 'state/ledger/ledger.pub.pem']);
  const proof = put('proof', good(['prove', '2']));
  bad(['verify', 'early', '--against', 'kept'], 1, /has 3 entries, and 2 are here: rolled back/);
  bad(['verify', 'early', '--against', proof], 1, /rolled back/);
  bad(['verify', 'early', '--against', 'late'], 1, /rolled back/);
  const lines = file('late/entries/000000.jsonl');
  const text = fs.readFileSync(lines, 'utf8');
  fs.writeFileSync(lines, text.replace('"two"', '"2"'));
  const r = run(['ledger', 'verify', 'late', '--json']);
  check(r.code === 1 && /entry 1 is not what was signed/.test(JSON.parse(r.text.split('\n')[0]).fault), r.text);
  fs.writeFileSync(lines, text.split('\n').slice(1).join('\n'));
  bad(['verify', 'late'], 1, /entry 0 is missing/);
  fs.writeFileSync(lines, text);
  // another ledger under the same key: a fork
  const key = file('state/ledger/ledger.key.pem');
  good(['append', '--ledger', 'fork', '--key', key, 'b', 'a', 'c']);
  check(!fs.existsSync(file('fork/ledger.key.pem')), 'a key of its own beside --key');
  check(/^3 a\nnot signed yet: /.test(good(['append', '--ledger', 'fork', 'a'])), 'appended without the key');
  check(/^4 entries, 3 of them signed/m.test(good(['verify', 'fork'])), 'and said not to be signed');
  const fork = run(['ledger', 'verify', 'fork', '--against', 'late']);
  check(fork.code === 1 && /two roots for 3 entries: keep both/.test(fork.text) && /fork: the 2 entries/.test(fork.text), fork.text);
  // another key
  good(['append', '--ledger', 'stranger', 'a']);
  bad(['verify', 'late', '--key', 'stranger/ledger.pub.pem'], 1, /not signed by this ledger's key/);
  bad(['append', '--ledger', 'stranger', '--key', key, 'a'], 5, /of another identity/);
});

// ---- faults ----

await test('killed while appending: what was told is there, once, and signed or said to be unsigned', async () => {
  let told = 0, shown = [];
  for (let i = 0; i < 12; i++) {
    const names = Array.from({ length: 20 }, (_, j) => put(`k${i}-${j}`, `text ${i} ${j}`));
    const child = spawn(head2, ['ledger', 'append', ...names], { cwd: dir, env: environment() });
    let out = '';
    child.stdout.on('data', (d) => { out += d; });
    const ended = new Promise((done) => child.on('close', done));
    setTimeout(() => child.kill('SIGKILL'), 2 + 3 * i);
    await ended;
    if (!fs.existsSync(file('state/ledger/ledger.sqlite'))) continue;
    const r = run(['ledger', 'show', '--json']);
    if (r.code === 3 && told === 0) continue; // killed while it was made
    check(r.code === 0, r.err);
    shown = r.text.trim() === '' ? [] : r.text.trim().split('\n').map((l) => JSON.parse(l));
    if (out !== '') told = Math.max(told, Number(out.trim().split('\n').at(-1).split(' ')[0]) + 1);
    check(shown.length >= told && shown.length % 20 === 0, `${shown.length} entries, ${told} told`);
    check(new Set(shown.map((e) => e.text)).size === shown.length, 'an entry twice');
  }
  put('last', 'last');
  good(['append', 'last']);
  const v = json(['verify', 'state/ledger']);
  check(v.signed === v.entries && v.entries === shown.length + 1, JSON.stringify(v));
});

await test('one appends at a time; the other waits, then names the process', async () => {
  put('a', 'a');
  good(['append', 'a']);
  const flock = spawn('flock', ['-x', file('state/ledger/ledger.lock'), 'sh', '-c',
    `echo $$ > ${file('state/ledger/ledger.lock')}; echo; sleep 6`], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  await new Promise((done) => flock.stdout.once('data', done));
  const holder = fs.readFileSync(file('state/ledger/ledger.lock'), 'utf8').trim();
  const r = run(['ledger', 'append', 'a']);
  check(r.code === 5 && r.err.includes(`process ${holder} appends to it`), `${r.code} ${r.err}`);
  good(['show']); // readers do not wait
  process.kill(-flock.pid);
  await new Promise((done) => flock.on('close', done));
  const many = Array.from({ length: 6 }, () => spawn(head2, ['ledger', 'append', 'a', 'a'], { cwd: dir, env: environment() }));
  const codes = await Promise.all(many.map((c) => new Promise((done) => c.on('close', done))));
  check(codes.every((c) => c === 0), `${codes}`);
  const v = json(['verify', 'state/ledger']);
  check(v.entries === 13 && v.checkpoints === 7 && v.faults === 0, JSON.stringify(v));
});

function mount(where, options) {
  if (process.getuid() !== 0) throw new Skip('only root may mount');
  fs.mkdirSync(where, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', where]).status !== 0) throw new Skip('cannot mount a tmpfs');
  mounted.push(where);
}

await test('a full disk: refused, nothing is lost, and it goes on when there is room', () => {
  mount(file('small'), 'size=400k');
  put('big', 'x'.repeat(60000));
  let appended = 0, r;
  for (; appended < 20; appended++) {
    r = run(['ledger', 'append', '--ledger', 'small/ledger', 'big']);
    if (r.code !== 0) break;
  }
  check(r.code === 5 && /free some space/.test(r.err), `${r.code} ${r.err}`);
  check(appended > 0, 'nothing fitted');
  check(run(['ledger', 'export', '--ledger', 'small/ledger', 'small/out']).code === 5, 'export');
  check(fs.readdirSync(file('small')).join() === 'ledger', 'a half-written export stays');
  check(spawnSync('mount', ['-o', 'remount,size=4m', file('small')]).status === 0, 'remount');
  put('more', 'more');
  good(['append', '--ledger', 'small/ledger', 'more']);
  const v = json(['verify', 'small/ledger']);
  check(v.faults === 0 && v.signed === v.entries && v.entries >= appended + 1, `${appended} ${JSON.stringify(v)}`);
});

await test('a read-only disk can be read and not appended to', () => {
  mount(file('disk'), 'size=4m');
  put('a', 'a');
  good(['append', '--ledger', 'disk/ledger', 'a']);
  check(spawnSync('mount', ['-o', 'remount,ro', file('disk')]).status === 0, 'remount');
  bad(['append', '--ledger', 'disk/ledger', 'a'], 5, /Read-only file system/);
  check(json(['verify', 'disk/ledger']).entries === 1, 'verify');
  good(['export', '--ledger', 'disk/ledger', 'out']);
  bad(['export', '--ledger', 'disk/ledger', 'disk/out'], 5, /Read-only/);
  good(['verify', 'out', '--against', 'disk/ledger/../../out']);
});

await test('a damaged database is named', () => {
  put('a', 'a'.repeat(5000));
  good(['append', ...Array(40).fill('a')]);
  good(['export', 'out']);
  const db = file('state/ledger/ledger.sqlite');
  const bytes = fs.readFileSync(db);
  fs.rmSync(`${db}-wal`, { force: true }), fs.rmSync(`${db}-shm`, { force: true });
  fs.writeFileSync(db, bytes.subarray(0, 50000));
  bad(['verify', 'state/ledger'], 3, /malformed|damaged|missing/);
  bad(['append', 'a'], 3, /malformed|damaged|missing/);
  // what can be read is exported, and cannot be taken for the whole
  const part = run(['ledger', 'export', 'part', '--json']);
  check(part.code === 3 && /exported, marked as incomplete/.test(part.err), part.err + part.text);
  const saved = JSON.parse(part.text);
  check(saved.incomplete && saved.entries > 3 && saved.entries < 40, part.text);
  check(/^damage: .*ledger.sqlite/m.test(fs.readFileSync(file('part/incomplete'), 'utf8')), 'what was damaged');
  const { entries } = audit(file('part'));
  check(entries.length === saved.entries && entries.every((e) => e.text.length === 5000), `${entries.length}`);
  bad(['verify', 'part'], 1, /incomplete: this is what could be read of a damaged ledger/);
  const at = bytes.indexOf('aaaaaaaa', bytes.length / 2);
  bytes[at] = 0x62;
  fs.writeFileSync(db, bytes);
  const r = run(['ledger', 'verify', 'state/ledger']);
  check(r.code === 1 && /not what was signed in checkpoint 40/.test(r.text), r.text + r.err);
  good(['verify', 'out']);
});

await test('an export becomes a ledger again, the same file by file', () => {
  for (let i = 0; i < 300; i++) put(`t${i}`, `text ${i} \u0000 ünïcode\n`);
  const names = (from, to) => Array.from({ length: to - from }, (_, i) => `t${from + i}`);
  good(['append', ...names(0, 100)]), good(['append', ...names(100, 257)]), good(['append', ...names(257, 300)]);
  good(['export', 'out']);
  const files = (folder) => fs.readdirSync(file(folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile()).map((e) => path.join(e.parentPath ?? e.path, e.name)).sort();
  const same = (a, b) => {
    const [x, y] = [files(a), files(b)];
    check(x.length === y.length && x.length > 8, `${x.length} and ${y.length} files`);
    x.forEach((name, i) => check(path.relative(file(a), name) === path.relative(file(b), y[i])
      && fs.readFileSync(name).equals(fs.readFileSync(y[i])), `${name} is not ${y[i]}`));
  };
  const key = file('state/ledger/ledger.key.pem'), pub = file('state/ledger/ledger.pub.pem');
  const made = json(['import', 'out', '--ledger', 'deep/in/again', '--key', pub]);
  check(made.entries === 300 && made.checkpoints === 3 && made.left_out === 0 && !made.own_key, JSON.stringify(made));
  check(!fs.existsSync(file('deep/in/again/ledger.key.pem')), 'a private key came from nowhere');
  good(['export', 'out2', '--ledger', 'deep/in/again']);
  same('out', 'out2');
  check(JSON.stringify(JSON.parse(good(['prove', '7']))) === JSON.stringify(JSON.parse(good(['prove', '7', '--ledger', 'deep/in/again']))), 'proofs');
  check(json(['stats', '--ledger', 'deep/in/again']).entries === 300, 'stats');
  good(['append', '--ledger', 'deep/in/again', '--key', key, 't0']);
  const on = json(['verify', 'deep/in/again', '--key', pub, '--against', 'out']);
  check(on.entries === 301 && on.signed === 301 && on.checkpoints === 4, JSON.stringify(on));
  bad(['import', 'out', '--ledger', 'deep/in/again'], 5, /something of that name, and nothing is imported into it/);
  bad(['import', 'out'], 5, /something of that name/);
  bad(['import', 'none', '--ledger', 'new'], 3, /none.key.pub.pem: .*No such file/);
  bad(['import', 'deep', '--key', pub, '--ledger', 'new'], 3, /not an export/);
  good(['append', '--ledger', 'other', 't1']);
  bad(['import', 'out', '--key', 'other/ledger.pub.pem', '--ledger', 'new'], 1, /not signed by this ledger's key; nothing was made of it/);
  const lines = file('out/entries/000001.jsonl');
  fs.writeFileSync(lines, fs.readFileSync(lines, 'utf8').replace('text 260', 'text 26o'));
  bad(['import', 'out', '--ledger', 'new'], 1, /1 fault, first: entry 260 is not what was signed/);
  bad(['import', 'out'], 5, /something of that name/);
  fs.rmSync(file('state/ledger'), { recursive: true });
  good(['import', 'out2']); // into its usual place
  check(json(['stats']).signed === 300 && !fs.readdirSync(dir).some((n) => /^new|tmp/.test(n)), 'left over');
});

await test('typed wrong', () => {
  put('a', 'a'), put('latin', Buffer.from([0x61, 0xe4])), put('long', 'x'.repeat(65537)), put('empty', '');
  put('list.json', '[1]'), put('twice.json', '{"a":1,"a":2}');
  bad(['show'], 3, /there is no ledger here; append something/);
  bad(['stats'], 3, /there is no ledger here/);
  bad(['export', 'out'], 3, /there is no ledger here/);
  bad(['append'], 2, /it needs FILE/);
  bad(['append', 'none'], 3, /none: .*No such file/);
  bad(['append', 'latin'], 3, /byte 1 is not UTF-8/);
  bad(['append', 'long'], 3, /longer than 65536 bytes/);
  bad(['append', 'a', '.'], 3, /directory/);
  bad(['append', '--kind', 'job', 'a'], 3, /a: line 1, column 1: .*JSON object/);
  bad(['append', '--kind', 'job', 'list.json'], 3, /not a JSON object/);
  bad(['append', '--kind', 'job', 'twice.json'], 3, /duplicate/);
  bad(['append', '--kind', 'rotation', 'a'], 2, /choose one of/);
  bad(['append', '--key', 'a', 'a'], 3, /a: .*/);
  check(!fs.existsSync(file('state')), 'something was made all the same');
  good(['append', 'a', 'empty', '-'], 'from standard input');
  check(JSON.parse(good(['show', '--from', '2', '--json'])).text === 'from standard input', 'standard input');
  check(good(['show', '--from', '7']) === '', 'nothing there');
  bad(['prove', '3'], 3, /no such entry: there are 3/);
  bad(['prove', '-1'], 2, /unknown option/);
  bad(['prove', '1x'], 2, /not a number/);
  bad(['verify', 'none'], 3, /No such file/);
  bad(['verify', '.'], 3, /neither a ledger nor an export/);
  bad(['verify', 'a'], 2, /--key/);
  bad(['verify', 'a', '--key', 'state/ledger/ledger.pub.pem'], 3, /malformed: not a proof/);
  bad(['verify', 'state/ledger', '--against', 'a'], 3, /not a checkpoint: no first line/);
  bad(['verify', 'state/ledger', '--against', 'none'], 3, /No such file/);
  bad(['verify', 'state/ledger', '--against', 'state'], 3, /not an export/);
  good(['export', 'out']);
  bad(['export', 'out'], 5, /there is something of that name/);
  bad(['export', 'no/where'], 3, /No such file/);
  bad(['shwo'], 2, /did you mean 'head2 ledger show'/);
  fs.chmodSync(file('state/ledger/ledger.key.pem'), 0o644);
  bad(['append', 'a'], 5, /read by others/);
});

end();
