/*
 * libhead2, all of it. Each header opens with how its functions are called; start with the one that
 * names your subject.
 */
#ifndef HEAD2_HEAD2_H
#define HEAD2_HEAD2_H

#include <head2/aead.h>
#include <head2/cpu.h>
#include <head2/entropy.h>
#include <head2/fallback.h>
#include <head2/hash.h>
#include <head2/keys.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>
#include <head2/random.h>
#include <head2/secret.h>
#include <head2/session.h>
#include <head2/status.h>
#include <head2/version.h>

#endif
