"""Cholesky factors of sparse matrices that share one pattern, by MUMPS: ordered once, factorised often.

(Amestoy, Duff, L'Excellent & Koster, SIAM J. Matrix Anal. Appl. 23 (2001) 15: MUMPS; not checked.) Without columns
to condense it needs half the work and memory of `dissection`, as it orders by the graph instead of by planes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .errors import EnvironmentProblem, NotConvergedError

try:
    import petsc4py.PETSc
except ImportError as missing:  # pragma: no cover - depends on the machine
    raise EnvironmentProblem(
        f"PETSc is not importable ({missing}). Run the command through `env/run`, which makes the environment."
    ) from missing

PETSc: Any = petsc4py.PETSc
Array = NDArray[np.float64]

PORD = 4
"""MUMPS' own ordering, there in every build."""

AMD, TINY = 0, 1000
"""Approximate minimum degree, for matrices up to this size: PORD has been seen to end the process on 63 unknowns."""


class Cholesky:
    """Factors of symmetric positive definite matrices whose entries lie within one pattern."""

    def __init__(self, *patterns: sp.csr_matrix):
        """patterns (n, n): a matrix to be factorised has entries only where one of them has some, zero or not."""
        ones = [_ones(p) for p in patterns]
        self._pattern = sp.csr_matrix(sum(ones[1:], ones[0]))
        self._pattern.sort_indices()
        self._number = self._pattern.copy()
        self._number.data = np.arange(1.0, self._pattern.nnz + 1)
        n = self.size = int(self._pattern.shape[0])
        kind = PETSc.IntType
        self._rows = self._pattern.indptr.astype(kind), self._pattern.indices.astype(kind)
        self._matrix = PETSc.Mat().createAIJ(
            (n, n), csr=(*self._rows, self._pattern.data), comm=PETSc.COMM_SELF
        )
        self._matrix.setOption(PETSc.Mat.Option.SPD, True)
        self._solver = PETSc.PC().create(comm=PETSc.COMM_SELF)
        self._solver.setOperators(self._matrix)
        self._solver.setType("cholesky")
        self._solver.setFactorSolverType("mumps")
        self._solver.setFactorSetUpSolverType()
        self._solver.getFactorMatrix().setMumpsIcntl(7, PORD if n > TINY else AMD)

    def factorise(self, matrix: sp.csr_matrix) -> bool:
        """Factorise; False, and nothing done, where the matrix has entries outside the pattern.

        Raises NotConvergedError when it is not positive definite.
        """
        number = _ones(matrix).multiply(self._number).tocsr()
        if number.nnz != matrix.nnz:
            return False
        number.sort_indices()
        matrix.sort_indices()
        data = np.zeros(self._pattern.nnz)
        data[number.data.astype(np.int64) - 1] = matrix.data
        self._matrix.setValuesCSR(*self._rows, data)
        self._matrix.assemble()
        self._solver.setOperators(self._matrix)
        self._solver.setUp()
        factor = self._solver.getFactorMatrix()
        failed, negative = factor.getMumpsInfog(1), factor.getMumpsInfog(12)
        if failed < 0 or negative:
            raise NotConvergedError(
                f"a stiffness is not positive definite ({negative} of {len(matrix.indptr) - 1} directions give way, "
                f"MUMPS {failed}): rubber under this load has lost its stability, or a body is not held"
            )
        return True

    def wider(self, matrix: sp.csr_matrix) -> Cholesky:
        """One whose pattern holds that of a matrix too."""
        return Cholesky(self._pattern, matrix)

    def solve(self, f: Array) -> Array:
        """Solution u (n,) or (n, k) of K u = f."""
        f = np.asfortranarray(f, dtype=float)
        out = np.empty_like(f)
        if f.ndim == 1:
            right, left = (PETSc.Vec().createWithArray(a, comm=PETSc.COMM_SELF) for a in (f, out))
            self._solver.apply(right, left)
        elif f.size:
            right, left = (PETSc.Mat().createDense(f.shape, array=a, comm=PETSc.COMM_SELF) for a in (f, out))
            self._solver.getFactorMatrix().matSolve(right, left)
        return out


def _ones(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """The pattern of a matrix, stored zeros included."""
    matrix.sum_duplicates()
    return sp.csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
