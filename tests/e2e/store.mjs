// The sealed store as its owner uses it: keys in and out, what is refused, new keys for it, copies,
// yesterday's copy, two at once, a full disk, killed while it is rewrapped, and each verb typed wrong.
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';

import { Skip, calls, check, dir, end, environment, file, get, head2, mounted, put, run, test } from '../fixture.mjs';

const { good, bad, json } = calls('store');
const secret = (name, text) => { put(name, text); fs.chmodSync(file(name), 0o600); return name; };
const word = (name = 'word', text = 'correct horse\n') => ['--passphrase-file', secret(name, text)];
const keyFile = (name = 'k') => ['--key-file', secret(name, crypto.createHash('sha256').update(name).digest())];
const lines = (text) => text.trimEnd().split('\n').map((l) => JSON.parse(l));
const list = () => lines(good(['list', '--json'])).slice(1);
function makeKey(name, type = 'ML-DSA-44') {
  const r = run(['key', 'generate', '--type', type, '--no-passphrase', '--no-receipt', '--out', name, '--json']);
  check(r.code === 0, r.err);
  return JSON.parse(r.text).key_id;
}
const publicOf = (name) => run(['key', 'export', name]).text;
const databaseOf = (folder = 'state/store') => file(`${folder}/store.sqlite`);

await test('keys go in, and public ones come out', () => {
  good(['init', ...keyFile(), ...word()]);
  const a = makeKey('a.pem'), b = makeKey('b.pem', 'ML-KEM-1024');
  const o = json(['import', 'a.pem', ...keyFile(), '--label', 'spraying, field 7']);
  check(o.key_id === a && o.state === 'active' && o.extractable === false && o.purposes === 3, JSON.stringify(o));
  good(['import', 'b.pem', ...word()]);
  check(list().length === 2 && list().every((k) => [a, b].includes(k.key_id)), JSON.stringify(list()));
  check(good(['export', 'spraying, field 7']) === publicOf('a.pem'), 'by its label');
  check(good(['export', b.slice(0, 8)]) === publicOf('b.pem'), 'by its first digits');
  good(['export', a, '--format', 'der', '--out', 'a.der']);
  check(run(['key', 'show', 'a.der']).text.includes(a), 'DER');
  const state = json(['check', ...word()]);
  check(state.revision === 3 && state.keys === 2 && /^[0-9a-f]{64}$/.test(state.digest), JSON.stringify(state));
  for (const name of ['a.pem', 'b.pem']) { // neither private key is there in the clear
    const der = Buffer.from(fs.readFileSync(file(name), 'utf8').split('\n').filter((l) => !l.startsWith('-')).join(''), 'base64');
    for (const f of fs.readdirSync(file('state/store')))
      check(!get(`state/store/${f}`).includes(der.subarray(-32)), `${name} is in ${f}`);
  }
  for (const f of ['', '/store.sqlite', '/store.revision', '/store.lock'])
    check((fs.statSync(file(`state/store${f}`)).mode & 0o077) === 0, `others can read ${f}`);
});

await test('a private key comes out only where that was said when it went in', () => {
  good(['init', ...keyFile()]);
  const a = makeKey('a.pem'), b = makeKey('b.pem');
  good(['import', 'a.pem', ...keyFile()]);
  good(['import', 'b.pem', '--extractable', ...keyFile()]);
  bad(['export', a, '--private', '--out', 'x.pem', '--no-passphrase', ...keyFile()], 5, /not extractable/);
  check(!fs.existsSync(file('x.pem')), 'nothing is written');
  good(['export', b, '--private', '--out', 'x.pem', '--no-passphrase', ...keyFile()]);
  check(get('x.pem').equals(get('b.pem')), 'the same file');
  good(['export', b, '--private', '--out', 'y.pem', '--new-passphrase-file', secret('new', 'other\n'), ...keyFile()]);
  check(get('y.pem').includes('ENCRYPTED'), 'encrypted');
  bad(['export', b, '--private', '--out', 'y.pem', '--no-passphrase', ...keyFile()], 5, /there is a file of this name/);
  bad(['export', b, '--private', ...keyFile()], 2, /no file/);
  bad(['export', b, '--no-passphrase'], 2, /private/);
  bad(['export', b, '--private', '--out', 'z', '--no-passphrase', '--new-passphrase-file', 'new', ...keyFile()], 2, /together/);
});

