import { preferredAssignor } from './assignor-choice.js';
import { decide } from './group-decisions.js';
import { circumstances, NO_GROUP, report } from './group.cases.js';

const asking = (...names: readonly string[]) => names.map((assignor) => ({ assignor }));

describe('the assignor of a group', () => {
  it.each([
    ['what most ask for', asking('range', 'uniform', 'range'), 'range'],
    ['of equally many the first by name', asking('uniform', 'range'), 'range'],
    ['what a lone member asks for', asking('mine'), 'mine'],
  ])('is %s', (_which, members, name) => {
    expect(preferredAssignor(members)).toBe(name);
  });

  it('must be known to whoever decides', () => {
    const unknown = () => decide(NO_GROUP, report('a', 0, [], ['t'], { assignor: 'mine' }), circumstances());
    expect(unknown).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_ASSIGNOR' }) as Error);
  });
});
