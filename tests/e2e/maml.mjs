// head2 maml as a person or a script would use it: check, show, may. The program is $HEAD2, else
// build/release/head2.
import { spawnSync } from 'node:child_process';
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

process.exit(failures ? 1 : 0);
