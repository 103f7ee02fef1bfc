import { describe, expect, it } from 'vitest';
import { FailureNotes, Troubles } from '../../local/troubles.ts';
import { silentLogger } from '../../vectorlog/logger.ts';

describe('Troubles', () => {
  it('says when a trouble begins and when it is over, once each', () => {
    const lines: string[] = [];
    const troubles = new Troubles({ ...silentLogger, warn: (message) => void lines.push(message) });

    troubles.begin('indexing-failing', '1 change failed');
    troubles.begin('indexing-failing', '2 changes failed');
    expect(troubles.all).toEqual([{ code: 'indexing-failing', message: '2 changes failed' }]);
    troubles.end('indexing-failing', 'all is well');
    troubles.end('indexing-failing', 'all is well');

    expect(lines).toEqual(['1 change failed', 'all is well']);
    expect(troubles.all).toEqual([]);
  });
});

describe('FailureNotes', () => {
  it('keeps the reason of the last failure in place of a line for each', () => {
    const lines: string[] = [];
    const notes = new FailureNotes({ ...silentLogger, warn: (message) => void lines.push(message) });

    notes.warn('a message failed', { error: new Error('no space left on device') });

    expect(lines).toEqual([]);
    expect(notes.last).toBe('no space left on device');
  });
});
