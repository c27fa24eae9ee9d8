#!/bin/bash
# A client that nobody here wrote: OpenSSL with its PKCS #11 provider, of Debian sid in a folder of its
# own (build/sid, made once by debootstrap, as root), signs, verifies, encapsulates and decapsulates with
# keys of a keeper through libhead2-pkcs11.so. A part of `make soak`.
cd "$(dirname "$0")/../.." || exit 7
build=${HEAD2_BUILD:-build/release} sid=$PWD/build/sid
head2=$PWD/$build/head2 module=$PWD/$build/libhead2-pkcs11.so
name=openssl_provider
skip() { echo "skip $name: $1" && exit 0; }
[ "$(id -u)" = 0 ] || skip 'only root may make a folder of another system'
command -v debootstrap >/dev/null || skip 'debootstrap is not installed'
[ -f "$module" ] || skip "$module is not built"
if [ ! -x "$sid/usr/bin/openssl" ]; then
    rm -rf "$sid"
    debootstrap --variant=minbase --include=openssl,pkcs11-provider sid "$sid" >build/sid.log 2>&1 ||
        skip "debootstrap could not: $(tail -1 build/sid.log)"
fi
provider=$(cd "$sid" && echo usr/lib/*/ossl-modules/pkcs11.so)
grep -q ML-DSA-87 "$sid/$provider" || skip 'this provider is too old to know ML-DSA'

place=$(mktemp -d "$sid/tmp/head2-XXXXXX")
inside=${place#"$sid"}
trap 'kill "$keeper" 2>/dev/null; wait "$keeper"; rm -rf "$place"' EXIT
failed=0
says() { # says NAME COMMAND... : whether it ends well, in the folder
    local what=$1
    shift
    if chroot "$sid" env OPENSSL_CONF="$inside/conf" HEAD2_KEEPER="$inside/store/keeper.sock" "$@" >"$place/out" 2>&1; then
        echo "ok $what"
    else
        echo "FAIL $what: $(tail -2 "$place/out" | tr '\n' ' ')"
        failed=1
    fi
}

cp "$module" "$place/module.so"
cat >"$place/conf" <<CONF
openssl_conf = all
[all]
providers = providers
[providers]
default = default_provider
pkcs11 = keeper
[default_provider]
activate = 1
[keeper]
module = /$provider
pkcs11-module-path = $inside/module.so
activate = 1
CONF
head -c 40 /dev/urandom >"$place/key" && chmod 600 "$place/key"
echo 'a message' >"$place/message"
{
    "$head2" store init --store "$place/store" --key-file "$place/key"
    for type in ML-DSA-87 ML-DSA-44 ML-KEM-1024 ML-KEM-768; do
        "$head2" key generate --type $type --no-passphrase --no-receipt --out "$place/k.pem" --public-out "$place/$type.pem"
        purposes=sign,verify
        [ "${type#ML-KEM}" = "$type" ] || purposes=encapsulate,decapsulate,derive,output
        "$head2" store import "$place/k.pem" --store "$place/store" --key-file "$place/key" --label $type --purposes $purposes
        rm "$place/k.pem"
    done
} >"$place/out" 2>&1 || { echo "FAIL $name: $(tail -1 "$place/out")" && exit 1; }
"$head2" keeper --store "$place/store" --key-file "$place/key" 2>"$place/keeper.log" &
keeper=$!
for _ in $(seq 100); do [ -S "$place/store/keeper.sock" ] && break || sleep 0.05; done

for type in ML-DSA-87 ML-DSA-44; do
    says "openssl_signs_with_$type" openssl pkeyutl -sign -rawin -inkey "pkcs11:object=$type;type=private" \
        -in "$inside/message" -out "$inside/sig"
    # by OpenSSL's own ML-DSA, and through the module
    says "openssl_verifies_$type" openssl pkeyutl -verify -rawin -pubin -inkey "$inside/$type.pem" \
        -in "$inside/message" -sigfile "$inside/sig"
    says "the_module_verifies_$type" openssl pkeyutl -verify -rawin -pubin -inkey "pkcs11:object=$type;type=public" \
        -in "$inside/message" -sigfile "$inside/sig"
done
for type in ML-KEM-1024 ML-KEM-768; do
    says "openssl_encapsulates_for_$type" openssl pkeyutl -encap -pubin -inkey "$inside/$type.pem" \
        -out "$inside/ct" -secret "$inside/sent"
    says "the_module_decapsulates_$type" openssl pkeyutl -decap -inkey "pkcs11:object=$type;type=private" \
        -in "$inside/ct" -secret "$inside/got"
    says "the_secret_of_${type}_is_the_same" cmp "$inside/sent" "$inside/got"
done
exit $failed
