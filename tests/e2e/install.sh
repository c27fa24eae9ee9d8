#!/bin/bash
# The library as a stranger uses it: installed under a fresh prefix, found by pkg-config and by
# CMake, linked by the example programs, which then run.
build=${HEAD2_BUILD:-build/release}
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
root=$PWD
ok() { echo "ok $1"; }
bad() { echo "FAIL $1: $2"; }

if cmake --install "$build" --prefix "$prefix/usr" >"$prefix/log" 2>&1; then
    ok install
else
    bad install "$(tail -1 "$prefix/log")"
fi
lib=$(dirname "$(find "$prefix/usr" -name head2.pc)")
export PKG_CONFIG_PATH=$lib LD_LIBRARY_PATH=$(dirname "$lib")
for example in sign_verify encapsulate two_buffers; do
    # shellcheck disable=SC2046
    if ! cc -std=c11 -Wall -Wextra -Wpedantic -Werror "examples/$example.c" \
        $(pkg-config --cflags --libs head2) -o "$prefix/$example" >"$prefix/log" 2>&1; then
        bad "pkg_config_$example" "$(head -1 "$prefix/log")"
    elif ! "$prefix/$example" >"$prefix/log" 2>&1; then
        bad "pkg_config_$example" "exit status $?: $(tail -1 "$prefix/log")"
    else
        ok "pkg_config_$example"
    fi
done

mkdir "$prefix/app"
cp examples/*.c "$prefix/app"
cat >"$prefix/app/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(app C)
find_package(head2 REQUIRED)
foreach(example sign_verify encapsulate two_buffers)
    add_executable(${example} ${example}.c)
endforeach()
target_link_libraries(sign_verify head2::head2_shared)
target_link_libraries(encapsulate head2::head2_static)
target_link_libraries(two_buffers head2::head2_static)
CMAKE
if cmake -S "$prefix/app" -B "$prefix/app/build" -DCMAKE_PREFIX_PATH="$prefix/usr" >"$prefix/log" 2>&1 &&
    cmake --build "$prefix/app/build" >>"$prefix/log" 2>&1; then
    for example in sign_verify encapsulate two_buffers; do
        if "$prefix/app/build/$example" >"$prefix/log" 2>&1; then
            ok "find_package_$example"
        else
            bad "find_package_$example" "$(tail -1 "$prefix/log")"
        fi
    done
else
    bad find_package "$(grep -iE 'error' "$prefix/log" | head -1)"
fi

# the units for systemd, with the installed program in them
for unit in head2-gateway head2-link; do
    file=$prefix/usr/lib/systemd/system/$unit.service
    if ! command -v systemd-analyze >/dev/null; then
        echo "skip unit_$unit: systemd-analyze is not installed"
        continue
    fi
    sed "s|^ExecStart=[^ ]*|ExecStart=$prefix/usr/bin/head2|; /^Documentation=/d" "$file" >"$prefix/$unit.service"
    said=$(systemd-analyze verify "$prefix/$unit.service" 2>&1)
    if [ -s "$file" ] && [ -z "$said" ]; then ok "unit_$unit"; else bad "unit_$unit" "$(echo "$said" | head -1)"; fi
done

# what a drone links needs libc and libcrypto alone
needs=$(objdump -p "$(dirname "$lib")/libhead2.so" | awk '/NEEDED/ {print $2}' | grep -vE '^(libc\.|libcrypto\.)')
if [ -z "$needs" ]; then ok needs_only_libc_and_libcrypto; else bad needs_only_libc_and_libcrypto "$needs"; fi
# and exports nothing but its own names
foreign=$(nm -D --defined-only "$(dirname "$lib")/libhead2.so" | awk '{print $3}' | grep -v '^head2_' | head -3)
if [ -z "$foreign" ]; then ok exports_only_head2; else bad exports_only_head2 "$foreign"; fi
# nor does the PKCS #11 module, but the standard's
module=$(dirname "$lib")/pkcs11/libhead2-pkcs11.so
foreign=$(objdump -p "$module" | awk '/NEEDED/ {print $2}' | grep -vE '^(libc|libcrypto|ld-linux.*)\.'
    nm -D --defined-only "$module" | awk '{print $3}' | grep -v '^C_' | head -3)
if [ -s "$module" ] && [ -z "$foreign" ]; then ok pkcs11_module; else bad pkcs11_module "$foreign"; fi
# a thread that has drawn randomness outlives a dlclose
cat >"$prefix/closes.c" <<'C'
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static const char *lib;

static void *draw(void *arg)
{
    unsigned char byte;
    void *at = dlopen(lib, RTLD_NOW);
    int (*head2_random)(void *, size_t);

    if (at == NULL)
        return arg;
    *(void **)&head2_random = dlsym(at, "head2_random");
    return head2_random != NULL && head2_random(&byte, 1) == 0 && dlclose(at) == 0 ? NULL : arg;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    void *failed = argv;

    lib = argv[argc - 1];
    return pthread_create(&thread, NULL, draw, argv) != 0 ||
           pthread_join(thread, &failed) != 0 || failed != NULL;
}
C
if cc -std=c11 "$prefix/closes.c" -o "$prefix/closes" -ldl -lpthread >"$prefix/log" 2>&1 &&
    "$prefix/closes" "$(dirname "$lib")/libhead2.so" >>"$prefix/log" 2>&1; then
    ok threads_outlive_dlclose
else
    bad threads_outlive_dlclose "exit status $?: $(tail -1 "$prefix/log")"
fi
cd "$root" || exit 1
