#!/bin/bash
# OpenSSL with pkcs11-provider, of a Debian that debootstrap brings, before head2 keeper: it signs, makes a
# certificate, serves TLS with the keeper's key and decapsulates; OpenSSL without the provider checks. In soak
# alone: needs root, debootstrap and Debian's mirror, and 400 MB in build/soak.
cd "$(dirname "$0")/../.." || exit 7
head2=$(realpath "${HEAD2:-build/release/head2}")
root=$PWD/build/soak/debian
skip() {
    echo "skip pkcs11_provider: $1"
    exit 0
}
[ -n "${HEAD2_SOAK:-}" ] || skip 'in soak alone'
[ "$(id -u)" -eq 0 ] || skip 'debootstrap needs root'
command -v debootstrap >/dev/null || skip 'debootstrap is not installed (apt-get install debootstrap)'
if [ ! -e "$root/ready" ]; then # ML-DSA came with pkcs11-provider 1.1, which trixie does not have
    rm -rf "$root"
    mkdir -p "$(dirname "$root")"
    debootstrap --variant=minbase --include=openssl,pkcs11-provider sid "$root" >"$root.log" 2>&1 ||
        skip "debootstrap: see $root.log"
    touch "$root/ready"
fi

k=$root/k
rm -rf "$k"
mkdir "$k"
cp "$(dirname "$head2")/libhead2-pkcs11.so" "$k"
cd "$k" || exit 7
head -c 40 /dev/urandom >kek
echo 2468 >pin
chmod 600 kek pin
h() { HOME=$k "$head2" "$@" >>log 2>&1; }
h store init --store st --key-file kek
h key generate --no-passphrase --no-receipt --out s.pem --public-out s.pub.pem
h key generate --type ML-KEM-768 --no-passphrase --no-receipt --out e.pem --public-out e.pub.pem
h store import --store st --key-file kek --label signer s.pem
h store import --store st --key-file kek --label kem --purposes encapsulate,decapsulate,derive,output e.pem
HOME=$k "$head2" keeper --store st --key-file kek --pin-file pin 2>keeper.log &
keeper=$!
trap 'kill $keeper 2>/dev/null' EXIT
for _ in $(seq 100); do grep -q 'keys, at' keeper.log && break; sleep 0.1; done
cat >ssl.cnf <<'C'
openssl_conf = init
[init]
providers = providers
[providers]
default = of_default
pkcs11 = of_pkcs11
[of_default]
activate = 1
[of_pkcs11]
module = /usr/lib/ossl-modules/pkcs11.so
pkcs11-module-path = /k/libhead2-pkcs11.so
pkcs11-module-token-pin = 2468
activate = 1
C
module=$(cd "$root" && find usr/lib -name pkcs11.so -path '*ossl-modules*')
sed -i "s|^module = .*|module = /$module|" ssl.cnf
plain() { chroot "$root" env -C /k "$@"; }
with() { plain env OPENSSL_CONF=/k/ssl.cnf HEAD2_KEEPER=/k/st/keeper.sock "$@"; }
failed=0
try() { # try NAME COMMAND...
    name=$1
    shift
    if "$@" >>log 2>&1; then
        echo "ok provider_$name"
    else
        echo "FAIL provider_$name: $(tail -1 log)"
        failed=1
    fi
}
head -c 3000000 /dev/urandom >m
signs() {
    with openssl pkeyutl -sign -rawin -in m -inkey 'pkcs11:object=signer;type=private' -out m.sig &&
        plain openssl pkeyutl -verify -rawin -in m -pubin -inkey s.pub.pem -sigfile m.sig &&
        with openssl pkeyutl -verify -rawin -in m -pubin -inkey 'pkcs11:object=signer;type=public' -sigfile m.sig
}
decapsulates() {
    plain openssl pkeyutl -encap -pubin -inkey e.pub.pem -out ct -secret s1 &&
        with openssl pkeyutl -decap -inkey 'pkcs11:object=kem;type=private' -in ct -secret s2 && cmp s1 s2 &&
        with openssl pkeyutl -encap -inkey 'pkcs11:object=kem;type=public' -out ct -secret s1 &&
        plain openssl pkeyutl -decap -inkey e.pem -in ct -secret s2 && cmp s1 s2
}
certifies() {
    with openssl req -new -x509 -subj /CN=localhost -key 'pkcs11:object=signer;type=private' -out c.pem &&
        plain openssl verify -CAfile c.pem c.pem
}
serves_tls() {
    local port=$((20000 + RANDOM % 20000))
    # not through a function, so that it is the server that is killed
    chroot "$root" env -C /k OPENSSL_CONF=/k/ssl.cnf HEAD2_KEEPER=/k/st/keeper.sock openssl s_server -www \
        -accept $port -cert c.pem -key 'pkcs11:object=signer;type=private' >>log 2>&1 &
    server=$!
    for _ in $(seq 50); do
        sleep 0.1
        plain openssl s_client -connect 127.0.0.1:$port -CAfile c.pem </dev/null >tls 2>&1 && break
    done
    kill $server
    grep -q 'Peer signature type: mldsa87' tls && grep -q 'Verification: OK' tls
}
try signs signs
try decapsulates decapsulates
try certifies certifies
try serves_tls serves_tls
exit $failed
