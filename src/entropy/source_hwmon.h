/*
 * The noise of the machine's sensors: thermal zones, and the temperature, voltage and current
 * inputs of hardware monitors, source "hwmon".
 *
 * A sample is the lowest bit of a reading that differs from the one before, in units of the step in
 * which the sensor is seen to count. Half a bit is credited for one; a reading that has not changed
 * gives nothing, and after 64 of them in a row the next change gives nothing either. A sensor whose
 * bits are the same, or go to and fro, 81 times in a row is left out from then on. Each is asked
 * ten times a second at most, and less often when it changes less often.
 *
 * Readings can be had by everyone on the machine who looks at the same time: that is what the
 * other half is for. In a virtual machine the sensors are the host's, and nothing is credited.
 */
#ifndef HEAD2_ENTROPY_SOURCE_HWMON_H
#define HEAD2_ENTROPY_SOURCE_HWMON_H

#include "entropy/feeder.h"

/* root: NULL, or a folder in place of / for tests. HEAD2_OK, HEAD2_E_MEMORY, or as
 * feeder_register. */
HEAD2_CHECK enum head2_status source_hwmon_new(struct feeder_source **out, const char *root);

#endif
