// A ledger, its witnesses and an auditor: what is cosigned, a signer who shows two histories or an
// older one, evidence that a stranger judges, a witness killed in between, and each verb typed wrong.
// The cosignature's line is read here once more from docs/formats.md. The program is $HEAD2, else
// build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { calls, check, dir, end, environment, file, head2, put, run, test } from '../fixture.mjs';

const { bad, json } = calls('ledger');
const get = (name) => fs.readFileSync(file(name), 'utf8');
// what it has to say on standard error is no failure
function good(args, input) {
  const r = run(['ledger', ...args], input);
  check(r.code === 0, `ledger ${args.join(' ')} ended with ${r.code}: ${r.err}${r.text}`);
  return r.text;
}

let entries = 0;
function grow(n, ledger = 'farm', key = []) {
  const names = Array.from({ length: n }, () => put(`e${++entries}`, `entry ${entries}`));
  good(['append', '--ledger', ledger, ...key, ...names]);
}
function key(name) {
  const r = run(['key', 'generate', '--no-passphrase', '--no-receipt', '--out', `${name}.pem`, '--public-out', `${name}.pub.pem`]);
  check(r.code === 0, r.err);
}
function start() {
  entries = 0;
  grow(3);
  fs.copyFileSync(file('farm/ledger.pub.pem'), file('pub.pem'));
  key('w');
}
const cosign = (what, ...more) => ['cosign', what, '--of', 'pub.pem', '--key', 'w.pem', '--witness', 'w', ...more];
const owner = () => ['--key', file('farm/ledger.key.pem')];
// The other history: as many entries in another order, under the same key.
function forked(n, ledger = 'fork') {
  const all = Array.from({ length: n }, (_, i) => put(`f${i}`, `other ${i}`));
  good(['append', '--ledger', ledger, ...owner(), ...all]);
}

