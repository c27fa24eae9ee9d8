// head2 maml as a person or a script would use it: every subverb right and wrong. The program is $HEAD2, else
// build/release/head2.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-maml-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

let failures = 0;
function check(condition, what) { if (!condition) throw new Error(what); }
function test(name, body) {
  try {
    body();
    console.log(`ok ${name}`);
  } catch (e) {
    failures++;
    console.log(`FAIL ${name}: ${e.message.split('\n').join(' | ')}`);
  }
}
function run(args, input = '') {
  const env = { PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state') };
  const r = spawnSync(head2, args, { cwd: dir, input, env, timeout: 60000, maxBuffer: 1 << 28 });
  return { code: r.status, out: r.stdout, text: r.stdout.toString(), err: r.stderr.toString() };
}
function good(args, input) {
  const r = run(args, input);
  check(r.code === 0 && r.err === '', `${args.join(' ')} ended with ${r.code}: ${r.err}`);
  return r;
}
// Must fail with this code and one error line, as text and as an object.
function bad(args, code, words, input) {
  const r = run(args, input);
  check(r.code === code && words.test(r.err), `'${args.join(' ')}' ended with ${r.code}: ${r.err}`);
  check(/^head2: [^\n]+; [^\n]+\n$/.test(r.err), `not one line with what to do: ${r.err}`);
  const j = run([...args, '--json'], input);
  check(j.code === code && JSON.parse(j.err).code === code, `with --json: ${j.code} ${j.err}`);
  return r;
}
const put = (name, text) => { fs.writeFileSync(path.join(dir, name), text); return name; };
const get = (name) => fs.readFileSync(path.join(dir, name));
const json = (args, input) => JSON.parse(good([...args, '--json'], input).text);

const front = `---
maml_version: "2.0.0"
id: "urn:uuid:123e4567-e89b-12d3-a456-426614174000"
type: workflow
origin: agent://planner
permissions:
  read: ["agent://*"]
  execute: ["agent://sprayer/*"]
created_at: 2026-03-01T08:00:00Z
---
`;
const body = '# Spraying\n\n## Intent\nSpray field 7.\n\n## Context\nWind 2.\n';
const history = '\n## History\n- 2026-03-01T08:00:00Z: [CREATE] made\n';
const doc = front + body + history;

test('check_names_places_and_mends', () => {
  put('a.maml.md', doc);
  check(good(['maml', 'check', 'a.maml.md']).text === 'good a.maml.md: 3 sections, 0 warnings\n', 'good');
  good(['maml', 'check', '-'], doc);
  put('b.maml.md', doc.replace('type:', 'typ:').replace('## Intent', '## Intent ##'));
  const r = bad(['maml', 'check', 'a.maml.md', 'b.maml.md'], 3, /b.maml.md: 2 errors, 0 warnings/);
  check(/^b.maml.md:1:1: error: no 'type' in the front matter; rename 'typ', if that is meant \[required-key\]$/m.test(r.text), r.text);
  check(/^b.maml.md:13:1: error: [^;]+; write '## NAME' .* \[section-form\]$/m.test(r.text), r.text);
  good(['maml', 'check', '--mode', 'lenient', 'b.maml.md']);
  const found = JSON.parse(run(['maml', 'check', '--json', 'b.maml.md']).text);
  check(found.good === false && found.errors === 2 && found.findings[1].line === 13, 'json');
  bad(['maml', 'check', 'missing'], 3, /missing/);
  bad(['maml', 'check', put('big', 'x'.repeat((1 << 20) + (1 << 17)))], 3, /longer than/);
});

// The library's own test has more of these; here they go through every verb that reads documents.
test('hostile_documents_are_named_soon', () => {
  const mib = (text) => text.repeat(Math.ceil((1 << 20) / text.length)).slice(0, 1 << 20);
  const files = {
    dashes: mib('---\n'),
    deep_yaml: `---\n${mib('[').slice(0, 60000)}\n---\n`,
    deep_maps: `---\nid: ${'{a: '.repeat(10000)}\n---\n`,
    big_yaml: `---\n${mib('a: b\n')}---\n`,
    sections: front + mib('## a\n').slice(front.length),
    million_sections: front + '## a\n'.repeat(1000000),
    headings_without_names: front + mib('##\n').slice(front.length),
    quotes: front + mib('> ').slice(front.length),
    no_end: `---\n${mib('a')}`,
    zeros: Buffer.alloc(1 << 20),
    not_utf8: Buffer.concat([Buffer.from(doc), Buffer.from([0xff, 0xfe, 0x0a])]),
    cut_utf8: Buffer.concat([Buffer.from(doc), Buffer.from([0xf0, 0x9f])]),
    surrogate: Buffer.concat([Buffer.from(doc), Buffer.from([0xed, 0xa0, 0x80, 0x0a])]),
  };
  const key = ['key', 'generate', '--type', 'ML-DSA-44', '--no-passphrase', '--no-receipt', '--out', 'hostile.pem'];
  good([...key, '--public-out', 'hostile.pub.pem']);
  for (const [name, text] of Object.entries(files)) {
    put(name, text);
    for (const args of [['maml', 'check', name], ['maml', 'show', name], ['maml', 'history', name],
      ['maml', 'may', '--agent', 'agent://a', '--action', 'read', name], ['maml', 'sign', '--key', 'hostile.pem', name],
      ['verify', '--key', 'hostile.pub.pem', name]]) {
      const begin = Date.now();
      const r = run(args);
      const ms = Date.now() - begin;
      const reads = ['show', 'history', 'may'].includes(args[1]); // of what is not good but can be read
      check([1, 3, 5].includes(r.code) || (reads && r.code === 0), `${args.join(' ')} ended with ${r.code}: ${r.err.slice(0, 300)}`);
      check(ms < 5000, `${args.join(' ')} took ${ms} ms`);
    }
    check(get(name).equals(Buffer.from(text)), `${name} was changed`);
  }
  // not hostile: the same document as other systems write it
  good(['maml', 'check', put('crlf', doc.replaceAll('\n', '\r\n'))]);
  good(['maml', 'check', put('bom', `\ufeff${doc}`)]);
  good(['maml', 'check', put('both', `\ufeff${doc.replaceAll('\n', '\r\n')}`)]);
});

test('show_says_what_is_there', () => {
  put('a.maml.md', doc);
  const o = json(['maml', 'show', 'a.maml.md']);
  check(o.dialect === 'maml_version' && o.front_matter.permissions.read[0] === 'agent://*', 'front matter');
  check(o.sections.map((s) => `${s.name} ${s.line}`).join() === 'Intent 13,Context 16,History 19', 'sections');
  for (const s of o.sections)
    check(doc.slice(s.offset).startsWith(`## ${s.name}\n`), `the offset of ${s.name}`);
  check(o.history[0].tag === 'CREATE' && o.signature === null, 'history');
  check(good(['maml', 'show', '--section', 'context', 'a.maml.md']).text === '## Context\nWind 2.\n\n', 'section');
  const r = run(['maml', 'show', '--section', 'Nothing', 'a.maml.md']);
  check(r.code === 3 && /no section 'Nothing'; /.test(r.err), r.err);
  bad(['maml', 'show', put('c.maml.md', 'no\n')], 3, /c.maml.md:1:1: .*does not open/);
  bad(['maml', 'show', '--proof', 'p', 'a.maml.md'], 3, /no evidence record/);
});

test('may_answers_by_exit_code', () => {
  put('a.maml.md', doc);
  const may = (agent, action) => ['maml', 'may', '--agent', agent, '--action', action, 'a.maml.md'];
  good(may('agent://sprayer/7', 'execute'));
  check(json(may('agent://anyone', 'read')).may === true, 'json');
  bad(may('agent://anyone', 'execute'), 5, /may not execute/);
  bad(may('agent://anyone', 'write'), 5, /may not write/);
  bad(may('agent://*', 'read'), 2, /--agent/);
  bad(may('', 'read'), 2, /--agent/);
  bad(['maml', 'may', 'a.maml.md', '--agent', 'agent://a'], 2, /--action/);
  bad([...may('agent://a', 'read').slice(0, 6), put('d', doc.replace('type:', 'id: a\ntype:'))], 3, /'id' is given before/);
});

const keys = ['a', 'b'];
for (const k of keys)
  good(['key', 'generate', '--out', `${k}.pem`, '--public-out', `${k}.pub.pem`, '--no-passphrase', '--no-receipt']);
const sign = (...args) => ['maml', 'sign', '--no-receipt', '--key', 'a.pem', ...args];
const ticket = (...args) => ['maml', 'ticket', '--no-receipt', '--key', 'a.pem', '--input', 'in', '--output', 'out', ...args];
const walk = (...args) => ['maml', 'history', '--verify', '--key', 'a.pub.pem', ...args];
put('in', 'field 7');
put('out', 'sprayed');
const artifact = (bytes) => bytes.subarray(0, bytes.lastIndexOf('---\ndilithium_signature'));

test('sign_and_verify_check_first', () => {
  put('a.maml.md', doc);
  put('b.maml.md', doc.replace('## Context', '## Contexts'));
  good(sign('a.maml.md'));
  good(['maml', 'verify', '--key', 'a.pub.pem', 'a.maml.md']);
  good(['verify', '--key', 'a.pub.pem', 'a.maml.md']);
  bad(sign('b.maml.md'), 3, /b.maml.md:10:1: no section '## Context'/);
  check(get('b.maml.md').toString() === doc.replace('## Context', '## Contexts'), 'a refused document was changed');
  good(sign('--mode', 'lenient', 'b.maml.md'));
  good(['verify', '--key', 'a.pub.pem', 'b.maml.md']);
  bad(['maml', 'verify', '--key', 'a.pub.pem', 'b.maml.md'], 3, /no section/);
  good(['maml', 'verify', '--mode', 'lenient', '--key', 'a.pub.pem', 'b.maml.md']);
  bad(sign('a.maml.md'), 5, /already/);
  good(sign('--existing', 'replace', '--hash', 'sha3-512', 'a.maml.md'));
  good(['maml', 'verify', '--key', 'a.pub.pem', 'a.maml.md']);
  bad(['maml', 'verify', '--key', 'b.pub.pem', 'a.maml.md'], 1, /unknown signer/);
  bad(['maml', 'verify', 'a.maml.md'], 2, /nothing says/);
  put('a.maml.md', get('a.maml.md').toString().replace('field 7', 'field 8'));
  bad(['maml', 'verify', '--key', 'a.pub.pem', 'a.maml.md'], 1, /hash differs/);
  check(good(sign('--out', '-', '-'), doc).text.startsWith(`${doc}---\ndilithium_signature: "`), 'standard input');
  bad(sign('--signer', 'a"b', 'b.maml.md'), 2, /--signer/);
});

test('evidence_is_carried_and_checked', () => {
  put('p.maml.md', doc);
  const proof = Buffer.from([0, 1, 2, 255, 10]);
  put('proof', proof);
  put('other', 'x');
  good(sign('--proof', 'proof', 'p.maml.md'));
  check(json(['maml', 'show', 'p.maml.md']).signature.proof === true, 'show');
  good(['maml', 'show', '--proof', 'again', 'p.maml.md']);
  check(get('again').equals(proof), 'what came out is not what went in');
  bad(['maml', 'show', '--proof', 'again', 'p.maml.md'], 5, /a file of this name/);
  good(['maml', 'verify', '--key', 'a.pub.pem', '--proof', 'proof', 'p.maml.md']);
  bad(['maml', 'verify', '--key', 'a.pub.pem', '--proof', 'other', 'p.maml.md'], 1, /evidence record in it is not other/);
  put('p.maml.md', get('p.maml.md').toString().replace('proof_blob: "AAEC', 'proof_blob: "AAED'));
  bad(['maml', 'verify', '--key', 'a.pub.pem', 'p.maml.md'], 1, /signature does not hold/);
});

test('history_is_proven_append_only', () => {
  put('h.maml.md', doc);
  const copies = [];
  for (let i = 0; i < 4; i++) {
    good(i === 0 ? sign('h.maml.md') : ticket('--duration-ms', `${i}`, 'h.maml.md'));
    copies.push(get('h.maml.md'));
    put(`h${i}`, copies[i]);
    if (i > 0) check(artifact(copies[i]).subarray(0, artifact(copies[i - 1]).length).equals(artifact(copies[i - 1])), 'prefix');
  }
  const text = copies[3].toString();
  const r = good(walk('--earlier', 'h1', 'h.maml.md'));
  check(/^valid h.maml.md: 4 signatures, 3 tickets;/m.test(r.text), r.text);
  check((r.text.match(/^valid line \d+: (present )?signature by CHIMERA-HEAD-2$/mg) ?? []).length === 4, r.text);
  check(good(['maml', 'history', 'h.maml.md', '--json']).text.trim().split('\n').map((l) => JSON.parse(l).tag).join()
    === 'CREATE,SIGNED,TICKET,SIGNED,TICKET,SIGNED,TICKET', 'tags');
  good(['maml', 'verify', '--key', 'a.pub.pem', 'h.maml.md']);
  good(['maml', 'check', 'h.maml.md']);
  // any line of History changed, removed or moved; as it is, and signed anew by the same key
  const lines = text.split('\n');
  const first = lines.findIndex((l) => l.includes('[CREATE]'));
  const changes = {
    changed: lines.with(first, lines[first].replace('made', 'Made')),
    removed: lines.toSpliced(first, 1),
    ticket_removed: lines.toSpliced(first + 2, 1),
    signed_removed: lines.toSpliced(first + 3, 1),
    swapped: lines.with(first + 1, lines[first + 2]).with(first + 2, lines[first + 1]),
    added: lines.toSpliced(first + 2, 0, '- 2026-03-02T08:00:00Z: [NOTE] x'),
    intent: text.replace('field 7', 'field 8').split('\n'),
  };
  for (const [name, changed] of Object.entries(changes)) {
    put('x.maml.md', changed.join('\n'));
    check(run(walk('x.maml.md')).code === 1, `${name}: not found`);
    good(sign('--existing', 'replace', 'x.maml.md'));
    const again = run(walk('x.maml.md'));
    check(again.code === 1 && /line \d+: signature: the hash differs/.test(again.err), `${name}, signed anew: ${again.err}`);
  }
  // a ticket changed where no signature has been since
  put('x.maml.md', text.replace('duration_ms=3', 'duration_ms=4'));
  good(sign('--existing', 'replace', 'x.maml.md'));
  bad(walk('x.maml.md'), 1, /line \d+: ticket: the signature does not hold/);
  // cut back to an earlier state: only a later copy tells
  good(walk('h1'));
  bad(walk('--earlier', 'h2', 'h1'), 1, /h1: it does not begin with what h2 says: line \d+ differs/);
  // other keys
  bad(['maml', 'history', '--verify', '--key', 'b.pub.pem', 'h.maml.md'], 1, /unknown signer/);
  put('trust', 'CHIMERA-HEAD-2 a.pub.pem\n');
  good(['maml', 'history', '--verify', '--trust', 'trust', 'h.maml.md']);
  put('trust', 'CHIMERA-HEAD-2 a.pub.pem - - 2026-01-01\n');
  bad(['maml', 'history', '--verify', '--trust', 'trust', 'h.maml.md'], 1, /line \d+: signature: the key is revoked/);
  bad(['maml', 'history', '--verify', 'h.maml.md'], 2, /nothing says/);
  bad(walk(put('bare.maml.md', doc)), 3, /no signature block/);
});

test('tickets_in_all_states', () => {
  put('t.maml.md', front + body);
  good(ticket('--head', 'sprayer-7', 't.maml.md'));
  check(get('t.maml.md').toString().startsWith(`${front}${body}\n## History\n- 2`), 'a History of its own');
  check(/\[TICKET\] head=sprayer-7 input=sha3-512:[0-9a-f]{128} output=/.test(get('t.maml.md')), 'the line');
  good(walk('t.maml.md'));
  const before = get('t.maml.md');
  const other = ['maml', 'ticket', '--no-receipt', '--key', 'b.pem', '--signer', 'Bo', '--input', 'in', '--output', 'out'];
  bad([...other, 't.maml.md'], 1, /present signature is invalid: unknown signer/);
  put('trust', 'CHIMERA-HEAD-2 a.pub.pem\nsprayer-7 a.pub.pem\nsprayer-8 b.pub.pem\nBo b.pub.pem\n');
  good([...other, '--trust', 'trust', '--head', 'sprayer-8', '--proof', 'in', 't.maml.md']);
  check(/valid t.maml.md: 2 signatures, 2 tickets/.test(good(['maml', 'history', '--verify', '--trust', 'trust', 't.maml.md']).text), 'two keys');
  bad(walk('t.maml.md'), 1, /unknown signer/);
  put('u.maml.md', before.toString().replace('field 7', 'field 8'));
  bad(ticket('u.maml.md'), 1, /present signature is invalid: the hash differs/);
  put('u.maml.md', doc + '\n## After\n');
  bad(ticket('u.maml.md'), 3, /no entry can be appended/);
  put('u.maml.md', doc + '\n<!--\n');
  bad(ticket('u.maml.md'), 3, /History that is no entry/);
  put('u.maml.md', front + body + '```\nx\n');
  bad(ticket('u.maml.md'), 3, /never closed/);
  bad(ticket('--mode', 'lenient', 'u.maml.md'), 3, /no entry can be appended/);
  put('u.maml.md', doc.trimEnd().replaceAll('\n', '\r\n'));
  good(ticket('u.maml.md'));
  good(ticket('u.maml.md'));
  good(walk('u.maml.md'));
  bad(ticket('missing.maml.md'), 3, /missing/);
  bad(ticket('--head', 'a b', 't.maml.md'), 2, /--head/);
  bad(['maml', 'ticket', '--no-receipt', '--key', 'a.pem', '--input', 'in', 't.maml.md'], 2, /--output/);
  check(good(ticket('--out', '-', '-'), doc).text.startsWith(`${doc}- 2`), 'standard input');
});

// The last: it waits for its processes.
put('many.maml.md', doc);
await Promise.all(Array.from({ length: 8 }, () => new Promise((done) => {
  const env = { PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state') };
  spawn(head2, ticket('many.maml.md'), { cwd: dir, env }).on('close', done);
})));
test('tickets_at_once_are_all_there', () => {
  check(/8 signatures, 8 tickets/.test(good(walk('many.maml.md')).text), 'some are lost');
});

process.exit(failures ? 1 : 0);
