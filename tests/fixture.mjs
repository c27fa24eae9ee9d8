// What end-to-end tests of verbs share: a folder for each test, the program run in it, and what its
// error lines have to be like. The program is $HEAD2, else build/release/head2.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const head2 = path.resolve(process.env.HEAD2 ?? 'build/release/head2');
const base = fs.mkdtempSync(path.join(os.tmpdir(), 'head2-e2e-'));
export const mounted = []; // file systems to be unmounted at the end
let failures = 0, counter = 0;
export let dir = base; // of the test that runs

process.on('exit', () => {
  for (const m of mounted) spawnSync('umount', [m]);
  fs.rmSync(base, { recursive: true, force: true });
});

export class Skip extends Error {}
export const check = (condition, what) => { if (!condition) throw new Error(what); };
export async function test(name, body) {
  dir = path.join(base, `t${++counter}`);
  fs.mkdirSync(dir);
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (e) {
    if (e instanceof Skip) { console.log(`skip ${name}: ${e.message}`); return; }
    failures++;
    console.log(`FAIL ${name}: ${e.message.split('\n').join(' | ').slice(0, 600)}`);
  }
}
// The last line of each program.
export const end = () => process.exit(failures === 0 ? 0 : 1);

export const environment = () => ({ PATH: process.env.PATH, HOME: dir, HEAD2_STATE: path.join(dir, 'state') });
export const file = (name) => path.join(dir, name);
export const put = (name, bytes) => { fs.writeFileSync(file(name), bytes); return name; };
export const get = (name) => fs.readFileSync(file(name));
export function run(args, input = '') {
  const r = spawnSync(head2, args, { cwd: dir, input, env: environment(), timeout: 60000, maxBuffer: 1 << 28 });
  return { code: r.status, text: r.stdout.toString(), err: r.stderr.toString() };
}

// How one verb is called: good has to work and returns its output; bad has to end with this code,
// with lines that say what to do, the words among them, and the same as JSON.
export function calls(...verb) {
  const good = (args, input) => {
    const r = run([...verb, ...args], input);
    check(r.code === 0 && r.err === '', `${[...verb, ...args].join(' ')} ended with ${r.code}: ${r.err}${r.text}`);
    return r.text;
  };
  const bad = (args, code, words, input) => {
    const shown = [...verb, ...args].join(' ');
    const r = run([...verb, ...args], input);
    check(r.code === code, `${shown} ended with ${r.code}, not ${code}: ${r.err}${r.text}`);
    for (const line of r.err.trimEnd().split('\n'))
      check(/^head2: [^\n]+; [^\n]+$/.test(line), `not a line that says what to do: ${line}`);
    check(words.test(r.err), `'${r.err.trim()}' does not say ${words}`);
    const told = run([...verb, ...args, '--json'], input).err.trimEnd().split('\n').map((l) => JSON.parse(l));
    check(told.some((o) => o.code === code) && told.every((o) => 'hint' in o), JSON.stringify(told));
    return r;
  };
  const json = (args) => JSON.parse(good([...args, '--json']));
  return { good, bad, json };
}
