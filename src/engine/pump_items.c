/*
 * pump_items.c - episodes that executors have: from a token to its instance, for answers that come
 * later.
 */
#include <stdlib.h>

#include "engine/engine_int.h"

enum { PLACE_BITS = 24 };

static void grow(th_items *items)
{
    size_t old = items->cap;
    items->cap = old ? old * 2 : 64;
    items->insts = th_realloc(items->insts, items->cap * sizeof *items->insts);
    items->uses = th_realloc(items->uses, items->cap * sizeof *items->uses);
    items->free_places = th_realloc(items->free_places, items->cap * sizeof *items->free_places);
    for (size_t i = items->cap; i-- > old;) {
        items->insts[i] = NULL;
        items->uses[i] = 0;
        items->free_places[items->free_count++] = (uint32_t)i;
    }
}

uint64_t th__item_out(th_pump *pump, th_inst *inst)
{
    th_items *items = &pump->items;
    if (!items->free_count)
        grow(items);
    uint32_t place = items->free_places[--items->free_count];
    items->insts[place] = inst;
    items->uses[place]++;
    ++*(inst->ent ? &pump->entities_out : &pump->running);
    inst->token = (items->uses[place] << PLACE_BITS) | place;
    return inst->token;
}

th_inst *th__item_find(const th_pump *pump, uint64_t token)
{
    uint64_t place = token & ((1u << PLACE_BITS) - 1);
    if (place >= pump->items.cap || pump->items.uses[place] != token >> PLACE_BITS)
        return NULL;
    return pump->items.insts[place];
}

void th__item_back(th_pump *pump, th_inst *inst)
{
    uint64_t place = inst->token & ((1u << PLACE_BITS) - 1);
    if (!th__item_find(pump, inst->token))
        return;
    pump->items.insts[place] = NULL;
    pump->items.free_places[pump->items.free_count++] = (uint32_t)place;
    --*(inst->ent ? &pump->entities_out : &pump->running);
}

void th__items_free(th_items *items)
{
    free(items->insts);
    free(items->uses);
    free(items->free_places);
    *items = (th_items){ 0 };
}
