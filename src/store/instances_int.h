/*
 * instances_int.h - how the rows of taskhub.instances become a th_instance.
 */
#ifndef TH_STORE_INSTANCES_INT_H
#define TH_STORE_INSTANCES_INT_H

#include <libpq-fe.h>

#include "base/ids.h"
#include "store/instances.h"

#define TH__INSTANCE_COLUMNS 15

/*
 * Reads the columns instance_id, name, version, execution_id, status, input, output, failure,
 * custom_status, tags, parent_instance_id, created_at, updated_at, completed_at, priority from
 * column first on, in binary. The texts are those of res; execution_id is written into the given
 * place.
 */
void th__instance_read(const PGresult *res, int row, int first, char execution_id[TH_UUID_TEXT],
                       th_instance *out);

#endif
