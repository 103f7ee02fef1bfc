"""FAISS as Debian builds it: reads an index, then answers each line of standard input (a file of queries) with one of JSON."""

import json
import sys
import time

import faiss
import numpy

index = faiss.read_index(sys.argv[1])
k = int(sys.argv[2])
print(json.dumps({"rows": index.ntotal}), flush=True)
for line in sys.stdin:
    queries = numpy.fromfile(line.strip(), dtype="<f4").reshape(-1, index.d)
    start = time.perf_counter()
    _, labels = index.search(queries, k)
    ms = (time.perf_counter() - start) * 1000
    print(json.dumps({"ms": ms, "rows": labels.tolist()}), flush=True)
