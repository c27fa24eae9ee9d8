/*
 * Whether this machine has been cloned: a number that changes when a virtual machine is restored
 * from a snapshot, as the hypervisor shows it in a page of memory. The VMClock device has one
 * (vm_generation_counter of linux/vmclock-abi.h), else the sysgenid driver.
 */
#ifndef HEAD2_ENTROPY_GENERATION_H
#define HEAD2_ENTROPY_GENERATION_H

#include "base/base.h"

struct generation {
    const volatile uint8_t *page; /* NULL: this machine has none */
    bool vmclock;
};

/* vmclock, sysgenid: NULL for the devices; files in their place in tests. Whether there is one. */
bool generation_open(struct generation *g, const char *vmclock, const char *sysgenid);
/* For struct head2_entropy_config: arg is a struct generation. Any thread. */
bool generation_read(void *arg, uint64_t *number);
void generation_close(struct generation *g);

#endif
