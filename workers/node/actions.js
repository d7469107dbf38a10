'use strict';
// What an orchestrator has asked for, as its SDK lists it. A task that stands in two compound tasks (Task.any in a loop over
// what is left) is listed in both by the SDK, which counts it once. The host counts what is listed, and gets it once.

const LABEL = '$OutOfProcData$:';

function once(actions, seen) {
    const kept = [];
    for (const action of actions) {
        if (seen.has(action)) continue;
        seen.add(action);
        const isCompound = Array.isArray(action.compoundActions);
        kept.push(isCompound ? { ...action, compoundActions: once(action.compoundActions, seen) } : action);
    }
    return kept;
}

// The list of an orchestrator's invocation; null: it was none of the SDK's.
function listOf(context) {
    const executor = context.df && context.df.taskOrchestratorExecutor;
    return executor && Array.isArray(executor.actions) ? [once(executor.actions, new Set())] : null;
}

// In the answer of an orchestrator.
function tidyState(context, state) {
    const actions = state && Array.isArray(state.actions) ? listOf(context) : null;
    if (actions) state.actions = actions;
}

// In the message of an orchestrator that failed.
function tidyFailure(context, error) {
    const at = error.message.indexOf(LABEL);
    const actions = at >= 0 ? listOf(context) : null;
    if (!actions) return;
    const state = JSON.parse(error.message.slice(at + LABEL.length));
    error.message = error.message.slice(0, at + LABEL.length) + JSON.stringify({ ...state, actions });
}

module.exports = { tidyFailure, tidyState };
