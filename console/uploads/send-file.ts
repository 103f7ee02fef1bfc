/** Sends one file to where the API says; by XMLHttpRequest, since fetch does not tell how much has gone out. */

import type { UploadTarget } from '../../client/index.ts';
import { saysStalled } from '../../client/problem-error.ts';
import { UploadRefused } from './upload-queue.ts';

/** Answers that another try would only get again, but for that to a connection that has stalled. */
const FINAL = new Set([400, 411, 413, 415]);

/**
 * @throws UploadRefused when the store will never take the file, Error when it might
 */
export function sendFile(
  target: UploadTarget,
  file: File,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(target.method, target.url);
    request.upload.onprogress = ({ loaded }) => onSent(Math.min(loaded, file.size));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else if (FINAL.has(request.status) && !saysStalled(request.responseText))
        reject(new UploadRefused(reasonIn(request)));
      else reject(new Error(reasonIn(request)));
    };
    signal.addEventListener('abort', () => request.abort());
    request.onabort = () => reject(new Error('It was stopped.'));
    request.onerror = () => reject(new Error('The connection broke.'));
    if (target.method === 'PUT') {
      for (const [name, value] of Object.entries(target.headers ?? {})) request.setRequestHeader(name, value);
      request.send(file);
    } else {
      const form = new FormData();
      for (const [name, value] of Object.entries(target.fields ?? {})) form.append(name, value);
      form.append('file', file);
      request.send(form);
    }
  });
}

/** What a problem document or S3's XML says, or else the bare status. */
function reasonIn({ responseText, status }: XMLHttpRequest): string {
  const xml = /<Message>([^<]+)<\/Message>/.exec(responseText)?.[1];
  if (xml) return xml;
  try {
    const { detail, title } = JSON.parse(responseText) as { detail?: string; title?: string };
    if (detail || title) return detail ?? title ?? '';
  } catch {
    // Not a problem document.
  }
  return `The store answered with status ${status}.`;
}
