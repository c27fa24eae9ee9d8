// SHA-3, SHAKE, BLAKE3, HMAC, HKDF, AES-GCM and AES-CMAC against @noble/hashes and this Node's own
// OpenSSL: lengths around every block boundary, in pieces of every size, by ACVP prompt and by a
// small program that calls the incremental functions.
import crypto from 'node:crypto';
import { acvp, below, bytes, check, finish, flip, hex, need_oracle, need_program, noble, oracle, pick,
  same, test, unhex } from '../peers/common.mjs';

need_program('hash');
need_oracle('hash');
const peer = await noble('hash');

// lengths near the boundaries of a block, else anything up to max
const near = (block, max) => Math.max(0, below(2) ? block * below(6) - 2 + below(5) : below(max));
const shake = (name, msg, n) => {
  const out = crypto.createHash(name, { outputLength: Math.max(n, 1) }).update(msg).digest();
  return out.subarray(0, n);
};

await test('blake3', () => {
  const cases = Array.from({ length: 900 }, () => ({ kind: pick(['blake3', 'blake3-keyed', 'blake3-derive']),
    msg: bytes(near(pick([64, 1024, 2048, 8192]), 20000)), key: bytes(32), context: bytes(1 + below(80)),
    out: pick([1, 32, 63, 64, 65, below(500) + 1]), seek: pick([0, 0, 1, 63, 64, 65, below(300)]) }));
  const answers = oracle(cases.map((c) => [c.kind, c.out, c.seek, c.msg,
    ...(c.kind === 'blake3-keyed' ? [c.key] : c.kind === 'blake3-derive' ? [c.context] : [])]));
  cases.forEach((c, i) => {
    const options = c.kind === 'blake3-keyed' ? { key: c.key } : c.kind === 'blake3-derive' ? { context: c.context } : {};
    const want = peer.blake3(c.msg, { ...options, dkLen: c.seek + c.out }).subarray(c.seek);
    same(answers[i], want, `${c.kind} of ${c.msg.length} bytes (out ${c.out}, seek ${c.seek})`);
  });
  return cases.length;
});

for (const [name, block, size] of [['sha3-256', 136, 32], ['sha3-512', 72, 64], ['shake128', 168, 0], ['shake256', 136, 0]]) {
  await test(name, () => {
    const cases = Array.from({ length: 500 }, () => ({ msg: bytes(near(block, 5000)),
      out: size || pick([1, block - 1, block, block + 1, 1 + below(1500)]), step: below(2 * block) }));
    const answers = oracle(cases.map((c) => [name, c.out, c.step, c.msg]));
    const whole = acvp(name.toUpperCase().replace('SHAKE', 'SHAKE-'), undefined, [{ testType: size ? 'AFT' : 'VOT',
      tests: cases.map((c) => ({ msg: hex(c.msg), len: 8 * c.msg.length, outLen: 8 * c.out })) }]);
    cases.forEach((c, i) => {
      const want = size ? crypto.createHash(name).update(c.msg).digest() : shake(name, c.msg, c.out);
      same(answers[i], want, `${name} of ${c.msg.length} bytes in steps of ${c.step}`);
      same(unhex(whole[i].md), want, `${name} of ${c.msg.length} bytes`);
      const js = peer.sha3[name.replace('-', '_')](c.msg, size ? {} : { dkLen: c.out });
      same(js, want, `the two peers on ${name}`);
    });
    return 2 * cases.length;
  });
}

await test('hmac_and_hkdf', () => {
  const macs = Array.from({ length: 400 }, () => ({ key: bytes(pick([0, 1, 64, 71, 72, 73, 128, below(300)])),
    msg: bytes(near(72, 2000)), step: below(150) }));
  oracle(macs.map((c) => ['hmac', 64, c.step, c.msg, c.key])).forEach((got, i) => {
    const { key, msg } = macs[i];
    same(got, crypto.createHmac('sha3-512', key).update(msg).digest(), `HMAC, key of ${key.length} bytes`);
    same(got, peer.hmac(peer.sha3.sha3_512, key, msg), 'HMAC of noble');
  });
  const keys = Array.from({ length: 200 }, () => ({ ikm: bytes(below(200)), salt: bytes(pick([0, 1, 64, 72, below(200)])),
    info: bytes(below(100)), out: 1 + pick([31, 63, 64, 255 * 64 - 1, below(2000)]) }));
  oracle(keys.map((c) => ['hkdf', c.out, 0, c.ikm, c.salt, c.info])).forEach((got, i) => {
    const { ikm, salt, info, out } = keys[i];
    same(got, peer.hkdf.hkdf(peer.sha3.sha3_512, ikm, salt, info, out), `HKDF of ${out} bytes`);
    same(got, Buffer.from(crypto.hkdfSync('sha3-512', ikm, salt, info, out)), 'HKDF of OpenSSL');
  });
  return macs.length + keys.length;
});

await test('aes_cmac', () => {
  const cases = Array.from({ length: 300 }, () => ({ key: bytes(pick([16, 32])), msg: bytes(near(16, 300)) }));
  oracle(cases.map((c) => ['cmac', 16, 0, c.msg, c.key])).forEach((got, i) =>
    same(got, peer.cmac(cases[i].msg, cases[i].key), `CMAC of ${cases[i].msg.length} bytes`));
  return cases.length;
});

await test('aes_gcm', () => {
  const cases = Array.from({ length: 300 }, () => ({ key: bytes(pick([16, 32])), iv: bytes(12),
    aad: bytes(pick([0, 4, below(100)])), pt: bytes(pick([0, 16, 1172, below(3000)])) }));
  const made = cases.map((c) => {
    const cipher = crypto.createCipheriv(`aes-${8 * c.key.length}-gcm`, c.key, c.iv);
    cipher.setAAD(c.aad);
    const ct = Buffer.concat([cipher.update(c.pt), cipher.final()]);
    return { ...c, ct, tag: cipher.getAuthTag() };
  });
  const opened = made.flatMap((c) => {
    const bad = { ...c, good: false };
    const field = pick(['key', 'iv', 'tag', ...(c.aad.length ? ['aad'] : []), ...(c.ct.length ? ['ct'] : [])]);
    bad[field] = flip(c[field]);
    return [{ ...c, good: true }, bad];
  });
  const fields = (c) => ({ key: hex(c.key), iv: hex(c.iv), aad: hex(c.aad) });
  const answers = acvp('ACVP-AES-GCM', undefined, [
    { direction: 'encrypt', tests: made.map((c) => ({ ...fields(c), pt: hex(c.pt) })) },
    { direction: 'decrypt', tests: opened.map((c) => ({ ...fields(c), ct: hex(c.ct), tag: hex(c.tag) })) }]);
  made.forEach((c, i) => {
    same(unhex(answers[i].ct), c.ct, 'ciphertexts');
    same(unhex(answers[i].tag), c.tag, 'tags');
  });
  opened.forEach((c, i) => {
    const a = answers[made.length + i];
    if (c.good) same(unhex(a.pt), c.pt, 'plaintexts');
    else check(a.testPassed === false && a.pt === undefined, `case ${i}: a changed packet is opened`);
  });
  return made.length + opened.length;
});
finish();