await test('what a key may be used for is said when it goes in, and later', () => {
  good(['init', ...keyFile()]);
  const a = makeKey('a.pem'), b = makeKey('b.pem', 'ML-KEM-768');
  const approver = makeKey('boss.pem');
  put('boss.pub', publicOf('boss.pem'));
  const o = json(['import', 'a.pem', ...keyFile(), '--purposes', 'sign', '--rate', '100/60', '--valid', '2026-01-01..2027-06-30T12:00:00Z']);
  check(o.purposes === 1 && o.rate_count === 100 && o.rate_seconds === 60, JSON.stringify(o));
  check(o.not_before === '2026-01-01T00:00:00.000Z' && o.not_after === '2027-06-30T12:00:00.000Z', JSON.stringify(o));
  good(['import', 'b.pem', ...keyFile()]);
  const shown = good(['show', a.slice(0, 8)]);
  check(/purposes +sign\n/.test(shown) && /rate +100 uses in 60 s\n/.test(shown) && /extractable +no\n/.test(shown), shown);
  good(['policy', 'b.pem', '--purposes', 'decapsulate,derive,output', '--approver', 'boss.pub', ...keyFile()]);
  let p = json(['show', b]);
  check(p.purposes === 8 + 16 + 64 && p.approver === approver && p.rate_count === undefined, JSON.stringify(p));
  p = json(['policy', 'b.pem', '--rate', '3/1', '--valid', '..2030-01-01', '--approver', 'none', ...keyFile()]);
  check(p.purposes === 88 && p.approver === undefined && p.rate_count === 3 && p.not_before === undefined, JSON.stringify(p));
  p = json(['policy', 'b.pem', '--rate', 'none', '--valid', 'none', '--purposes', 'none', ...keyFile()]);
  check(p.purposes === 0 && p.rate_count === undefined && p.not_after === undefined && p.uses === 0, JSON.stringify(p));
  good(['check', ...keyFile()]);
  const refuse = (args, words) => bad(['policy', a, ...args, ...keyFile()], 2, words);
  refuse([], /nothing is to be changed/);
  refuse(['--purposes', 'sing'], /no such purpose/);
  refuse(['--purposes', 'sign,'], /no such purpose/);
  refuse(['--purposes', 'sign,derive'], /cannot be used so/);
  for (const r of ['0/1', '1/0', '1', '1/1/1', 'x', '-1/2', '4294967296/1', '1/ 2']) refuse(['--rate', r], /no rate/);
  for (const v of ['2026-01-01', '2026-13-01..', 'a..b', '2026-01-01...']) refuse(['--valid', v], /no validity/);
  refuse(['--valid', '2027-01-01..2026-01-01'], /ends before it begins/);
  bad(['policy', a, '--approver', 'nowhere', ...keyFile()], 3, /nowhere/);
  bad(['policy', 'nobody', '--purposes', 'sign', ...keyFile()], 3, /no such key/);
  check(json(['show', a]).purposes === 1, 'nothing has changed');
});

