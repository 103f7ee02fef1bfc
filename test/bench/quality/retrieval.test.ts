/** The measure of retrieval against values computed by hand, and the page that is made of it. */

import { expect, test } from 'vitest';
import { meanOf, qualityPage } from '../../../bench/quality/page.ts';
import { measureTask } from '../../../bench/quality/retrieval.ts';
import { type Task, tasksHere } from '../../../bench/quality/tasks.ts';
import { DIMENSIONS } from '../../../pictures/dimensions.ts';

/** A unit vector at an angle, in degrees. */
const at = (degrees: number) => {
  const vector = new Float32Array(DIMENSIONS);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
};

const source = { name: 'x', kind: 'photo', family: 'x', read: async () => new Uint8Array() } as const;
const task = (...classes: (string | undefined)[]): Task => ({
  name: 'angles',
  pictures: classes.map((of) => ({ source, of })),
});

test('average precision is that of the ranking of all others', () => {
  // From 10: b, a. From 30: b first. From 20 (b) nothing of its class: it is no query.
  const { plain } = measureTask(task('a', 'b', 'a'), [at(10), at(20), at(30)]);
  expect(plain).toEqual({ mAP: 50, p1: 0, p5: 100, queries: 2 });
  const right = measureTask(task('a', 'a', undefined), [at(10), at(12), at(80)]);
  expect(right.plain).toEqual({ mAP: 100, p1: 100, p5: 100, queries: 2 });
  // Pictures without a class are no class.
  expect(measureTask(task(undefined, undefined), [at(1), at(2)]).plain.queries).toBe(0);
});

test('the page names models, tasks and the way to measure them again', () => {
  const tasks = [measureTask(task('a', 'a', 'b'), [at(10), at(12), at(80)])];
  const model = { modelId: 'some-12345678', synthetic: false, pool: 'gem3', crop: 'center224', seconds: 1 };
  const page = qualityPage(
    [{ ...model, retrieval: { mean: meanOf(tasks), tasks } }],
    'a machine',
    'npm run x',
  );
  expect(page).toContain('Made by `npm run x`');
  expect(page).toContain('a machine');
  expect(page).toMatch(/\| some-12345678 \| gem3 \| center224 \| 100\.0 \| 100\.0 \| 100\.0 \|/);
  expect(page).toMatch(/\| angles \| 2 \| 100\.0 \/ /);
});

test('the page says what part of the missing precision centered scores give', () => {
  const scores = (mAP: number) => ({ mAP, p1: mAP, p5: mAP, queries: 2 });
  const pageOf = (plain: number, centered: number): string => {
    const mean = { name: 'a task', plain: scores(plain), centered: scores(centered) };
    const model = {
      modelId: 'some-12345678',
      synthetic: false,
      pool: 'average',
      crop: 'center224',
      seconds: 1,
    };
    return qualityPage([{ ...model, retrieval: { mean, tasks: [mean] } }], 'a machine', 'npm run x');
  };

  // 5 of the 20 points that are missing.
  expect(pageOf(80, 85)).toContain('here it is 25 %.');
  expect(pageOf(100, 100)).toContain('here it is 0 %.');
});

test('there are tasks on every machine, each with classes of several pictures', async () => {
  const tasks = await tasksHere([], 3);
  expect(tasks.length).toBeGreaterThanOrEqual(3);
  for (const { pictures } of tasks) {
    const sizes = new Map<string, number>();
    for (const { of } of pictures) if (of !== undefined) sizes.set(of, (sizes.get(of) ?? 0) + 1);
    expect(sizes.size).toBeGreaterThanOrEqual(3);
    for (const size of sizes.values()) expect(size).toBeGreaterThanOrEqual(2);
  }
});