await test('what has grown is cosigned, and an auditor asks for it', () => {
  start();
  const first = run(['ledger', ...cosign('farm', '--out', 'seen')]);
  check(first.code === 0 && /the first that this witness has seen of this ledger: trusted as it is, 3 entries/.test(first.text), first.text + first.err);
  const own = get('farm/ledger.pub.pem');
  grow(300);
  good(['export', 'out', '--ledger', 'farm']);
  check(/303 entries go on from the 3 that were cosigned before/.test(good(cosign('out', '--out', 'seen'))), 'words');
  grow(5);
  const text = run(['ledger', ...cosign('farm')]);
  check(text.code === 0 && /308 entries go on from the 303/.test(text.err), text.err);
  put('latest', text.text);
  const again = json(cosign('latest')); // the same once more: nothing needs to be shown
  check(again.cosigned === 308 && again.before === 308 && !again.first && again.note.split('\n').length === 8, JSON.stringify(again));
  // the line, by docs/formats.md
  const [origin, , , , , ledgers, cosigned] = text.text.split('\n');
  check(ledgers.startsWith(`— ${origin} `), ledgers.slice(0, 80));
  const [dash, name, blob] = cosigned.split(' ');
  const bytes = Buffer.from(blob, 'base64'), at = Number(bytes.readBigUInt64BE(4));
  check(dash === '—' && /^head2\/witness\/[0-9a-f]{32}$/.test(name) && bytes.length === 4 + 8 + 4627, cosigned.slice(0, 80));
  check(Math.abs(at - Date.now()) < 60000, `cosigned at ${at}`);
  const pem = get('w.pub.pem').split('\n').filter((l) => !l.startsWith('---')).join('');
  const raw = Buffer.from(pem, 'base64').subarray(-2592);
  const hint = crypto.createHash('sha256').update(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([0xff]),
    Buffer.from('head2/cosignature/ml-dsa-87'), raw])).digest().subarray(0, 4);
  check(hint.equals(bytes.subarray(0, 4)), 'hint');
  // the auditor
  good(['export', 'audit', '--ledger', 'farm']);
  const v = json(['verify', 'audit', '--key', 'pub.pem', '--against', 'latest', '--witness', 'w.pub.pem']);
  check(v.verdict === 'valid' && v.cosigned.length === 1 && v.cosigned[0].entries === 308 && v.cosigned[0].name === name, JSON.stringify(v));
  check(/cosigned by head2\/witness\/\w+ at \S+Z: 308 of 308 entries/.test(good(['verify', 'audit', '--key', 'pub.pem', '--against', 'latest', '--witness', 'w.pub.pem'])), 'words');
  bad(['verify', 'audit', '--key', 'pub.pem', '--witness', 'w.pub.pem'], 1, /checkpoint.*: no good cosignature of that witness: there is none/);
  // put in the place of the export's own it does, too
  fs.copyFileSync(file('latest'), file('audit/checkpoint'));
  check(json(['verify', 'audit', '--key', 'pub.pem', '--witness', 'w.pub.pem']).verdict === 'valid', 'in its place');
  // a second witness; all in a folder are asked for
  key('v');
  good(['cosign', 'latest', '--of', 'pub.pem', '--key', 'v.pem', '--witness', 'v', '--name', 'v.example/drones', '--out', 'both']);
  fs.mkdirSync(file('trusted'));
  fs.copyFileSync(file('w.pub.pem'), file('trusted/w.pem'));
  fs.copyFileSync(file('v.pub.pem'), file('trusted/v.pem'));
  const two = json(['verify', 'audit', '--key', 'pub.pem', '--against', 'both', '--witness', 'trusted']);
  check(two.cosigned.map((c) => c.name).sort().join() === `${name},v.example/drones`, JSON.stringify(two));
  bad(['verify', 'audit', '--key', 'pub.pem', '--against', 'latest', '--witness', 'trusted'], 1, /no good cosignature/);
  // a proof may carry it
  const proof = JSON.parse(good(['prove', '307', '--ledger', 'farm']));
  put('proof', JSON.stringify(proof));
  bad(['verify', 'proof', '--key', 'pub.pem', '--witness', 'w.pub.pem'], 1, /not cosigned by the witness [0-9a-f]{32}/);
  put('proof', JSON.stringify({ ...proof, checkpoint: get('both') }));
  good(['verify', 'proof', '--key', 'pub.pem', '--witness', 'trusted']);
  // changed by a bit, it is none
  put('changed', get('latest').replace(blob.slice(-20), `${blob.slice(-20, -3)}AAA`));
  bad(['verify', 'audit', '--key', 'pub.pem', '--against', 'changed', '--witness', 'v.pub.pem'], 1, /there is none/);
  bad(['verify', 'farm', '--against', 'changed', '--witness', 'w.pub.pem'], 1, /it does not hold|there is none/);
  check(own === get('farm/ledger.pub.pem'), 'the ledger was changed');
});

await test('a fork is refused by the witness, and proven to a stranger', () => {
  for (const n of [303, 400]) {
    for (const as of ['folder', 'export', 'note']) {
      fs.readdirSync(dir).forEach((f) => fs.rmSync(file(f), { recursive: true }));
      start();
      grow(300);
      good(cosign('farm', '--out', 'seen'));
      forked(n);
      good(['export', 'forked', '--ledger', 'fork']);
      const what = { folder: 'fork', export: 'forked', note: 'forked/checkpoint' }[as];
      if (as === 'note' && n !== 303) {
        bad(cosign(what), 5, /a checkpoint alone does not show that it goes on from the 303 entries/);
        continue;
      }
      const r = bad(cosign(what), 1, new RegExp(`fork: the 303 entries that were cosigned are not the first of these ${n}`));
      const evidence = r.text.match(/evidence of two histories is in (\S+)\n/)[1];
      check(!/— head2\/witness/.test(r.text), 'a cosignature left');
      check(fs.readdirSync(file('w')).filter((f) => f.startsWith('evidence')).length === 1, 'one file of evidence');
      fs.copyFileSync(path.resolve(dir, evidence), file('evidence'));
      fs.rmSync(file('farm'), { recursive: true }), fs.rmSync(file('fork'), { recursive: true });
      const j = json(['judge', 'evidence', '--key', 'pub.pem']);
      check(j.verdict === 'two-histories' && j.checkpoints[0].size === 303 && j.checkpoints[1].size === n, JSON.stringify(j));
      check(/^proven: the signer of head2\/ledger\/\w+ has signed two histories\n/.test(good(['judge', 'evidence', '--key', 'pub.pem'])), 'words');
      bad(['judge', 'evidence', '--key', 'w.pub.pem'], 1, /it proves nothing: the first checkpoint is changed, or of another key/);
      const o = JSON.parse(get('evidence'));
      put('one', JSON.stringify({ head2_evidence: 1, checkpoints: [o.checkpoints[0], o.checkpoints[0]] }));
      bad(['judge', 'one', '--key', 'pub.pem'], 1, /both checkpoints are of one history/);
    }
  }
});

