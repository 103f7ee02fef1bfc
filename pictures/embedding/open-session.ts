/** Opens a model in onnxruntime: the one door, so that it is shut to telemetry. */

import { InferenceSession } from 'onnxruntime-node';

/**
 * onnxruntime 1.30 reports usage to its maker over the network unless this variable is set when its first session is
 * created. Pictures and what is done with them are nobody else's business.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';

/** @param model the path of an ONNX file, or its bytes */
export const openSession = (
  model: string | Uint8Array,
  options?: InferenceSession.SessionOptions,
): Promise<InferenceSession> =>
  typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);
