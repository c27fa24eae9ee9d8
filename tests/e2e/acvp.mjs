// NIST's public ACVP files, end to end: `head2 acvp PROMPT --check EXPECTED` agrees with every one
// of them, disagrees with a changed one, and answers nothing with another's.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const folder = path.join(path.resolve(process.env.HEAD2_VECTORS ?? '../shared/vectors'), 'acvp');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-acvp-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
if (!fs.existsSync(folder)) {
  console.log(`skip acvp: ${folder} is absent (the public ACVP files; HEAD2_VECTORS says where)`);
  process.exit(0);
}
let failures = 0;
const run = (...args) => {
  const r = spawnSync(head2, args, { timeout: 120000, maxBuffer: 1 << 28 });
  return { code: r.status, out: String(r.stdout), err: String(r.stderr) };
};
function report(name, why) {
  console.log(why ? `FAIL ${name}: ${why.split('\n').join(' | ')}` : `ok ${name}`);
  failures += why ? 1 : 0;
}
// the first text of the results that is hexadecimal, with its first digit changed
function change(value) {
  for (const key of Object.keys(value)) {
    const v = value[key];
    if (typeof v === 'string' && key !== 'name' && /^[0-9A-Fa-f]{16,}$/.test(v)) {
      value[key] = (v[0] === '0' ? '1' : '0') + v.slice(1);
      return true;
    }
    if (key === 'testPassed') {
      value[key] = !v;
      return true;
    }
    if (v && typeof v === 'object' && change(v)) return true;
  }
  return false;
}

const prompts = fs.readdirSync(folder, { recursive: true }).map(String)
  .filter((name) => path.basename(name) === 'prompt.json').sort();
if (prompts.length < 5) report('acvp_files', `only ${prompts.length} prompts are in ${folder}`);
for (const name of prompts) {
  const what = path.dirname(name).replaceAll('/', '_');
  const prompt = path.join(folder, name);
  const expected = path.join(path.dirname(prompt), 'expectedResults.json');
  const tests = JSON.parse(fs.readFileSync(prompt));
  const count = (Array.isArray(tests) ? tests.at(-1) : tests).testGroups
    .reduce((n, g) => n + g.tests.length, 0);
  const r = run('acvp', prompt, '--check', expected);
  report(what, r.code === 0 && r.out.includes(`all ${count} tests agree`) ? undefined
    : `ended with ${r.code}: ${r.out}${r.err}`);
  const changed = JSON.parse(fs.readFileSync(expected));
  const groups = (Array.isArray(changed) ? changed.at(-1) : changed).testGroups;
  if (!change(groups)) report(`${what}_changed`, 'nothing to change in the expected results');
  const file = path.join(dir, 'changed.json');
  fs.writeFileSync(file, JSON.stringify(changed));
  const bad = run('acvp', prompt, '--check', file);
  report(`${what}_changed`, bad.code === 1 && bad.err.includes(`1 of ${count} tests differ`) ? undefined
    : `a changed result ended with ${bad.code}: ${bad.err}`);
}
process.exit(failures ? 1 : 0);