await test('ways to open it come and go, but for the last', () => {
  good(['init', ...keyFile()]);
  makeKey('a.pem');
  good(['import', 'a.pem', ...keyFile()]);
  const wrappings = () => json(['wrap-list']).wrappings;
  bad(['wrap-remove', '1', ...keyFile()], 5, /without its last wrapping/);
  secret('next', 'battery staple\n');
  secret('k2', 'k'.repeat(32));
  good(['wrap-add', ...keyFile(), '--new-passphrase-file', 'next', '--new-key-file', 'k2']);
  check(wrappings().map((w) => `${w.number} ${w.type}`).join() === '1 key-file,2 passphrase,3 key-file', JSON.stringify(wrappings()));
  check(wrappings()[1].memory === 64 << 20 && /^2 +passphrase  scrypt, 64 MiB$/m.test(good(['wrap-list'])), good(['wrap-list']));
  fs.copyFileSync(databaseOf(), file('old'));
  check(/still open with what was removed.*rewrap/.test(good(['wrap-remove', '1', '--passphrase-file', 'next'])), 'says so');
  bad(['check', ...keyFile()], 5, /wrong key file/);
  good(['check', '--key-file', 'k2']);
  good(['check', 'old', ...keyFile()]); // so it is
  bad(['wrap-remove', '1', '--key-file', 'k2'], 3, /no wrapping of this number; 'head2 store wrap-list'/);
  bad(['wrap-remove', 'k2', '--key-file', 'k2'], 2, /no wrapping's number/);
  for (let i = 0; i < 6; i++) good(['wrap-add', '--key-file', 'k2', '--new-key-file', 'k2']);
  bad(['wrap-add', '--key-file', 'k2', '--new-key-file', 'k2'], 3, /8 ways, and no more/);
  bad(['wrap-add', '--key-file', 'k2', '--new-tpm-pin'], 2, /this is of a TPM/);
  bad(['rewrap', '--key-file', 'k2', '--new-tpm', '--new-tpm-pcrs', 'sha1:7'], 2, /registers are a bank/);
  bad(['rewrap', '--tpm'], 2, /is to be said anew/);
});

await test('destroyed is gone, and the whole id has to be given', () => {
  good(['init', ...keyFile()]);
  const a = makeKey('a.pem');
  good(['import', 'a.pem', ...keyFile()]);
  bad(['destroy', a.slice(0, 12), ...keyFile()], 2, /whole key id/);
  bad(['destroy', 'a.pem', ...keyFile()], 2, /whole key id/);
  bad(['destroy', '00'.repeat(16), ...keyFile()], 3, /no such key/);
  good(['destroy', a, ...keyFile()]);
  check(list().length === 0, 'still there');
  bad(['export', a], 3, /no such key/);
  good(['import', 'a.pem', ...keyFile()]);
});

await test('a new key for the store, and other ways to open it', () => {
  good(['init', ...keyFile(), ...word()]);
  makeKey('a.pem');
  good(['import', 'a.pem', ...keyFile()]);
  fs.copyFileSync(databaseOf(), file('old'));
  good(['rewrap', ...word(), '--new-passphrase-file', secret('next', 'battery staple\n')]);
  bad(['check', ...keyFile()], 5, /not wrapped so/);
  bad(['check', ...word()], 5, /wrong passphrase/);
  good(['check', '--passphrase-file', 'next']);
  good(['rewrap', '--passphrase-file', 'next']); // the same, around a fresh key
  good(['check', '--passphrase-file', 'next']);
  fs.mkdirSync(file('credentials'));
  fs.writeFileSync(file('credentials/unlock'), 'x'.repeat(40));
  bad(['rewrap', '--passphrase-file', 'next', '--new-credential', 'unlock'], 5, /no credentials/);
  const env = { ...environment(), CREDENTIALS_DIRECTORY: file('credentials') };
  const service = (...args) => spawnSync(head2, ['store', ...args], { cwd: dir, env });
  check(service('rewrap', '--passphrase-file', 'next', '--new-credential', 'unlock', '--new-key-file', 'k').status === 0, 'rewrap');
  check(service('check', '--credential', 'unlock').status === 0, 'by the credential');
  check(service('check', '--credential', '../word').status !== 0, 'a name that leaves the folder');
  good(['check', ...keyFile()]);
  // whoever kept an old copy and the old word still has what was in it: that is said, and so it is
  good(['check', 'old', ...word()]);
});

await test('a backup is whole or none, and goes back', () => {
  good(['init', ...keyFile()]);
  const a = makeKey('a.pem');
  good(['import', 'a.pem', ...keyFile()]);
  good(['backup', 'copy', ...keyFile()]);
  bad(['backup', 'copy', ...keyFile()], 5, /exists/i);
  bad(['backup', 'no/such/folder', ...keyFile()], 3, /cannot be written/);
  check(json(['check', 'copy', ...keyFile()]).keys === 1, 'of a backup');
  good(['destroy', a, ...keyFile()]);
  const before = json(['check', ...keyFile()]).revision;
  bad(['restore', 'copy', ...keyFile()], 5, /there is a store/);
  good(['restore', 'copy', '--replace', ...keyFile()]);
  check(list()[0].key_id === a, 'it is back');
  check(json(['check', ...keyFile()]).revision === before + 1, 'the revision goes on');
  good(['restore', 'copy', '--store', 'elsewhere', ...keyFile()]);
  bad(['restore', 'copy', '--store', 'third', ...keyFile('wrong')], 5, /wrong key file/);
  check(!fs.existsSync(file('third/store.sqlite')), 'nothing is made');
  fs.truncateSync(file('copy'), 9000);
  bad(['restore', 'copy', '--store', 'third', ...keyFile()], 3, /damaged|cannot be read|malformed/);
  bad(['restore', 'a.pem', '--store', 'third', ...keyFile()], 3, /cannot be read|is no store/);
  bad(['restore', 'nothing', '--store', 'third', ...keyFile()], 3, /cannot be read/);
  good(['init', '--store', 'other', ...keyFile()]);
  good(['backup', 'theirs', '--store', 'other', ...keyFile()]);
  bad(['restore', 'theirs', '--replace', ...keyFile()], 5, /another store/);
});

await test('the copy of yesterday is told', () => {
  good(['init', ...keyFile()]);
  const a = makeKey('a.pem');
  good(['import', 'a.pem', ...keyFile()]);
  fs.copyFileSync(databaseOf(), file('yesterday'));
  good(['destroy', a, ...keyFile()]);
  fs.copyFileSync(file('yesterday'), databaseOf());
  for (const args of [['check'], ['backup', 'b'], ['rewrap'], ['import', 'a.pem']])
    bad([...args, ...keyFile()], 1, /put back: it is at revision 2, and was at 3/);
  good(['restore', 'yesterday', '--replace', ...keyFile()]); // when the owner says so
  good(['check', ...keyFile()]);
  fs.rmSync(file('state/store/store.revision'));
  bad(['check', ...keyFile()], 1, /store.revision is gone/);
  fs.rmSync(databaseOf());
});

await test('two at once: the second is told who has it', async () => {
  good(['init', ...keyFile()]);
  const holder = spawn('flock', ['-o', file('state/store/store.lock'), 'sleep', '5'], { stdio: 'ignore' });
  for (let i = 0; i < 100 && run(['store', 'check', ...keyFile()]).code === 0; i++) await new Promise((r) => setTimeout(r, 20));
  bad(['check', ...keyFile()], 5, /process \d+ has the store open; stop that one/);
  bad(['rewrap', ...keyFile()], 5, /has the store open/);
  good(['list']); // looking is always possible
  holder.kill();
});

await test('a full disk is said, and nothing is lost', () => {
  if (process.getuid() !== 0) throw new Skip('only root may mount');
  fs.mkdirSync(file('small'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', file('small')]).status !== 0) throw new Skip('cannot mount a tmpfs');
  mounted.push(file('small'));
  good(['init', '--store', 'small/s', ...keyFile()]);
  let n = 0, r;
  do {
    makeKey(`f${n}.pem`, 'ML-DSA-87');
    r = run(['store', 'import', `f${n}.pem`, '--store', 'small/s', ...keyFile()]);
    n += r.code === 0;
  } while (r.code === 0 && n < 100);
  check(r.code === 5 && /free some space/.test(r.err), `${r.code} ${r.err}`);
  check(n > 3 && n < 100, `${n}`);
  check(spawnSync('mount', ['-o', 'remount,size=4m', file('small')]).status === 0, 'remount');
  // where only store.revision had no room, the last one is there and was not acknowledged
  const { keys } = json(['check', '--store', 'small/s', ...keyFile()]);
  check(keys === n || keys === n + 1, `${keys} of ${n}`);
  makeKey('one-more.pem');
  good(['import', 'one-more.pem', '--store', 'small/s', ...keyFile()]);
});

await test('killed while it is rewrapped, it opens with the old or the new', async () => {
  good(['init', ...keyFile('k0')]);
  for (let i = 0; i < 5; i++) { makeKey(`a${i}.pem`); good(['import', `a${i}.pem`, ...keyFile('k0')]); }
  let now = 'k0';
  for (let i = 1; i <= 12; i++) {
    const next = `k${i}`;
    keyFile(next);
    const child = spawn(head2, ['store', 'rewrap', '--key-file', now, '--new-key-file', next], { cwd: dir, env: environment() });
    const done = new Promise((r) => child.on('exit', r));
    setTimeout(() => child.kill('SIGKILL'), 4 + 3 * i);
    await done;
    const opened = [now, next].filter((k) => run(['store', 'check', '--key-file', k]).code === 0);
    check(opened.length === 1, `opens with ${opened}`);
    now = opened[0];
  }
});

await test('wrong usage', () => {
  bad(['list'], 3, /there is no store here; 'head2 store init'/);
  bad(['check', ...keyFile()], 3, /there is no store here/);
  check(!fs.existsSync(file('state/store')), 'nothing is made');
  bad(['init', ...keyFile('no'), '--passphrase-file', 'nowhere'], 3, /nowhere/);
  for (const name of ['../word', '.', 'a\tb', 'x'.repeat(64)]) bad(['init', '--credential', name], 2, /no credential's name/);
  check(!fs.existsSync(databaseOf()), 'no half store');
  good(['init', ...keyFile()]);
  bad(['init', ...keyFile()], 5, /there is a store here/);
  bad(['check', ...keyFile(), ...word()], 2, /one is enough/);
  bad(['check', '--passphrase-file', 'word'], 5, /not wrapped so/);
  bad(['check', ...keyFile('wrong')], 5, /wrong key file/);
  bad(['check'], 5, /not wrapped so/);
  fs.chmodSync(file('k'), 0o644);
  bad(['check', '--key-file', 'k'], 5, /read by others; chmod 600/);
  bad(['check', '--key-file', secret('short', 'x'.repeat(31))], 3, /32 to 4096 bytes/);
  bad(['check', '--key-file', 'nothing'], 3, /nothing: cannot be opened/);
  makeKey('a.pem');
  put('pub.pem', publicOf('a.pem'));
  bad(['import', 'pub.pem', ...keyFile()], 3, /private/);
  bad(['import', 'nothing.pem', ...keyFile()], 3, /nothing.pem/);
  bad(['import', 'a.pem', '--label', 'x'.repeat(64), ...keyFile()], 2, /up to 63 bytes/);
  bad(['import', 'a.pem', '--label', 'a\nb', ...keyFile()], 2, /control characters/);
  good(['import', 'a.pem', ...keyFile()]);
  bad(['import', 'a.pem', ...keyFile()], 5, /in it already/);
  bad(['export', 'nobody'], 3, /no such key/);
  bad(['export', 'a.pem', '--out', 'a.pem'], 5, /private key/);
  bad(['import'], 2, /it needs KEYFILE/);
  bad(['list', 'x'], 2, /one argument too many/);
  bad(['list', '--labels'], 2, /labels/);
  const r = run(['store', 'chek']);
  check(r.code === 2 && /check/.test(r.err), r.err);
  fs.writeFileSync(databaseOf(), 'no database at all, but long enough to be looked at '.repeat(20));
  bad(['list'], 3, /not a database/);
});

end();
