// Sections of MAML documents against commonmark.js, the reference implementation of CommonMark:
// random texts of all that begins, ends and hides blocks. (But no definitions of links, which
// here are text.)
import { check, commonmark, finish, need_program, pick, below, put, run, test } from '../peers/common.mjs';

need_program('maml');
const peer = await commonmark('maml');
const front = '---\nmaml_version: 1\nid: x\n---\n';
const pieces = ['## S#', '## S# ##', '##\tS#', '## S# \\#', '### S#', '####### S#', '##S#', '# S#', '    ', '   ', '  ',
  ' ', '\t', '- ', '* ', '+ ', '-', '1. ', '2. ', '12) ', '1234567890. ', '> ', '>', '```', '``` py', '``` a`b', '````',
  '~~~', '~~~ `', '<!--', '-->', '<?', '?>', '<!A', '<![CDATA[', ']]>', '<div>', '</div>', '<p>', "<a b='[<'", '<a [>',
  '<a>', '</a>', '<b></b>', '<pre', '</pre>', '<script>', '</script>', '<textarea', '</textarea>', '[a]',
  '![', '*x*', '_', '***', '___', '---', '- - -', 'a', 'text ', '\\', '&lt;', '`', 'é', '🚁', 'a <!-- b'];

function text() {
  let out = '';
  let n = 0;
  for (let lines = 2 + below(9); lines > 0; lines--) {
    for (let parts = 1 + below(3); parts > 0; parts--)
      out += below(4) === 0 ? '' : pick(pieces).replaceAll('S#', () => `S${++n}`);
    out += below(8) === 0 ? '\r\n' : '\n';
  }
  return out;
}
// Top-level headings of level 2 on one line (not underlined), by line of the document.
function expected(body) {
  const lines = [];
  for (let b = new peer.Parser().parse(body).firstChild; b; b = b.next)
    if (b.type === 'heading' && b.level === 2 && b.sourcepos[0][0] === b.sourcepos[1][0])
      lines.push(b.sourcepos[0][0] + 4);
  return lines.join();
}

await test('maml_sections', () => {
  const bodies = Array.from({ length: 4000 }, text);
  const names = bodies.map((body, i) => put(`m${i}.md`, front + body, 0o600));
  const r = run(['maml', 'show', '--json', ...names]);
  const got = new Map(String(r.out).trim().split('\n').map((l) => JSON.parse(l)).map((o) => [o.file, o]));
  check(got.size > 0.95 * bodies.length, `only ${got.size} of ${bodies.length} are documents: ${r.err.slice(0, 200)}`);
  let found = 0;
  bodies.forEach((body, i) => {
    const o = got.get(names[i]);
    if (o === undefined) return;
    const want = expected(body), have = o.sections.map((s) => s.line).join();
    check(want === have, `sections at '${have}', not '${want}', in ${JSON.stringify(body)}`);
    found += o.sections.length;
  });
  check(found > 500, `only ${found} sections`);
  return found;
});
finish();