await test('an auditor finds the fork and keeps the evidence', () => {
  start();
  grow(300);
  good(['export', 'early', '--ledger', 'farm']);
  forked(400);
  good(['export', 'forked', '--ledger', 'fork']);
  for (const [what, against] of [['fork', 'early'], ['forked', 'early'], ['forked', 'early/checkpoint'], ['fork', 'early/checkpoint']]) {
    fs.rmSync(file('evidence'), { force: true });
    const r = run(['ledger', 'verify', what, '--key', 'pub.pem', '--against', against, '--evidence', 'evidence']);
    check(r.code === 1 && /fork: the 3 entries|fork: the 303 entries/.test(r.text) && /evidence of two histories is in evidence/.test(r.text), r.text + r.err);
    check(json(['judge', 'evidence', '--key', 'pub.pem']).verdict === 'two-histories', 'judge');
    bad(['verify', what, '--key', 'pub.pem', '--against', against, '--evidence', 'evidence'], 5, /there is a file of this name/);
  }
  // of one size, too
  forked(303, 'same');
  fs.rmSync(file('evidence'));
  const r = run(['ledger', 'verify', 'same', '--key', 'pub.pem', '--against', 'early', '--evidence', 'evidence', '--json']);
  check(r.code === 1 && JSON.parse(r.text.trim().split('\n').at(-1)).evidence === 'evidence', r.text);
  check(json(['judge', 'evidence', '--key', 'pub.pem']).checkpoints.every((c) => c.size === 303), 'one size');
  // where there is none, nothing is written
  check(/no two histories: nothing is written to nothing/.test(good(['verify', 'early', '--against', 'early', '--evidence', 'nothing'])), 'words');
  const rolled = run(['ledger', 'verify', 'early', '--against', 'early/checkpoint', '--evidence', 'nothing']);
  check(rolled.code === 0 && !fs.existsSync(file('nothing')), 'evidence of nothing');
  grow(10);
  good(['export', 'late', '--ledger', 'farm']);
  const back = run(['ledger', 'verify', 'early', '--against', 'late', '--evidence', 'nothing']);
  check(back.code === 1 && /rolled back/.test(back.text) && !fs.existsSync(file('nothing')), back.text);
});

await test('rolled back, or of another ledger: refused', () => {
  start();
  good(['export', 'early', '--ledger', 'farm']);
  grow(20);
  good(cosign('farm', '--out', 'seen'));
  bad(cosign('early'), 1, /rolled back: 3 entries, and 23 were cosigned before/);
  bad(cosign('early/checkpoint'), 1, /rolled back/);
  good(['append', '--ledger', 'stranger', 'e1']);
  bad(cosign('stranger'), 1, /changed, or not signed by that key; give the key of this ledger with --of/);
  // another ledger has a memory of its own
  fs.copyFileSync(file('stranger/ledger.pub.pem'), file('s.pem'));
  check(json(['cosign', 'stranger', '--of', 's.pem', '--key', 'w.pem', '--witness', 'w']).first, 'another');
  check(fs.readdirSync(file('w')).filter((f) => f.endsWith('.checkpoint')).length === 2, 'two');
  // what is kept is damaged: no new first time
  const kept = fs.readdirSync(file('w')).find((f) => get(`w/${f}`).startsWith(get('seen').split('\n')[0]));
  check(get(`w/${kept}`) === get('seen'), 'what is kept is what was given');
  fs.writeFileSync(file(`w/${kept}`), '');
  bad(cosign('farm'), 3, /what was last cosigned is damaged; restore it/);
  fs.copyFileSync(file('seen'), file(`w/${kept}`));
  good(cosign('farm', '--out', 'seen'));
});

