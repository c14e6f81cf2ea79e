"""Answers, line by line, with the extreme eigenvalues of a normalised Laplacian and the time they took.

In:  {"size": n, "from": [...], "to": [...], "rateRps": [...]}   a graph; everything about it is prepared now
     {"solve": "eigvalsh"}   numpy.linalg.eigvalsh of the dense matrix
     {"solve": "eigsh"}      scipy.sparse.linalg.eigsh, k = 1, the null vector shifted out of the way
     {"solve": "looseEigsh"} the same, asked for no more than the bound that Capmesh keeps to
Out: {"ms": ..., "lambda1": ..., "lambdaMax": ... or null}
"""

import json
import sys
import time

import numpy
import scipy.sparse
import scipy.sparse.linalg

# Eigenvalues lie in [0, 2]; what is shifted by more is no longer the smallest.
SHIFT = 3
# Of the size of the eigenvalue, where Capmesh keeps to 1e-6 absolute.
LOOSE = 1e-6


class Graph:
    def __init__(self, size, sources, targets, rates):
        calls = scipy.sparse.csr_matrix((rates, (sources, targets)), shape=(size, size))
        weights = (calls + calls.T).tocsr()
        degrees = numpy.asarray(weights.sum(axis=1)).ravel()
        scale = scipy.sparse.diags(1 / numpy.sqrt(degrees))
        self.laplacian = (scipy.sparse.identity(size) - scale @ weights @ scale).tocsr()
        self.dense = self.laplacian.toarray()
        self.null = numpy.sqrt(degrees / degrees.sum())
        self.start = numpy.random.default_rng(1).standard_normal(size)

    def eigvalsh(self):
        values = numpy.linalg.eigvalsh(self.dense)
        return values[values > 1e-9][0], values[-1]

    def eigsh(self, tolerance=0):
        laplacian, null = self.laplacian, self.null
        deflated = scipy.sparse.linalg.LinearOperator(
            laplacian.shape, matvec=lambda v: laplacian @ v + SHIFT * null * (null @ v), dtype=float
        )
        values = scipy.sparse.linalg.eigsh(
            deflated, k=1, which="SA", tol=tolerance, v0=self.start, return_eigenvectors=False
        )
        return values[0], None

    def looseEigsh(self):
        return self.eigsh(LOOSE)


def main():
    graph = None
    for line in sys.stdin:
        request = json.loads(line)
        if "solve" not in request:
            graph = Graph(request["size"], request["from"], request["to"], request["rateRps"])
            answer = {"versions": [numpy.__version__, scipy.__version__]}
        else:
            start = time.perf_counter()
            lambda1, lambda_max = getattr(graph, request["solve"])()
            answer = {"ms": 1000 * (time.perf_counter() - start), "lambda1": lambda1, "lambdaMax": lambda_max}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
