/** A state space to walk through, breadth first. */
export interface Space<State> {
  readonly initial: State;
  /** What may happen next, each with the state after it. */
  readonly next: (state: State) => readonly { readonly action: string; readonly state: State }[];
  /** Equal for states that need not be told apart. */
  readonly key: (state: State) => string;
  /** What is wrong, if anything. */
  readonly violation: (state: State, before: State) => string | undefined;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Steps to the farthest state. */
  readonly depth: number;
  /** The shortest way to something that must never be. */
  readonly found: { readonly violation: string; readonly actions: readonly string[] } | undefined;
  /** Whether every state within the bounds was seen. */
  readonly isComplete: boolean;
}

interface Step {
  readonly action: string;
  readonly from: Step | undefined;
}

/** Visits every state, or stops at the first violation, or at `mostStates`. */
export function explore<State>(space: Space<State>, mostStates: number): Exploration {
  const seen = new Set([space.key(space.initial)]);
  let level: { readonly state: State; readonly step: Step | undefined }[] = [{ state: space.initial, step: undefined }];
  let transitions = 0;
  let depth = 0;
  const answer = (found?: Exploration['found'], isComplete = false): Exploration => ({
    states: seen.size,
    transitions,
    depth,
    found,
    isComplete,
  });
  while (level.length > 0) {
    const following: typeof level = [];
    for (const { state, step } of level) {
      for (const { action, state: after } of space.next(state)) {
        transitions += 1;
        const key = space.key(after);
        if (seen.has(key)) continue;
        seen.add(key);
        const reached = { action, from: step };
        const violation = space.violation(after, state);
        if (violation !== undefined) return answer({ violation, actions: pathOf(reached) });
        if (seen.size >= mostStates) return answer();
        following.push({ state: after, step: reached });
      }
    }
    level = following;
    if (level.length > 0) depth += 1;
  }
  return answer(undefined, true);
}

function pathOf(step: Step | undefined): readonly string[] {
  const actions: string[] = [];
  for (let at = step; at !== undefined; at = at.from) actions.unshift(at.action);
  return actions;
}
