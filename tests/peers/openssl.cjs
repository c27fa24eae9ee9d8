// OpenSSL 3.5, as Node 24 has it: answers a JSON list of requests on standard input. Runs under
// the peer's own Node. Bytes are base64; a request that OpenSSL refuses is answered {error}.
const crypto = require('crypto');
const un = (text) => Buffer.from(text, 'base64');
const b64 = (buf) => buf.toString('base64');
// a key as it is written in a file: PEM starts with a dash
const input = (r) => {
  const key = un(r.key);
  const format = key[0] === 0x2d ? 'pem' : 'der';
  return { key, format, passphrase: r.passphrase };
};
const secret = (r) => crypto.createPrivateKey({ type: 'pkcs8', ...input(r) });
const shared = (r) => crypto.createPublicKey({ type: 'spki', ...input(r) });
const context = (r) => (r.context === undefined ? undefined : un(r.context));
const ops = {
  generate(r) {
    const k = crypto.generateKeyPairSync(r.set.toLowerCase());
    return {
      spki: b64(k.publicKey.export({ type: 'spki', format: 'der' })),
      pkcs8: b64(k.privateKey.export({ type: 'pkcs8', format: 'der' })),
    };
  },
  // what a private key file holds: its type and public half; and OpenSSL's own writing of it
  private(r) {
    const key = secret(r);
    const extra = r.write_passphrase === undefined ? {} :
      { cipher: 'aes-256-cbc', passphrase: r.write_passphrase };
    return {
      type: key.asymmetricKeyType,
      spki: b64(crypto.createPublicKey(key).export({ type: 'spki', format: 'der' })),
      written: b64(Buffer.from(key.export({ type: 'pkcs8', format: r.format ?? 'der', ...extra }))),
    };
  },
  public(r) {
    const key = shared(r);
    return {
      type: key.asymmetricKeyType,
      spki: b64(key.export({ type: 'spki', format: 'der' })),
      written: b64(Buffer.from(key.export({ type: 'spki', format: r.format ?? 'der' }))),
    };
  },
  sign(r) { return { sig: b64(crypto.sign(null, un(r.msg), { key: secret(r), context: context(r) })) }; },
  verify(r) {
    return { ok: crypto.verify(null, un(r.msg), { key: shared(r), context: context(r) }, un(r.sig)) };
  },
  encaps(r) {
    const { sharedKey, ciphertext } = crypto.encapsulate(shared(r));
    return { ss: b64(sharedKey), ct: b64(ciphertext) };
  },
  decaps(r) { return { ss: b64(crypto.decapsulate(secret(r), un(r.ct))) }; },
};
const requests = JSON.parse(require('fs').readFileSync(0));
process.stdout.write(JSON.stringify(requests.map((r) => {
  try {
    return ops[r.op](r);
  } catch (e) {
    return { error: String(e.message) };
  }
})));