await test('killed in between: nothing is given away that is not kept', async () => {
  start();
  good(cosign('farm', '--out', 'seen'));
  for (let i = 0; i < 12; i++) {
    grow(2);
    const child = spawn(head2, ['ledger', ...cosign('farm')], { cwd: dir, env: environment() });
    let out = '';
    child.stdout.on('data', (d) => { out += d; });
    const ended = new Promise((done) => child.on('close', done));
    setTimeout(() => child.kill('SIGKILL'), 1 + i);
    await ended;
    const kept = get(`w/${fs.readdirSync(file('w')).find((f) => f.endsWith('.checkpoint'))}`);
    if (out.endsWith('\n')) check(kept === out, 'something else is kept than was given');
    check(kept.endsWith('\n') && kept.split('\n').length === 8, 'half a note is kept');
    const r = json(cosign('farm'));
    check(r.cosigned === 3 + 2 * (i + 1) && !r.first, JSON.stringify(r));
  }
  // many at once are one after the other
  const many = Array.from({ length: 6 }, () => spawn(head2, ['ledger', ...cosign('farm', '--out', 'x')], { cwd: dir, env: environment() }));
  const codes = await Promise.all(many.map((c) => new Promise((done) => c.on('close', done))));
  check(codes.every((c) => c === 0), `${codes}`);
});

await test('typed wrong', () => {
  start();
  put('text', 'text');
  bad(['cosign', 'farm'], 2, /--of: it is needed/);
  bad(['cosign', 'farm', '--of', 'pub.pem'], 2, /--key: it is needed/);
  bad(['cosign', 'farm', '--of', 'pub.pem', '--key', 'w.pem'], 2, /--witness: it is needed/);
  bad(cosign('none'), 3, /No such file/);
  bad(cosign('.'), 3, /checkpoint: .*No such file/);
  bad(cosign('text'), 3, /not a checkpoint: no second line|not a checkpoint: no first line/);
  bad(['cosign', 'farm', '--of', 'text', '--key', 'w.pem', '--witness', 'w'], 3, /text: /);
  bad(['cosign', 'farm', '--of', 'pub.pem', '--key', 'w.pub.pem', '--witness', 'w'], 3, /private|public/);
  bad(['cosign', 'farm', '--of', 'pub.pem', '--key', 'farm/ledger.key.pem', '--witness', 'w'], 5, /the ledger's own key; a witness is somebody else/);
  bad(cosign('farm', '--name', 'a b'), 2, /cannot be a witness's name/);
  bad(cosign('farm', '--name', 'head2/ledger/1'), 2, /cannot be a witness's name/);
  bad(cosign('farm', '--witness', 'w'), 2, /given twice/);
  check(!fs.existsSync(file('w')), 'something was kept all the same');
  bad(['cosign', 'farm', '--of', 'pub.pem', '--key', 'w.pem', '--witness', 'text'], 3, /text: cannot make the folder: Not a directory/);
  bad(['judge', 'text'], 2, /--key/);
  bad(['judge', 'text', '--key', 'pub.pem'], 3, /malformed: no JSON object with head2_evidence/);
  bad(['judge', put('o', '{"head2_evidence":1}'), '--key', 'pub.pem'], 3, /malformed: there are not two checkpoints/);
  bad(['judge', 'none', '--key', 'pub.pem'], 3, /No such file/);
  bad(['verify', 'farm', '--witness', 'none'], 3, /none: /);
  fs.mkdirSync(file('empty'));
  bad(['verify', 'farm', '--witness', 'empty'], 3, /no \*.pem: no witness would be asked for/);
  good(['export', 'out', '--ledger', 'farm']);
  const note = get('out/checkpoint');
  check(JSON.parse(good(cosign('-', '--json'), note)).first, 'from standard input');
  bad(['verify', put('proof', good(['prove', '1', '--ledger', 'farm'])), '--key', 'pub.pem', '--evidence', 'x'], 2, /a proof is of one entry/);
});

end();
